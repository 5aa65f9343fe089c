import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareRoom, urlAs } from '@signalbox/local';
import { Kysely, PostgresDialect } from 'kysely';
import { Migrator, type Migration } from 'kysely/migration';
import pg from 'pg';
import { testStore } from './environment.ts';

export interface TestDatabase extends AsyncDisposable {
  name: string;
  /** As the role that the service runs as. */
  url: string;
  /** As the role that migrates. */
  ownerUrl: string;
  superuserUrl: string;
}

export interface CreateTestDatabaseOptions {
  /** As in `services/`: `gateway`, `chat-router`. */
  service: string;
  migrations: Readonly<Record<string, Migration>>;
}

const password = 'signalbox-test';

/**
 * A database of its own for one test file, with the service's roles, schema and migrations, as in production. It is
 * cloned from a template that is made once for these migrations, which takes about 0.1 s. Disposing drops it.
 */
export async function createTestDatabase({ service, migrations }: CreateTestDatabaseOptions): Promise<TestDatabase> {
  const superuserUrl = testStore('SIGNALBOX_TEST_POSTGRES_URL');
  const schema = service.replaceAll('-', '_');
  const name = `test_${schema}_${randomBytes(6).toString('hex')}`;
  await using admin = await connect(superuserUrl);
  const template = await ensureTemplate(admin.client, superuserUrl, schema, migrations);
  await admin.client.query(`CREATE DATABASE ${name} TEMPLATE ${template}`);
  // What is granted on a database itself is not cloned.
  await admin.client.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  await admin.client.query(`GRANT CONNECT ON DATABASE ${name} TO ${schema}_owner, ${schema}_app`);
  return {
    name,
    url: urlAs(superuserUrl, { user: `${schema}_app`, password }, name),
    ownerUrl: urlAs(superuserUrl, { user: `${schema}_owner`, password }, name),
    superuserUrl: databaseUrl(superuserUrl, name),
    async [Symbol.asyncDispose]() {
      await using last = await connect(superuserUrl);
      await last.client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

/** Makes the template unless it is there; others who want the same one wait for the first. */
async function ensureTemplate(
  admin: pg.Client,
  superuserUrl: string,
  schema: string,
  migrations: Readonly<Record<string, Migration>>,
): Promise<string> {
  const template = `template_${schema}_${fingerprint(migrations)}`;
  await admin.query(`SELECT pg_advisory_lock(hashtext('signalbox.test-kit'))`);
  try {
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (rowCount === 1) return template;
    const unfinished = `unfinished_${template}`;
    await admin.query(`DROP DATABASE IF EXISTS ${unfinished} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${unfinished}`);
    {
      await using room = await connect(databaseUrl(superuserUrl, unfinished));
      await prepareRoom(room.client, { schema, ownerPassword: password, appPassword: password });
    }
    await migrate(urlAs(superuserUrl, { user: `${schema}_owner`, password }, unfinished), schema, migrations);
    await admin.query(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
    return template;
  } finally {
    await admin.query(`SELECT pg_advisory_unlock(hashtext('signalbox.test-kit'))`);
  }
}

async function migrate(
  ownerUrl: string,
  schema: string,
  migrations: Readonly<Record<string, Migration>>,
): Promise<void> {
  await using db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: ownerUrl, max: 1 }) }),
  });
  const migrator = new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
    migrationTableSchema: schema,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results?.find((result) => result.status === 'Error')?.migrationName ?? 'before the first one';
    throw new Error(`Migration ${failed} failed.`, { cause: error });
  }
}

/**
 * Names what the migrations make. Their text tells all but what they call, and the one thing they call is the outbox of
 * `packages/postgres`: its files count too.
 */
function fingerprint(migrations: Readonly<Record<string, Migration>>): string {
  const hash = createHash('sha256');
  for (const [name, migration] of Object.entries(migrations)) {
    hash.update(name).update(migration.up.toString());
  }
  const postgres = join(import.meta.dirname, '..', '..', 'postgres', 'src');
  for (const file of readdirSync(postgres)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()) {
    hash.update(readFileSync(join(postgres, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function connect(url: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'test-kit',
    connectionTimeoutMillis: 10_000,
  });
  // A connection that is cut while idle (a test kills its server) is no news to anybody.
  client.on('error', () => undefined);
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
