import { randomBytes } from 'node:crypto';
import { createChatCompletion, SignalboxOptions } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  createHealth,
  createRoutes,
  createService,
  errorHandler,
  identifySigned,
  mountRawRoute,
  notFoundHandler,
  startServer,
} from '@signalbox/http';
import { signIdentity, type CallerIdentity, type IdentityKeys } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { openOutbound } from '@signalbox/outbound';
import { openDatabase, startOutboxRelay, type Database } from '@signalbox/postgres';
import { createEmitter, createQueues } from '@signalbox/queue';
import { createContentCache, openRedis } from '@signalbox/redis';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { createVault, VaultKeys } from '@signalbox/vault';
import type { AnswerChat } from '../src/asking/answer-chat.ts';
import type { Schema } from '../src/app/schema.ts';
import { startSystems, type SystemsOptions } from '../src/app/start-systems.ts';
import { namespaces } from '../src/cache/namespaces.ts';
import { createReplays } from '../src/idempotency/replays.ts';
import { createResponseSink } from '../src/completions/response-sink.ts';

export const audience = 'chat-router';

/** Keys for this service, and for the gateway, which hears what is to stand in the audit log. */
export function newIdentityKeys(): string {
  return [audience, 'gateway'].map((name) => `${name}:k1:${randomBytes(32).toString('base64url')}`).join(',');
}

/** Asks a simulated provider over HTTP, in place of the pipeline: candidates in order, errors as `AppError`s. */
export function answerOver(providerUrl: string): AnswerChat {
  return async ({ principal, body, options, idempotencyKey }, sink, signal) => {
    let last = new AppError('unavailable', 'No candidate.');
    for (const model of options.models ?? [body.model]) {
      const response = await fetch(`${providerUrl}/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-key': idempotencyKey ?? '', 'x-by': principal.tenantId },
        body: JSON.stringify({ ...body, model }),
        signal,
      });
      const headers = { 'x-signalbox-route': `${model}; strategy=priority`, 'x-signalbox-cost-usd': '0.001' };
      if (response.ok && body.stream === true) {
        sink.begin(headers);
        const chunks = (await response.text()).split('\n\n').map((chunk) => Buffer.from(`${chunk}\n\n`));
        for (const chunk of chunks.slice(0, -2)) await sink.write(chunk);
        sink.end(Buffer.concat(chunks.slice(-2)));
        return;
      }
      if (response.ok) {
        sink.document(headers, Buffer.from(await response.arrayBuffer()));
        return;
      }
      await response.body?.cancel();
      last = new AppError('provider_failed', `${model} answered ${String(response.status)}.`);
    }
    throw last;
  };
}

export interface TestSystems extends AsyncDisposable {
  url: string;
  db: Database<Schema>;
  caller: CallerIdentity;
  /** Sends a request with the signed identity of `caller`, or of another one. */
  fetch(path: string, init?: RequestInit, caller?: CallerIdentity): Promise<Response>;
  /** The same with a body of JSON. */
  send(
    method: string,
    path: string,
    body: unknown,
    caller?: CallerIdentity,
    headers?: Record<string, string>,
  ): Promise<Response>;
}

export function aCaller(overrides: Partial<CallerIdentity['principal']> = {}): CallerIdentity {
  return {
    principal: {
      kind: 'api_key',
      principalId: newId('key'),
      tenantId: newId('tenant'),
      scopes: ['chat:write', 'systems:write', 'keys:write'],
      ...overrides,
    },
    requestId: newId('req'),
  };
}

export interface TestSystemsOptions {
  databaseUrl: string;
  redisUrl: string;
  identityKeys: IdentityKeys;
  answer: AnswerChat;
  queuePrefix?: string;
  /** What tools and documents may be fetched from besides the public internet. */
  allow?: string[];
  more?: Partial<SystemsOptions>;
  logged?: (line: string) => void;
}

/** Systems, tasks, tools, vision and conversations over HTTP, on real stores, with whatever answers their questions. */
export async function startTestSystems(options: TestSystemsOptions): Promise<TestSystems> {
  const {
    databaseUrl,
    redisUrl,
    identityKeys,
    answer,
    queuePrefix = `test-${randomBytes(6).toString('hex')}`,
  } = options;
  const owned = new AsyncDisposableStack();
  const logger = createLogger({ service: audience, write: options.logged ?? (() => undefined) });
  const metrics = createMetrics({ service: audience });
  const database = owned.use(openDatabase<Schema>({ url: databaseUrl, applicationName: 'test', logger }));
  const queues = owned.use(
    createQueues({ redisUrl, service: audience, identityKeys, logger, metrics, prefix: queuePrefix }),
  );
  const relay = owned.use(
    startOutboxRelay({
      database,
      publish: (rows) => queues.publish(rows),
      takeSettled: () => queues.takeSettled(),
      logger,
      metrics,
    }),
  );
  const outbound = owned.use(openOutbound({ allow: options.allow ?? [] }));
  const cacheRedis = owned.use(
    openRedis({ url: redisUrl, name: 'test cache', use: 'request', timeoutMs: 5_000, logger }),
  );
  // Until it is connected it counts as away, and nothing is kept.
  await cacheRedis.settled(5_000);
  const place = { redis: cacheRedis.redis, prefix: 'chat-router:cache' };
  const app = createService({ logger, metrics });
  const routes = createRoutes({ router: app, identify: identifySigned(identityKeys, audience) });
  const systems = startSystems(
    {
      routes,
      database,
      redisUrl,
      identityKeys,
      emitter: createEmitter({ service: audience, identityKeys }),
      nudgeRelay: () => {
        relay.nudge();
      },
      outbound,
      answer,
      toolsOfSystem: () => Promise.resolve([]),
      replays: owned.use(createReplays({ database, logger })),
      cache: owned.use(createContentCache({ ...place, namespaces, logger, metrics })),
      plainHttpTo: options.allow ?? [],
      vault: createVault(VaultKeys.parse(`k1:${randomBytes(32).toString('base64url')}`)),
      budgetsChanged: () => Promise.resolve(),
      clientStalledMsMax: 10_000,
      logger,
      metrics,
      queuePrefix,
      ...options.more,
    },
    owned,
  );
  mountRawRoute(routes, createChatCompletion, async ({ principal, requestId, body, request, response, signal }) => {
    const { signalbox, ...rest } = body;
    const key = request.headers['idempotency-key'];
    const command = {
      principal,
      requestId,
      body: rest,
      bytes: Buffer.from(JSON.stringify(rest)),
      options: SignalboxOptions.parse(signalbox ?? {}),
      idempotencyKey: typeof key === 'string' ? key : null,
    };
    await systems.answer(command, createResponseSink(response, 10_000), signal);
  });
  app.use(notFoundHandler(), errorHandler(logger));
  const health = createHealth({ service: audience, version: '0', probes: {} });
  const server = owned.use(
    await startServer({ app, host: '127.0.0.1', port: 0, logger, health, shutdownGraceMs: 3_000, shutdownDelayMs: 0 }),
  );

  const caller = aCaller();
  const fetchSigned: TestSystems['fetch'] = (path, init = {}, as = caller) => {
    const binding = { audience, method: init.method ?? 'GET', path };
    const identity = signIdentity(identityKeys, binding, { ...as, requestId: newId('req') });
    return fetch(server.url + path, {
      ...init,
      headers: { ...(init.headers as Record<string, string> | undefined), 'x-signalbox-identity': identity },
    });
  };
  return {
    url: server.url,
    db: database,
    caller,
    fetch: fetchSigned,
    send: (method, path, body, as, headers = {}) =>
      fetchSigned(
        path,
        { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) },
        as,
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
