import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createRoutes, createService, errorHandler, exchangeOf, notFoundHandler, startServer } from '@signalbox/http';
import { IdentityKeys, TokenKeys } from '@signalbox/identity';
import { openDatabase, startOutboxRelay, type Database } from '@signalbox/postgres';
import { createQueues } from '@signalbox/queue';
import { openRedis } from '@signalbox/redis';
import { createLogger, createMetrics, type Metrics } from '@signalbox/telemetry';
import { createTestDatabase, testStore, waitFor, type TestDatabase } from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import { migrations } from '../migrations/index.ts';
import { openAccess, type Access } from '../src/app/access.ts';
import type { GatewaySchema } from '../src/app/schema.ts';
import { openOperators } from '../src/people/open-operators.ts';
import { createPasswords } from '../src/people/password.ts';

export const issuer = 'https://gateway.test';
export const signingPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const tokenKeys = TokenKeys.parse(
  JSON.stringify({ keys: [{ ...signingPair.privateKey.export({ format: 'jwk' }), kid: 'test-1' }] }),
);
/** As it stands in the environment of a process. */
export const identityKeysText = ['gateway', 'chat-router']
  .map((name) => `${name}:test:${randomBytes(32).toString('base64url')}`)
  .join(',');
export const identityKeys = IdentityKeys.parse(identityKeysText);

export interface Answer {
  status: number;
  headers: Headers;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test looks into whatever came
  body: any;
}

export interface CallOptions {
  key?: string | undefined;
  token?: string | undefined;
  body?: unknown;
  headers?: Record<string, string>;
}

/** One process of the gateway, as far as access goes: real HTTP, its own caches, its own connections. */
export interface Replica extends AsyncDisposable {
  url: string;
  access: Access;
  database: Database<GatewaySchema>;
  metrics: Metrics;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** The value of one series of the metrics; 0 while it is not there. */
  metric(series: string): Promise<number>;
}

export interface ReplicaOptions {
  redisUrl?: string;
  databaseUrl?: string;
  /** Null: it keeps no secrets. */
  vaultKeys?: VaultKeys | null;
}

export interface AccessHarness extends AsyncDisposable {
  database: TestDatabase;
  /** The first administrator's key: scope `*` of the operators' tenant. */
  adminKey: string;
  replica: Replica;
  startReplica(options?: ReplicaOptions): Promise<Replica>;
  /** Lets time pass for everything that asks the harness' clock. */
  passSeconds(seconds: number): void;
  now(): Date;
  /** Everything that was logged. */
  logged: string[];
  /** A new tenant with its key. */
  openTenant(name?: string): Promise<{ tenantId: string; key: string; keyId: string }>;
  /** A person of a tenant and their password. */
  addPerson(key: string, role: string): Promise<{ id: string; email: string; password: string }>;
  login(person: { email: string; password: string }): Promise<{ access_token: string; refresh_token: string }>;
}

export async function startAccessHarness(): Promise<AccessHarness> {
  const owned = new AsyncDisposableStack();
  const database = owned.use(await createTestDatabase({ service: 'gateway', migrations }));
  const queuePrefix = `access-${randomBytes(6).toString('hex')}`;
  const vaultSecret = randomBytes(32).toString('base64url');
  const logged: string[] = [];
  let aheadMs = 0;
  const now = (): Date => new Date(Date.now() + aheadMs);
  const logger = createLogger({ service: 'gateway', level: 'debug', write: (line) => logged.push(line) });

  async function startReplica({
    redisUrl = testStore('SIGNALBOX_TEST_REDIS_URL'),
    databaseUrl = database.url,
    vaultKeys = VaultKeys.parse(`test:${vaultSecret}`),
  }: ReplicaOptions = {}): Promise<Replica> {
    const parts = new AsyncDisposableStack();
    const queueRedisUrl = testStore('SIGNALBOX_TEST_REDIS_URL');
    const metrics = createMetrics({ service: 'gateway' });
    const own = parts.use(
      openDatabase<GatewaySchema>({ url: databaseUrl, applicationName: 'access-test', poolMax: 5, logger }),
    );
    const { redis } = parts.use(openRedis({ url: redisUrl, name: 'access-test', use: 'request', logger }));
    const queues = parts.use(
      createQueues({ redisUrl: queueRedisUrl, service: 'gateway', identityKeys, logger, metrics, prefix: queuePrefix }),
    );
    parts.use(
      startOutboxRelay({
        database: own,
        publish: (rows) => queues.publish(rows),
        takeSettled: () => queues.takeSettled(),
        logger,
        metrics,
      }),
    );
    const access = parts.use(
      openAccess({
        database: own,
        redis,
        redisUrl,
        queueRedisUrl,
        queuePrefix,
        identityKeys,
        tokenKeys,
        tokenIssuer: issuer,
        vaultKeys,
        addressOf: (request) => request.socket.remoteAddress ?? null,
        logger,
        metrics,
        passwords: createPasswords({ cost: { log2N: 10, r: 8, p: 1 } }),
        now,
      }),
    );
    const app = createService({ logger, metrics });
    access.mountRoutes(
      createRoutes({
        router: app,
        identify: async (request) => {
          const { requestId } = exchangeOf(request);
          const bearer = { headers: request.headers, url: request.originalUrl };
          const origin = { requestId, ip: request.socket.remoteAddress ?? null };
          return { principal: await access.authenticator.authenticate(bearer, origin), requestId };
        },
      }),
    );
    app.use(notFoundHandler());
    app.use(errorHandler(logger));
    const server = parts.use(await startServer({ app, host: '127.0.0.1', port: 0, logger, shutdownGraceMs: 1_000 }));
    return {
      url: server.url,
      access,
      database: own,
      metrics,
      call: (method, path, options) => call(server.url, method, path, options),
      metric: async (series) => {
        const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${series} `));
        return Number(line?.slice(series.length + 1) ?? 0);
      },
      [Symbol.asyncDispose]: () => parts.disposeAsync(),
    };
  }

  const replica = owned.use(await startReplica());
  const adminKey = (await openOperators(replica.database.db, now())) ?? '';

  let people = 0;
  let tenants = 0;

  return {
    database,
    adminKey,
    replica,
    startReplica,
    passSeconds: (seconds) => {
      aheadMs += seconds * 1_000;
    },
    now,
    logged,
    async openTenant(name) {
      tenants += 1;
      const body = { name: name ?? `Tenant ${String(tenants)}` };
      const answer = await replica.call('POST', '/api/v1/tenants', { key: adminKey, body });
      if (answer.status !== 201) throw new Error(logged.filter((line) => line.includes('"error"')).join('\n'));
      return { tenantId: answer.body.id, key: answer.body.api_key.key, keyId: answer.body.api_key.id };
    },
    async addPerson(key, role) {
      people += 1;
      const person = {
        email: `person-${String(people)}@example.test`,
        password: `battery horse ${String(people)} staple`,
      };
      const answer = await replica.call('POST', '/api/v1/users', { key, body: { ...person, role } });
      return { id: answer.body.id, ...person };
    },
    async login({ email, password }) {
      const answer = await replica.call('POST', '/api/v1/auth/login', { body: { email, password } });
      return answer.body;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function call(
  url: string,
  method: string,
  path: string,
  { key, token, body, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(key === undefined ? {} : { 'x-api-key': key }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

/** Waits until the audit shows an event of that action (about that target), as an administrator of the tenant sees it. */
export function auditedBy(
  replica: Replica,
  key: string,
  action: string,
  target?: string,
): Promise<Record<string, unknown>> {
  return waitFor(
    async () => {
      const { body } = await replica.call('GET', `/api/v1/audit-events?limit=100&action=${action}`, { key });
      const events = body.data as Record<string, unknown>[];
      return events.find((event) => target === undefined || event['target'] === target);
    },
    { what: `the audit of ${action}` },
  );
}
