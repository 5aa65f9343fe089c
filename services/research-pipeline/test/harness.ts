import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityKeys, signIdentity, type CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, testStore, type TestDatabase } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { startResearchPipeline } from '../src/app/app.ts';
import { readConfig, type Config } from '../src/app/config.ts';
import type { Schema } from '../src/app/schema.ts';

const audience = 'research-pipeline';
const secrets = [audience, 'gateway', 'alerting', 'chat-router']
  .map((name) => `${name}:k1:${randomBytes(32).toString('base64url')}`)
  .join(',');
export const identityKeys = IdentityKeys.parse(secrets);

/** Every service of a test file sees the same files, as replicas must. */
const filesFolder = mkdtempSync(join(tmpdir(), 'signalbox-files-'));
process.on('exit', () => {
  rmSync(filesFolder, { recursive: true, force: true });
});

export interface LogLine {
  level: string;
  event: string;
  [field: string]: unknown;
}

export interface TestService extends AsyncDisposable {
  url: string;
  adminUrl: string;
  database: TestDatabase;
  /** A connection of the test's own. */
  db: Database<Schema>;
  log: LogLine[];
  caller: CallerIdentity;
  /** Sends a request with the signed identity of `caller`, or of another one. */
  fetch(path: string, init?: RequestInit, caller?: CallerIdentity): Promise<Response>;
  /** Sends JSON by POST, and reads JSON. */
  post(path: string, body: unknown, init?: RequestInit & { caller?: CallerIdentity }): Promise<JsonAnswer>;
  get(path: string, caller?: CallerIdentity): Promise<JsonAnswer>;
  /** Rows of a statement, as a superuser sees them. */
  query<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Ends the service alone; what a test looks at afterwards stays. */
  stop(): Promise<void>;
}

export interface JsonAnswer {
  status: number;
  headers: Headers;
  // What an answer holds is what each test asserts.
  body: Record<string, unknown>;
}

export interface TestServiceOptions {
  config?: Partial<Config>;
  /** Of all keys in Redis: services with the same one are replicas. */
  prefix?: string;
  database?: TestDatabase;
  redisQueueUrl?: string;
}

export function aCaller(overrides: Partial<CallerIdentity['principal']> = {}): CallerIdentity {
  return {
    principal: {
      kind: 'api_key',
      principalId: newId('key'),
      tenantId: newId('tenant'),
      scopes: ['research:read', 'research:write'],
      ...overrides,
    },
    requestId: newId('req'),
  };
}

/** The environment of a service on stores of the test run. */
export function testEnvironment(databaseUrl: string): Record<string, string> {
  return {
    PORT: '0',
    ADMIN_PORT: '0',
    DATABASE_URL: databaseUrl,
    REDIS_QUEUE_URL: testStore('SIGNALBOX_TEST_REDIS_URL'),
    IDENTITY_KEYS: secrets,
    SHUTDOWN_GRACE_MS: '5000',
    STORAGE_FOLDER: filesFolder,
    CHAT_ROUTER_URL: 'http://127.0.0.1:9',
  };
}

/** The settings of a service on stores of the test run. */
export function testConfig(databaseUrl: string, overrides: Partial<Config> = {}): Config {
  return { ...readConfig(testEnvironment(databaseUrl)), ...overrides };
}

/** A whole research-pipeline with a database of its own. */
export async function startTestService(options: TestServiceOptions = {}): Promise<TestService> {
  const owned = new AsyncDisposableStack();
  const database = options.database ?? owned.use(await createTestDatabase({ service: audience, migrations }));
  const log: LogLine[] = [];
  const logger = createLogger({
    service: audience,
    write: (line) => {
      log.push(JSON.parse(line) as LogLine);
    },
  });
  const superuser = owned.use(openDatabase({ url: database.superuserUrl, applicationName: 'test', logger }));
  const db = owned.use(openDatabase<Schema>({ url: database.url, applicationName: 'test', logger }));
  const service = owned.use(new AsyncDisposableStack());
  const redis = options.redisQueueUrl === undefined ? {} : { redisQueueUrl: options.redisQueueUrl };
  const running = await startResearchPipeline(testConfig(database.url, { ...redis, ...options.config }), {
    logger,
    owned: service,
    queuePrefix: options.prefix ?? `test-${randomBytes(6).toString('hex')}`,
  });

  const caller = aCaller();
  const fetchSigned: TestService['fetch'] = (path, init = {}, as = { ...caller, requestId: newId('req') }) =>
    fetch(running.url + path, {
      ...init,
      headers: {
        ...(init.headers as Record<string, string> | undefined),
        'x-signalbox-identity': signIdentity(identityKeys, { audience, method: init.method ?? 'GET', path }, as),
      },
    });
  const read = async (answer: Response): Promise<JsonAnswer> => {
    const text = await answer.text();
    return {
      status: answer.status,
      headers: answer.headers,
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    };
  };

  return {
    ...running,
    database,
    db,
    log,
    caller,
    fetch: fetchSigned,
    post: async (path, body, { caller: as, ...init } = {}) =>
      read(
        await fetchSigned(
          path,
          {
            method: 'POST',
            body: JSON.stringify(body),
            ...init,
            headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
          },
          as,
        ),
      ),
    get: async (path, as) => read(await fetchSigned(path, {}, as)),
    query: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await superuser.pool.query<Row>(text.replaceAll('@', 'research_pipeline.'), values)).rows,
    stop: () => service.disposeAsync(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
