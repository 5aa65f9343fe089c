import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { backUp } from './back-up.ts';
import { nameOfCopy, readSettings } from './settings.ts';

const { url, vault, folder } = readSettings(process.env);
await mkdir(folder, { recursive: true, mode: 0o700 });
const { tables, ...report } = await backUp({ url, vault, file: join(folder, nameOfCopy(new Date())) });
const rows = tables.reduce((sum, table) => sum + table.rows, 0);
console.log(JSON.stringify({ ...report, tables: tables.length, rows }));
