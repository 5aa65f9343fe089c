import { randomBytes } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import type { UsageRecord } from '@signalbox/contracts';
import { IdentityKeys, signIdentity, type CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { openDatabase, type Database } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import {
  createTestDatabase,
  simulateProvider,
  testStore,
  type SimulatedProvider,
  type TestDatabase,
} from '@signalbox/test-kit';
import { VaultKeys } from '@signalbox/vault';
import OpenAI from 'openai';
import { migrations } from '../migrations/index.ts';
import { startChatRouter } from '../src/app/app.ts';
import type { Config } from '../src/app/config.ts';
import type { Schema } from '../src/app/schema.ts';
import { ProviderSettings } from '../src/providers/provider-settings.ts';
import { ResilienceSettings } from '../src/resilience/resilience-settings.ts';
import { toRecord } from '../src/usage/usage-store.ts';

export const audience = 'chat-router';
export const identityKeys = IdentityKeys.parse(
  [audience, 'gateway', 'monitoring-ingest', 'alerting']
    .map((name) => `${name}:k1:${randomBytes(32).toString('base64url')}`)
    .join(','),
);

export interface LogLine {
  level: string;
  event: string;
  request_id?: string;
  trace_id?: string;
  [field: string]: unknown;
}

export interface TestRouter extends AsyncDisposable {
  url: string;
  adminUrl: string;
  /** The provider `sim`, with the models `small` and `org/large`. */
  provider: SimulatedProvider;
  database: TestDatabase;
  /** A connection of the test's own. */
  db: Database<Schema>;
  log: LogLine[];
  caller: CallerIdentity;
  /** Sends a request with the signed identity of `caller`, or of another one. */
  fetch(path: string, init?: RequestInit, caller?: CallerIdentity): Promise<Response>;
  /** Asks for a completion. */
  ask(body: Record<string, unknown>, init?: RequestInit): Promise<Response>;
  /** The official client, pointed at the service. */
  openai(caller?: CallerIdentity): OpenAI;
  /** The ledger's rows of a request, straight from Postgres. */
  ledger(requestId?: string): Promise<UsageRecord[]>;
  /** Ends the service alone; what a test looks at afterwards stays. */
  stop(): Promise<void>;
}

export interface TestRouterOptions {
  config?: Partial<Config>;
  timeouts?: Partial<ProviderSettings['timeouts']>;
  breaker?: ProviderSettings['breaker'];
  /** Besides: nothing is repeated. */
  resilience?: Partial<ResilienceSettings>;
  /** Of all keys in Redis: routers with the same one are replicas. */
  prefix?: string;
  /** Besides `sim`. */
  providers?: { settings: Record<string, unknown>; apiKey: string | null }[];
  database?: TestDatabase;
  redisQueueUrl?: string;
  /** A base URL in place of the simulator's. */
  baseUrl?: string;
}

export function aCaller(overrides: Partial<CallerIdentity['principal']> = {}): CallerIdentity {
  return {
    principal: {
      kind: 'api_key',
      principalId: newId('key'),
      tenantId: newId('tenant'),
      scopes: ['chat:write', 'usage:read'],
      ...overrides,
    },
    requestId: newId('req'),
  };
}

/** A whole chat-router with a database of its own and one simulated provider. */
export async function startTestRouter(options: TestRouterOptions = {}): Promise<TestRouter> {
  const owned = new AsyncDisposableStack();
  const provider = owned.use(await simulateProvider());
  const database = options.database ?? owned.use(await createTestDatabase({ service: audience, migrations }));
  const log: LogLine[] = [];
  const logger = createLogger({
    service: audience,
    write: (line) => {
      log.push(JSON.parse(line) as LogLine);
    },
  });
  const db = owned.use(openDatabase<Schema>({ url: database.url, applicationName: 'test', logger }));
  const service = owned.use(new AsyncDisposableStack());
  const sim = {
    name: 'sim',
    kind: 'openai_compatible',
    base_url: options.baseUrl ?? provider.url,
    models: ['small', 'org/large'],
    timeouts: options.timeouts ?? {},
    // Most tests let calls fail one after the other, each for itself.
    breaker: options.breaker ?? { failures_max: 1_000 },
  };
  const running = await startChatRouter(
    {
      host: '127.0.0.1',
      port: 0,
      adminPort: 0,
      databaseUrl: database.url,
      redisQueueUrl: options.redisQueueUrl ?? testStore('SIGNALBOX_TEST_REDIS_URL'),
      redisCacheUrl: options.redisQueueUrl ?? testStore('SIGNALBOX_TEST_REDIS_URL'),
      redisTimeoutMs: 50,
      identityKeys,
      chromaUrl: null,
      semanticCache: null,
      aliases: {},
      resilience: ResilienceSettings.parse({ retries_max: 0, ...options.resilience }),
      vaultKeys: VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`),
      providers: [{ settings: sim, apiKey: 'sk-sim-secret' }, ...(options.providers ?? [])].map(
        ({ settings, apiKey }) => ({ settings: ProviderSettings.parse(settings), apiKey }),
      ),
      outboundAllow: ['127.0.0.0/8'],
      clientStalledMsMax: 60_000,
      shutdownGraceMs: 5_000,
      shutdownDelayMs: 0,
      logLevel: 'info',
      ...options.config,
    },
    { logger, owned: service, queuePrefix: options.prefix ?? `test-${randomBytes(6).toString('hex')}` },
  );

  const caller = aCaller();
  const signed = (method: string, target: string, as: CallerIdentity): Record<string, string> => ({
    'x-signalbox-identity': signIdentity(identityKeys, { audience, method, path: target }, as),
  });
  const fetchSigned: TestRouter['fetch'] = (path, init = {}, as = { ...caller, requestId: newId('req') }) =>
    fetch(running.url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), ...signed(init.method ?? 'GET', path, as) },
    });

  return {
    ...running,
    provider,
    database,
    db,
    log,
    caller,
    fetch: fetchSigned,
    ask: (body, init = {}) =>
      fetchSigned('/v1/chat/completions', {
        method: 'POST',
        body: JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Hello?' }], ...body }),
        ...init,
        headers: { 'content-type': 'application/json', ...(init.headers as Record<string, string> | undefined) },
      }),
    openai: (as) =>
      new OpenAI({
        baseURL: `${running.url}/v1`,
        apiKey: 'the-gateway-checks-keys',
        maxRetries: 0,
        fetch: (input, init) => {
          const { pathname, search } = new URL(input instanceof Request ? input.url : input);
          const headers = new Headers(init?.headers);
          for (const [name, value] of Object.entries(
            signed(init?.method ?? 'GET', pathname + search, { ...(as ?? caller), requestId: newId('req') }),
          )) {
            headers.set(name, value);
          }
          return fetch(input, { ...init, headers });
        },
      }),
    async ledger(requestId) {
      const rows = await db.db
        .selectFrom('usage_records')
        .selectAll()
        .$if(requestId !== undefined, (query) => query.where('request_id', '=', requestId ?? ''))
        .orderBy('id')
        .execute();
      return rows.map(toRecord);
    },
    stop: () => service.disposeAsync(),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The id that the service gave a request. */
export function requestIdOf(response: Response): string {
  return response.headers.get('x-request-id') ?? '';
}

/** The events of a stream: their data, parsed, and `[DONE]` as it is. */
export function eventsOf(text: string): unknown[] {
  return text
    .split('\n\n')
    .filter((event) => event.startsWith('data: '))
    .map((event) => (event === 'data: [DONE]' ? '[DONE]' : (JSON.parse(event.slice(6)) as unknown)));
}

/** The text that a stream's chunks make. */
export function textOf(events: readonly unknown[]): string {
  return events
    .map((event) => (event as { choices?: { delta?: { content?: string } }[] }).choices?.[0]?.delta?.content ?? '')
    .join('');
}

/** A client that shows its connection: it can leave it, or not read from it. */
export async function openRaw(
  router: TestRouter,
  body: Record<string, unknown>,
): Promise<{ response: Promise<IncomingMessage>; destroy(): void }> {
  const path = '/v1/chat/completions';
  const caller = { ...router.caller, requestId: newId('req') };
  const text = JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Hello?' }], ...body });
  const request = httpRequest(router.url + path, {
    method: 'POST',
    agent: new Agent(),
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      'x-signalbox-identity': signIdentity(identityKeys, { audience, method: 'POST', path }, caller),
    },
  });
  request.on('error', () => undefined);
  const response = once(request, 'response').then(([answer]) => answer as IncomingMessage);
  response.catch(() => undefined);
  request.end(text);
  await once(request, 'finish');
  return { response, destroy: () => request.destroy() };
}
