import { restore } from './restore.ts';
import { madeAtOf, newestCopy, readSettings } from './settings.ts';

const { url, vault, folder } = readSettings(process.env);
const file = process.argv[2] ?? (await newestCopy(folder));
const { tookMs, tables } = await restore({ url, vault, file });
for (const { table, rows, checksum } of tables) console.log(`${table}: ${String(rows)} rows, ${checksum}`);
console.log(
  JSON.stringify({ file, tables: tables.length, rpo_ms: Date.now() - madeAtOf(file).getTime(), rto_ms: tookMs }),
);
