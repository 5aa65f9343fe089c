import pg from 'pg';

/** A table with rows of its own, or a partitioned one that stands for its partitions. */
export interface Table {
  schema: string;
  name: string;
  columns: { name: string; type: string }[];
}

/** What a copy says of itself, before its rows. */
export interface Catalog {
  tables: Table[];
  partitions: { schema: string; name: string; parent: string; bound: string }[];
  sequences: { schema: string; name: string; value: string }[];
  /** The migrations that each schema has had. */
  migrations: Record<string, string[]>;
}

/** What is in a table: how many rows, and a sum over what they say, in whatever order they lie. */
export interface Contents {
  rows: number;
  checksum: string;
}

// Their rows say what was done to the schema, which restoring does not undo.
const bookkeeping = ['kysely_migration', 'kysely_migration_lock'];
const ours = `n.nspname || '_owner' = pg_get_userbyid(n.nspowner)`;

/** Texts that do not depend on who asks. */
export async function settle(client: pg.Client): Promise<void> {
  await client.query(`set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set extra_float_digits = 1;
    set bytea_output = 'hex'; set statement_timeout = 0; set search_path = pg_catalog`);
}

/** Reads what there is to copy: every schema that belongs to an owner of its own name. */
export async function readCatalog(client: pg.Client): Promise<Catalog> {
  const tables = await client.query<Table>(
    `select n.nspname as schema, c.relname as name,
       (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by a.attnum), '[]')
        from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where ${ours} and c.relkind in ('r', 'p') and not c.relispartition and not c.relname = any($1)
     order by 1, 2`,
    [bookkeeping],
  );
  const partitions = await client.query<Catalog['partitions'][number]>(
    `select n.nspname as schema, c.relname as name, p.relname as parent, pg_get_expr(c.relpartbound, c.oid) as bound
     from pg_class c join pg_namespace n on n.oid = c.relnamespace
     join pg_inherits i on i.inhrelid = c.oid join pg_class p on p.oid = i.inhparent
     where ${ours} and c.relispartition and c.relkind = 'r' order by 1, 2`,
  );
  const sequences = await client.query<Catalog['sequences'][number]>(
    `select schemaname as schema, sequencename as name, last_value::text as value
     from pg_sequences s join pg_namespace n on n.nspname = s.schemaname where ${ours} and last_value is not null order by 1, 2`,
  );
  const migrations: Record<string, string[]> = {};
  for (const schema of new Set(tables.rows.map((table) => table.schema))) {
    const { rows } = await client.query<{ name: string }>(
      `select name from ${pg.escapeIdentifier(schema)}.kysely_migration order by name`,
    );
    migrations[schema] = rows.map(({ name }) => name);
  }
  return { tables: tables.rows, partitions: partitions.rows, sequences: sequences.rows, migrations };
}

export function idOf({ schema, name }: { schema: string; name: string }): string {
  return `${pg.escapeIdentifier(schema)}.${pg.escapeIdentifier(name)}`;
}

export function columnsOf({ columns }: Table): string {
  return columns.map(({ name }) => pg.escapeIdentifier(name)).join(', ');
}

export async function readContents(client: pg.Client, table: Table): Promise<Contents> {
  const { rows } = await client.query<{ rows: string; checksum: string }>(
    `select count(*)::text as rows, coalesce(sum(('x' || substr(md5(row(${columnsOf(table)})::text), 1, 15))::bit(60)::bigint), 0)::text as checksum
     from ${idOf(table)}`,
  );
  return { rows: Number(rows[0]?.rows ?? 0), checksum: rows[0]?.checksum ?? '' };
}
