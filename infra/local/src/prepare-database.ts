import pg from 'pg';
import { prepareRoom, urlAs } from './prepare-room.ts';
import { ensureSecret } from './secrets.ts';
import { schemaOf, type ServiceDefinition } from './services.ts';

const database = 'signalbox';

export interface PreparedDatabase {
  /** The superuser's, in the database that the mesh uses. */
  superuserUrl: string;
  /** The owner migrates, the app is what a service runs as. */
  urlFor: (service: ServiceDefinition, role: 'owner' | 'app') => string;
}

/**
 * Gives every service its roles and its schema, with the passwords in `secretsFolder`. In a Postgres of our own that is in
 * the database `signalbox`, in somebody else's in the one that its url names.
 */
export async function prepareDatabase(options: {
  postgresUrl: string;
  isOurs: boolean;
  services: readonly ServiceDefinition[];
  secretsFolder: string;
}): Promise<PreparedDatabase> {
  const { postgresUrl, isOurs, services, secretsFolder } = options;
  const superuserUrl = isOurs ? await ensureDatabase(postgresUrl) : postgresUrl;
  const password = (service: ServiceDefinition, role: 'owner' | 'app') =>
    ensureSecret(secretsFolder, `postgres-${schemaOf(service)}-${role}`);
  await using connection = await connect(superuserUrl);
  for (const service of services) {
    await prepareRoom(connection.client, {
      schema: schemaOf(service),
      ownerPassword: password(service, 'owner'),
      appPassword: password(service, 'app'),
    });
  }
  return {
    superuserUrl,
    urlFor: (service, role) =>
      urlAs(superuserUrl, { user: `${schemaOf(service)}_${role}`, password: password(service, role) }),
  };
}

async function ensureDatabase(postgresUrl: string): Promise<string> {
  await using connection = await connect(postgresUrl);
  const { rowCount } = await connection.client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
  if (rowCount === 0) await connection.client.query(`CREATE DATABASE ${database}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${database}`;
  return url.href;
}

async function connect(url: string): Promise<AsyncDisposable & { client: pg.Client }> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: 'signalbox-local',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const reason = error instanceof Error ? error.message || error.name : String(error);
    throw new Error(`Postgres at ${new URL(url).host} (DATABASE_URL) cannot be used: ${reason}.`, { cause: error });
  }
  return { client, [Symbol.asyncDispose]: () => client.end() };
}
