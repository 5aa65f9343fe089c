import { rehearse } from './rehearse.ts';
import { madeAtOf, newestCopy, readSettings } from './settings.ts';

const { url, vault, folder } = readSettings(process.env);
const file = process.argv[2] ?? (await newestCopy(folder));
const { tookMs, tables } = await rehearse({ url, vault, file });
const rows = tables.reduce((sum, table) => sum + table.rows, 0);
console.log(
  JSON.stringify({ file, tables: tables.length, rows, rpo_ms: Date.now() - madeAtOf(file).getTime(), rto_ms: tookMs }),
);
