import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { defineRoute, type RouteContract } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { startServer, type RunningServer } from '@signalbox/http';
import { IdentityKeys } from '@signalbox/identity';
import { createLimiter, openRedis, type Limiter } from '@signalbox/redis';
import { createLogger, createMetrics, type Metrics } from '@signalbox/telemetry';
import { testStore, waitFor } from '@signalbox/test-kit';
import { z } from 'zod';
import { createEvents } from '../src/app/events.ts';
import { createGateway, type GatewayParts } from '../src/app/gateway.ts';
import { createOwnApp } from '../src/app/own-app.ts';
import type { Authenticator } from '../src/authentication/authenticator.ts';
import { createForwarder, type CreateForwarderOptions } from '../src/forwarding/create-forwarder.ts';
import { watchOverload } from '../src/forwarding/overload.ts';
import { LimitsFile } from '../src/limits/limits-file.ts';
import { limitsInForce } from '../src/limits/policies-for-request.ts';
import { createRefusedCredentials } from '../src/limits/refused-credentials.ts';
import { compileRouteTable } from '../src/routing/route-table.ts';

const base = {
  service: 'chat-router',
  tag: 'Test',
  response: { status: 200, description: 'Anything', schema: z.unknown() },
} as const;

/** Contracts that stand for those of any service. */
export const testRoutes: readonly RouteContract[] = [
  defineRoute({
    ...base,
    operationId: 'readThing',
    method: 'get',
    path: '/api/v1/things/{id}',
    summary: 'Read',
    scope: 'chat:read',
  }),
  defineRoute({
    ...base,
    operationId: 'dropThing',
    method: 'delete',
    path: '/api/v1/things/{id}',
    summary: 'Drop',
    scope: 'chat:write',
  }),
  defineRoute({
    ...base,
    operationId: 'makeThing',
    method: 'post',
    path: '/api/v1/things',
    summary: 'Make',
    scope: 'chat:write',
    body: z.unknown(),
    bodyBytesMax: 10_000,
    firstByteTimeoutMs: 600,
    idleTimeoutMs: 600,
  }),
  defineRoute({
    ...base,
    operationId: 'completeThing',
    method: 'post',
    path: '/v1/things',
    summary: 'Complete',
    scope: 'chat:write',
    dialect: 'openai',
    routeClass: 'chat',
    body: z.unknown(),
    idleTimeoutMs: 600,
  }),
  defineRoute({
    ...base,
    operationId: 'openThings',
    method: 'get',
    path: '/api/v1/open-things',
    summary: 'Open',
    scope: 'public',
  }),
  defineRoute({
    ...base,
    operationId: 'signIn',
    method: 'post',
    path: '/api/v1/sign-in',
    summary: 'Sign in',
    scope: 'public',
    routeClass: 'login',
    body: z.unknown(),
  }),
  defineRoute({
    ...base,
    operationId: 'health',
    method: 'get',
    path: '/api/v1/test-health',
    summary: 'Health',
    scope: 'public',
    routeClass: 'health',
  }),
  defineRoute({
    ...base,
    operationId: 'watchThings',
    method: 'get',
    path: '/api/v1/things/watch',
    summary: 'Watch, over a WebSocket',
    scope: 'chat:read',
    response: { status: 101, description: 'A WebSocket', schema: null },
  }),
  defineRoute({
    ...base,
    service: 'alerting',
    operationId: 'absentService',
    method: 'get',
    path: '/api/v1/absent',
    summary: 'A service that is not installed',
    scope: 'authenticated',
  }),
];

const secret = Buffer.alloc(32, 7).toString('base64url');
export const identityKeys = IdentityKeys.parse(`chat-router:a:${secret},alerting:a:${secret}`);

/**
 * Takes `Bearer <name>` for the key of that name in its tenant, with the scopes of chat; `Bearer <name> <scope>` with
 * that scope alone. Names beginning with `bad` are refused.
 */
export const testAuthenticator: Authenticator = {
  authenticate({ headers }) {
    const [, name = '', scope] = /^Bearer ([\w-]+)(?: (\S+))?$/.exec(headers.authorization ?? '') ?? [];
    if (name === '' || name.startsWith('bad')) return Promise.reject(new AppError('unauthenticated'));
    return Promise.resolve({
      kind: 'api_key',
      principalId: `key_${name}`,
      tenantId: `tenant_${name}`,
      isOperator: name === 'operator',
      scopes: scope === undefined ? ['chat:write'] : [scope],
      credential: { kind: 'api_key', keyId: `key_${name}` },
      limits: { requestsPerMinute: null, costUnitsPerMinute: null },
    });
  },
};

export const window = { algorithm: 'sliding_window', window_seconds: 60 } as const;

/** Limits that no test meets by accident. */
export const wideLimits = {
  classes: { default: { requests: { ...window, limit: 100_000 }, cost_units: 1, on_outage: 'local' } },
  principal: {},
  tenant: {},
  refused_credentials: { limit: 1_000, window_seconds: 60 },
};

export interface TestGatewayOptions {
  upstreamUrl?: string;
  routes?: readonly RouteContract[];
  limits?: unknown;
  redisUrl?: string;
  replicas?: number;
  inFlightMax?: number;
  loopDelayMsMax?: number;
  shutdownDelayMs?: number;
  shutdownGraceMs?: number;
  parts?: Partial<GatewayParts>;
  forwarder?: Partial<CreateForwarderOptions>;
}

export interface TestGateway extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly server: RunningServer;
  readonly metrics: Metrics;
  readonly lines: Record<string, unknown>[];
  /** The sum of a metric's series whose labels hold `labels`. */
  metric(name: string, labels?: string): Promise<number>;
}

/** A gateway whose chain is the real one, with the routes, the upstream and the credentials of a test. */
export async function startTestGateway({
  upstreamUrl = 'http://127.0.0.1:9',
  routes = testRoutes,
  limits = wideLimits,
  redisUrl = testStore('SIGNALBOX_TEST_REDIS_URL'),
  replicas = 1,
  inFlightMax = 1_000,
  loopDelayMsMax = 60_000,
  shutdownDelayMs = 0,
  shutdownGraceMs = 5_000,
  parts = {},
  forwarder: forwarderOptions = {},
}: TestGatewayOptions = {}): Promise<TestGateway> {
  const owned = new AsyncDisposableStack();
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({
    service: 'gateway',
    level: 'debug',
    write: (line) => lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const metrics = createMetrics({ service: 'gateway' });
  const events = createEvents(logger, metrics);
  const limiter: Limiter = parts.limiter ?? (await makeLimiter());
  const inForce = limitsInForce(LimitsFile.parse(limits), null);
  const forwarder = owned.use(
    createForwarder({
      upstreams: { 'chat-router': [upstreamUrl] },
      socketsMax: inFlightMax + 100,
      onFailure: events.upstreamFailed,
      ...forwarderOptions,
    }),
  );
  const gateway = createGateway({
    table: compileRouteTable(routes),
    own: createOwnApp({ logger, mount: () => undefined }),
    authenticator: testAuthenticator,
    audit: { refused: () => undefined },
    limiter,
    limits: () => inForce,
    refusedCredentials: createRefusedCredentials(),
    overload: owned.use(watchOverload({ inFlightMax, loopDelayMsMax, onShed: events.requestShed })),
    forwarder,
    identityKeys,
    corsOrigins: new Set(['https://app.example.com']),
    allowedHosts: null,
    trustedHops: 0,
    legacySunset: new Date('2099-12-31T00:00:00Z'),
    events,
    logger,
    metrics,
    ...parts,
  });
  const server = owned.use(
    await startServer({ app: gateway.listener, host: '127.0.0.1', port: 0, logger, shutdownDelayMs, shutdownGraceMs }),
  );
  gateway.attachUpgrades(server.server);
  server.onDrain((phase) => {
    if (phase === 'deadline') forwarder.endStreams();
  });

  async function makeLimiter(): Promise<Limiter> {
    const { redis, ping } = owned.use(
      openRedis({ url: redisUrl, name: `gateway-test-${randomUUID()}`, use: 'request', logger }),
    );
    // A gateway that serves before it has reached Redis decides its first limits alone.
    await waitFor(() => ping().then(() => true));
    return createLimiter({ redis, replicas, logger, metrics });
  }

  return {
    url: server.url,
    port: server.port,
    server,
    metrics,
    lines,
    metric: async (name, labels = '') => {
      const text = await metrics.text();
      return text
        .split('\n')
        .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && line.includes(labels))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Writes `text` to a connection of its own, as it is, and gives back whatever comes until the gateway closes it. */
export async function sendRaw(port: number, text: string, { closesWithinMs = 5_000 } = {}): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let received = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk: string) => {
    received += chunk;
  });
  const closed = new Promise<void>((resolve, reject) => {
    socket.once('close', () => {
      resolve();
    });
    socket.once('error', () => {
      resolve();
    });
    setTimeout(() => {
      socket.destroy();
      reject(new Error(`The connection stayed open. Received: ${received}`));
    }, closesWithinMs).unref();
  });
  socket.write(Buffer.from(text, 'latin1'));
  await closed;
  return received;
}
