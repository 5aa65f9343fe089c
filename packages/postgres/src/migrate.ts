import type { Logger } from '@signalbox/telemetry';
import { Kysely, PostgresAdapter, PostgresDialect, sql, type MigrationLockOptions } from 'kysely';
import { Migrator, type Migration, type MigrationResultSet } from 'kysely/migration';
import pg from 'pg';
import { isMissingTable } from './database-error.ts';

/** A service's migrations by name (`0001-…`), in the order of their names. */
export type Migrations = Readonly<Record<string, Migration>>;

export interface MigrateOptions {
  /** The URL of the role that owns the schema; direct, not through a transaction pooler (the lock is a session's). */
  url: string;
  schema: string;
  migrations: Migrations;
  logger: Logger;
}

export interface MigrationState {
  name: string;
  executedAt: Date | null;
}

/** Brings the schema to the newest migration; nothing happens when it is there. Several at once take turns. */
export async function migrateToLatest(options: MigrateOptions): Promise<void> {
  await withMigrator(options, async (migrator, db) => {
    report(await migrator.migrateToLatest(), options);
    await protectHistory(db, options.schema);
  });
}

/** Takes the last migration back. */
export async function migrateDown(options: MigrateOptions): Promise<void> {
  await withMigrator(options, async (migrator) => {
    report(await migrator.migrateDown(), options);
  });
}

export async function migrationStatus(options: Omit<MigrateOptions, 'logger'>): Promise<MigrationState[]> {
  return withMigrator(options, async (migrator) => {
    const known = await migrator.getMigrations();
    return known.map(({ name, executedAt }) => ({ name, executedAt: executedAt ?? null }));
  });
}

/**
 * Rejects with a sentence that names what is missing when the schema is behind these migrations. A schema that is ahead
 * is fine: during a rollout the old version runs on the new schema.
 */
export async function assertMigrated<Schema>(db: Kysely<Schema>, migrations: Migrations): Promise<void> {
  const applied = await appliedMigrations(db);
  const missing = Object.keys(migrations).filter((name) => !applied.has(name));
  if (missing.length > 0) {
    throw new Error(`The database lacks ${missing.sort().join(', ')}: run this service's migrations first.`);
  }
}

async function appliedMigrations<Schema>(db: Kysely<Schema>): Promise<Set<string>> {
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    return new Set(rows.map(({ name }) => name));
  } catch (thrown) {
    if (isMissingTable(thrown)) return new Set();
    throw thrown;
  }
}

/** kysely gives every service of a database the same lock; two schemas need not wait for each other. */
class SchemaLockAdapter extends PostgresAdapter {
  readonly #schema: string;

  constructor(schema: string) {
    super();
    this.#schema = schema;
  }

  // Who waits here waits for a whole migration, so the connection's own lock timeout must not end it.
  override async acquireMigrationLock<Schema>(db: Kysely<Schema>, _options: MigrationLockOptions): Promise<void> {
    await sql`
      with patience as materialized (select set_config('lock_timeout', '10min', true))
      select pg_advisory_lock(hashtextextended(${lockName(this.#schema)}, 0)) from patience`.execute(db);
  }

  override async releaseMigrationLock<Schema>(db: Kysely<Schema>, _options: MigrationLockOptions): Promise<void> {
    await sql`select pg_advisory_unlock(hashtextextended(${lockName(this.#schema)}, 0))`.execute(db);
  }
}

class SchemaLockDialect extends PostgresDialect {
  readonly #schema: string;

  constructor(schema: string, pool: pg.Pool) {
    super({ pool });
    this.#schema = schema;
  }

  override createAdapter(): PostgresAdapter {
    return new SchemaLockAdapter(this.#schema);
  }
}

async function withMigrator<Result>(
  { url, schema, migrations }: Omit<MigrateOptions, 'logger'>,
  work: (migrator: Migrator, db: Kysely<unknown>) => Promise<Result>,
): Promise<Result> {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: `migrate ${schema}`,
    max: 2,
    connectionTimeoutMillis: 10_000,
    // A migration that cannot have its table soon gives up rather than hold the queries that line up behind it.
    lock_timeout: 10_000,
    options: `-c search_path=${schema}`,
  });
  // Whatever ends an idle connection shows again, with its cause, in the next statement.
  pool.on('error', () => undefined);
  const db = new Kysely<unknown>({ dialect: new SchemaLockDialect(schema, pool) });
  try {
    const provider = { getMigrations: () => Promise.resolve({ ...migrations }) };
    return await work(new Migrator({ db, provider, migrationTableSchema: schema }), db);
  } finally {
    await db.destroy();
  }
}

function report({ error, results = [] }: MigrationResultSet, { schema, logger }: MigrateOptions): void {
  for (const { migrationName, direction, status } of results) {
    logger.info('postgres.migrated', { schema, migration: migrationName, direction, status });
  }
  if (error !== undefined) throw new Error(`The migrations of ${schema} failed.`, { cause: error });
}

/** What was migrated is not for the application to write; it may read it, to know that it can start. */
async function protectHistory(db: Kysely<unknown>, schema: string): Promise<void> {
  const role = `${schema}_app`;
  const known = await sql`select 1 from pg_roles where rolname = ${role}`.execute(db);
  if (known.rows.length === 0) return;
  await db.transaction().execute(async (trx) => {
    // Two that start at once would trip over each other's grants.
    await sql`select pg_advisory_xact_lock(hashtextextended(${lockName(schema)}, 0))`.execute(trx);
    await sql`
      revoke insert, update, delete on kysely_migration, kysely_migration_lock from ${sql.id(role)}`.execute(trx);
  });
}

function lockName(schema: string): string {
  return `signalbox migrations of ${schema}`;
}
