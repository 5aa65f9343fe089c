import { createReadStream } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Vault } from '@signalbox/vault';
import pg from 'pg';
import { from as copyFrom, type CopyStreamQuery } from 'pg-copy-streams';
import {
  columnsOf,
  idOf,
  readCatalog,
  readContents,
  settle,
  type Catalog,
  type Contents,
  type Table,
} from './catalog.ts';
import { opening, UnreadableCopy } from './sealed-file.ts';

export interface RestoreReport {
  tookMs: number;
  tables: ({ table: string } & Contents)[];
}

export interface RestoreOptions {
  /** Of a superuser: rows come in whatever order, past triggers and foreign keys. */
  url: string;
  vault: Vault;
  file: string;
  /** `plain`: into an empty database, as tables without anything around them; to see whether a copy is whole. */
  into?: 'schemas' | 'plain';
}

/**
 * Puts a copy into a database that has the schemas (or none, for `plain`), in one transaction: at its end every table holds
 * as many rows, saying the same, as when the copy was made, or nothing was changed. What was in the tables is gone.
 */
export async function restore({ url, vault, file, into = 'schemas' }: RestoreOptions): Promise<RestoreReport> {
  const startedAt = performance.now();
  const client = new pg.Client({ connectionString: url, application_name: 'restore' });
  await client.connect();
  try {
    await settle(client);
    await client.query('begin');
    await client.query(`set local session_replication_role = 'replica'`);
    const tables = await load(client, linesOf(vault, file), into);
    await client.query('commit');
    return { tookMs: Math.round(performance.now() - startedAt), tables };
  } finally {
    // What was not committed is undone with the connection.
    await client.end();
  }
}

function linesOf(vault: Vault, file: string): AsyncIterable<string> {
  const opened = Readable.from(opening(vault, createReadStream(file)));
  const plain = createGunzip();
  opened.once('error', (error) => plain.destroy(error));
  return createInterface({ input: opened.pipe(plain), crlfDelay: Infinity });
}

async function load(
  client: pg.Client,
  lines: AsyncIterable<string>,
  into: 'schemas' | 'plain',
): Promise<RestoreReport['tables']> {
  const loaded: RestoreReport['tables'] = [];
  let catalog: Catalog | null = null;
  const now: { table: Table | null; rows: CopyStreamQuery | null } = { table: null, rows: null };
  for await (const line of lines) {
    const content = line.slice(1);
    switch (line.charAt(0)) {
      case 'C':
        catalog = JSON.parse(content) as Catalog;
        await (into === 'plain' ? makePlain(client, catalog) : makeRoom(client, catalog));
        break;
      case 'T': {
        const { schema, name } = JSON.parse(content) as { schema: string; name: string };
        const table = catalog?.tables.find((one) => one.schema === schema && one.name === name);
        if (table === undefined)
          throw new UnreadableCopy(`the copy has rows of ${schema}.${name} and does not say what it is`);
        now.table = table;
        now.rows = client.query(copyFrom(`copy ${idOf(table)} (${columnsOf(table)}) from stdin`));
        break;
      }
      case 'R':
        if (now.rows?.write(`${content}\n`) === false) await once(now.rows, 'drain');
        break;
      case 'E': {
        const { table, rows } = now;
        if (table === null || rows === null) throw new UnreadableCopy('the copy ends a table that it did not begin');
        rows.end();
        await once(rows, 'finish');
        loaded.push({ table: idOf(table), ...(await compare(client, table, JSON.parse(content) as Contents)) });
        break;
      }
      default:
        throw new UnreadableCopy('the copy has a line of another kind');
    }
  }
  if (catalog === null || loaded.length !== catalog.tables.length) throw new UnreadableCopy('the copy lacks tables');
  for (const { schema, name, value } of into === 'plain' ? [] : catalog.sequences) {
    await client.query('select setval($1::regclass, $2::bigint)', [idOf({ schema, name }), value]);
  }
  return loaded;
}

async function compare(client: pg.Client, table: Table, copied: Contents): Promise<Contents> {
  const found = await readContents(client, table);
  if (found.rows !== copied.rows || found.checksum !== copied.checksum) {
    throw new Error(
      `${idOf(table)} has ${found.rows} rows (${found.checksum}), the copy ${copied.rows} (${copied.checksum})`,
    );
  }
  return found;
}

/** The schemas must have had the copy's migrations at least: what came later only adds. */
async function makeRoom(client: pg.Client, { tables, partitions, migrations }: Catalog): Promise<void> {
  const here = await readCatalog(client);
  for (const [schema, wanted] of Object.entries(migrations)) {
    const missing = wanted.filter((name) => here.migrations[schema]?.includes(name) !== true);
    if (missing.length > 0) throw new Error(`migrate ${schema} first: it lacks ${missing.join(', ')}`);
  }
  const names = [...here.tables, ...tables].map(idOf);
  await client.query(`truncate ${[...new Set(names)].join(', ')}`);
  for (const { schema, name, parent, bound } of partitions) {
    if (here.partitions.some((one) => one.schema === schema && one.name === name)) continue;
    await client.query(
      `create table ${idOf({ schema, name })} partition of ${idOf({ schema, name: parent })} ${bound}`,
    );
    await client.query(`alter table ${idOf({ schema, name })} owner to ${pg.escapeIdentifier(`${schema}_owner`)}`);
  }
}

async function makePlain(client: pg.Client, { tables }: Catalog): Promise<void> {
  for (const schema of new Set(tables.map((table) => table.schema))) {
    await client.query(`create schema ${pg.escapeIdentifier(schema)}`);
  }
  for (const table of tables) {
    const columns = table.columns.map(({ name, type }) => `${pg.escapeIdentifier(name)} ${type}`);
    await client.query(`create table ${idOf(table)} (${columns.join(', ')})`);
  }
}
