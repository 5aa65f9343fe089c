import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Vault } from '@signalbox/vault';
import pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { columnsOf, idOf, readCatalog, readContents, settle, type Contents } from './catalog.ts';
import { sealing } from './sealed-file.ts';

/** What a copy holds, by table. */
export interface BackUpReport {
  file: string;
  madeAt: string;
  bytes: number;
  tookMs: number;
  tables: ({ table: string } & Contents)[];
}

export interface BackUpOptions {
  /** Of a superuser, or of a role that may read everything. */
  url: string;
  vault: Vault;
  file: string;
}

/**
 * Writes a copy of every schema of ours as it was at one moment, while the mesh goes on. The file is there when it is whole,
 * and not before.
 */
export async function backUp({ url, vault, file }: BackUpOptions): Promise<BackUpReport> {
  const startedAt = performance.now();
  const madeAt = new Date();
  const tables: BackUpReport['tables'] = [];
  const client = new pg.Client({ connectionString: url, application_name: 'back-up' });
  const unfinished = `${file}.unfinished`;
  await client.connect();
  try {
    await settle(client);
    await client.query('begin isolation level repeatable read, read only');
    const lines = dump(client, (table, contents) => tables.push({ table, ...contents }));
    await pipeline(
      Readable.from(lines),
      createGzip(),
      sealing(vault, madeAt),
      createWriteStream(unfinished, { mode: 0o600, flush: true }),
    );
    await client.query('commit');
    await rename(unfinished, file);
  } finally {
    await client.end();
    await rm(unfinished, { force: true });
  }
  const { size } = await stat(file);
  return { file, madeAt: madeAt.toISOString(), bytes: size, tookMs: Math.round(performance.now() - startedAt), tables };
}

/** One line each: `C` the catalog, `T` a table begins, `R` a row as COPY writes it, `E` the table ends and held this. */
async function* dump(client: pg.Client, tell: (table: string, contents: Contents) => void): AsyncGenerator<string> {
  const catalog = await readCatalog(client);
  yield `C${JSON.stringify(catalog)}\n`;
  for (const table of catalog.tables) {
    yield `T${JSON.stringify({ schema: table.schema, name: table.name })}\n`;
    const rows = client.query(copyTo(`copy (select ${columnsOf(table)} from ${idOf(table)}) to stdout`));
    for await (const row of createInterface({ input: rows, crlfDelay: Infinity })) yield `R${row}\n`;
    const contents = await readContents(client, table);
    yield `E${JSON.stringify(contents)}\n`;
    tell(idOf(table), contents);
  }
}
