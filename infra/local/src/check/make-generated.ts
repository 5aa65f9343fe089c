import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { allRoutes } from '@signalbox/contracts';
import { openApiDocument } from '@signalbox/http';
import { dumpSchema, migrateToLatest, type Migrations } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { dashboards, makeWatching } from '@signalbox/watching';
import pg from 'pg';
import * as prettier from 'prettier';
import { prepareRoom, urlAs } from '../prepare-room.ts';
import { startPostgres } from '../start-postgres.ts';
import { makeClientTypes } from './make-client-types.ts';
import type { RepositoryFile } from './repository-files.ts';

const password = 'check';

/**
 * Makes the files that are generated and committed, as the code makes them now: `openapi.json` of every service from the
 * contracts (the gateway's holds all of them), `schema.sql` from its migrations, on a Postgres that lives for this, the
 * SDK's types, and what Prometheus, Grafana and Kubernetes are given of what stands elsewhere.
 */
export async function makeGenerated(root: string, files: readonly RepositoryFile[]): Promise<RepositoryFile[]> {
  const services = files.flatMap(({ path }) => /^services\/([^/]+)\/package\.json$/.exec(path)?.[1] ?? []);
  const manifest = files.find(({ path }) => path === 'package.json')?.text ?? '{}';
  const { version } = JSON.parse(manifest) as { version: string };
  const writesItsOwn = (service: string): boolean => files.some(({ path }) => path === documentWriterOf(service));
  const written = services.filter(writesItsOwn).map((service) => writeOpenApi(root, service));
  const made = services.filter((service) => !writesItsOwn(service)).map((service) => makeOpenApi(service, version));
  const schemas = await makeSchemas(root, files, services);
  const watching = await Promise.all(makeWatching(files, dashboards).map((file) => formatted(root, file)));
  const own = [...watching, ...copyRooms(files), makeClientTypes(allRoutes)];
  return [...(await Promise.all(written)), ...made, ...schemas, ...own];
}

async function formatted(root: string, { path, text }: RepositoryFile): Promise<RepositoryFile> {
  const options = await prettier.resolveConfig(join(root, path), { config: join(root, '.config/prettier.json') });
  return { path, text: await prettier.format(text, { ...options, filepath: path }) };
}

/** A kustomization takes nothing from outside of its folder, so it has copies of what Compose runs. */
function copyRooms(files: readonly RepositoryFile[]): RepositoryFile[] {
  return ['infra/postgres/make-roles.sql', 'infra/local/sql/service-room.sql'].map((path) => ({
    path: `k8s/stores/postgres/rooms/${basename(path)}`,
    text: files.find((file) => file.path === path)?.text ?? '',
  }));
}

function documentWriterOf(service: string): string {
  return `services/${service}/src/documents/write-openapi.ts`;
}

/** Lets a service that says more than its contracts write its own document. */
async function writeOpenApi(root: string, service: string): Promise<RepositoryFile> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-check-'));
  try {
    const file = join(folder, 'openapi.json');
    const writer = join(root, documentWriterOf(service));
    await promisify(execFile)(process.execPath, ['--conditions=@signalbox/source', writer, file]);
    return { path: `services/${service}/openapi.json`, text: await readFile(file, 'utf8') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function makeOpenApi(service: string, version: string): RepositoryFile {
  const document = openApiDocument({
    routes: allRoutes.filter((route) => route.service === service),
    title: `Signalbox ${service}`,
    version,
  });
  return { path: `services/${service}/openapi.json`, text: `${JSON.stringify(document, null, 2)}\n` };
}

async function makeSchemas(
  root: string,
  files: readonly RepositoryFile[],
  services: readonly string[],
): Promise<RepositoryFile[]> {
  const migrated = services.filter((service) => files.some(({ path }) => path === migrationsOf(service)));
  if (migrated.length === 0) return [];
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-check-'));
  await using postgres = await startPostgres({
    folder,
    logFile: join(folder, 'postgres.log'),
    durable: false,
    keepData: false,
  });
  const schemas: RepositoryFile[] = [];
  for (const service of migrated) {
    const { migrations } = (await import(pathToFileURL(join(root, migrationsOf(service))).href)) as {
      migrations: Migrations;
    };
    const text = await makeSchema(postgres.url, service.replaceAll('-', '_'), migrations);
    schemas.push({ path: `services/${service}/schema.sql`, text });
  }
  return schemas;
}

function migrationsOf(service: string): string {
  return `services/${service}/migrations/index.ts`;
}

async function makeSchema(serverUrl: string, schema: string, migrations: Migrations): Promise<string> {
  const database = new URL(serverUrl);
  database.pathname = `/${schema}`;
  const identifier = pg.escapeIdentifier(schema);
  await withClient(serverUrl, (client) => client.query(`create database ${identifier}`));
  await withClient(database.href, (client) =>
    prepareRoom(client, { schema, ownerPassword: password, appPassword: password }),
  );
  await migrateToLatest({
    url: urlAs(database.href, { user: `${schema}_owner`, password }),
    schema,
    migrations,
    logger: createLogger({ service: 'check', level: 'error' }),
  });
  return dumpSchema(database.href, schema);
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await work(client).finally(() => client.end());
}
