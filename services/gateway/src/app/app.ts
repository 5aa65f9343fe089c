import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { openConfigFile } from '@signalbox/config';
import { allRoutes, type RouteContract } from '@signalbox/contracts';
import { createHealth, startAdminServer, startServer } from '@signalbox/http';
import { TokenKeys } from '@signalbox/identity';
import { assertMigrated, openDatabase, startOutboxRelay } from '@signalbox/postgres';
import { createQueues } from '@signalbox/queue';
import { createLimiter, openRedis, type OpenRedis } from '@signalbox/redis';
import { createMetrics, type Logger } from '@signalbox/telemetry';
import type { Request } from 'express';
import { migrations } from '../../migrations/index.ts';
import { loadDocumentFiles } from '../documents/document-files.ts';
import { mountDocuments } from '../documents/routes.ts';
import { createForwarder } from '../forwarding/create-forwarder.ts';
import { watchOverload } from '../forwarding/overload.ts';
import { mountHealth } from '../health/routes.ts';
import { LimitsFile } from '../limits/limits-file.ts';
import { limitsInForce } from '../limits/policies-for-request.ts';
import { createRefusedCredentials } from '../limits/refused-credentials.ts';
import { compileRouteTable } from '../routing/route-table.ts';
import { openAccess } from './access.ts';
import type { GatewayConfig } from './config.ts';
import { createEvents } from './events.ts';
import { createGateway } from './gateway.ts';
import { createOwnApp } from './own-app.ts';
import type { GatewaySchema } from './schema.ts';
import { version } from './version.ts';

export const serviceName = 'gateway';

export interface StartGatewayOptions {
  logger: Logger;
  /** Gets everything that is opened, to be closed in reverse. */
  owned: AsyncDisposableStack;
  queuePrefix?: string;
  /** What is let through. Default: every contract of the mesh. */
  routes?: readonly RouteContract[];
}

export interface RunningGateway {
  url: string;
  adminUrl: string;
}

/** Beyond what is let in at once: health and WebSockets that are being opened. */
const spareSockets = 100;
const redisPatienceMs = 2_000;

/** Connects everything and starts it. */
export async function startGateway(
  config: GatewayConfig,
  { logger, owned, queuePrefix, routes = allRoutes }: StartGatewayOptions,
): Promise<RunningGateway> {
  const { host, identityKeys, redisCacheUrl, redisQueueUrl } = config;
  const metrics = createMetrics({ service: serviceName });
  const events = createEvents(logger, metrics);
  const prefix = queuePrefix === undefined ? {} : { prefix: queuePrefix };

  const tokenKeys = TokenKeys.parse(await readFile(config.tokenSigningKeysFile, 'utf8'));
  const database = owned.use(
    openDatabase<GatewaySchema>({ url: config.databaseUrl, applicationName: serviceName, logger, metrics }),
  );
  await assertMigrated(database.db, migrations);
  const cache = owned.use(openRedis({ url: redisCacheUrl, name: serviceName, use: 'request', logger }));
  const queues = owned.use(
    createQueues({ redisUrl: redisQueueUrl, service: serviceName, identityKeys, logger, metrics, ...prefix }),
  );
  owned.use(
    startOutboxRelay({
      database,
      publish: (rows) => queues.publish(rows),
      takeSettled: () => queues.takeSettled(),
      logger,
      metrics,
    }),
  );
  const access = owned.use(
    openAccess({
      database,
      redis: cache.redis,
      redisUrl: redisCacheUrl,
      queueRedisUrl: redisQueueUrl,
      ...(queuePrefix === undefined ? {} : { queuePrefix }),
      identityKeys,
      tokenKeys,
      tokenIssuer: config.tokenIssuer,
      vaultKeys: config.vaultKeys,
      addressOf,
      logger,
      metrics,
    }),
  );

  const limitsFile = owned.use(
    await openConfigFile(config.limitsFile, LimitsFile, {
      onChange: (file) => {
        limits = limitsInForce(file, config.defaultRequestsPerMinute);
        events.limitsReloaded();
        database.db
          .transaction()
          .execute((transaction) =>
            access.audit.record(transaction, {
              tenantId: null,
              actor: 'system',
              action: 'limits.reloaded',
              target: basename(config.limitsFile),
              requestId: null,
              ip: null,
            }),
          )
          .catch((error: unknown) => {
            logger.error('limits.reload_not_audited', { error });
          });
      },
      onRejected: events.limitsRejected,
    }),
  );
  let limits = limitsInForce(limitsFile.current(), config.defaultRequestsPerMinute);

  const health = createHealth({
    service: serviceName,
    version,
    probes: {
      postgres: { probe: (signal) => database.ping(signal), critical: true },
      // ADR 3: without Redis the gateway goes on, limited by each replica alone.
      redis_cache: { probe: (signal) => cache.ping(signal), critical: false },
      redis_queue: { probe: (signal) => queues.ping(signal), critical: false },
      audit_worker: { probe: () => access.probeAuditWorker(), critical: false },
    },
  });
  const forwarder = owned.use(
    createForwarder({
      upstreams: config.upstreams,
      socketsMax: config.inFlightMax + spareSockets,
      onFailure: events.upstreamFailed,
    }),
  );
  const files = loadDocumentFiles();
  const gateway = createGateway({
    table: compileRouteTable(routes, files),
    own: createOwnApp({
      logger,
      mount: (own) => {
        mountHealth(own, { health, adminUrls: config.adminUrls, version });
        mountDocuments(own, { files, contracts: routes, version });
        access.mountRoutes(own);
      },
    }),
    authenticator: access.authenticator,
    audit: access.audit,
    limiter: createLimiter({ redis: cache.redis, replicas: config.replicas, logger, metrics }),
    limits: () => limits,
    refusedCredentials: createRefusedCredentials(),
    overload: owned.use(
      watchOverload({
        inFlightMax: config.inFlightMax,
        loopDelayMsMax: config.loopDelayMsMax,
        onShed: events.requestShed,
      }),
    ),
    forwarder,
    identityKeys,
    corsOrigins: config.corsOrigins,
    allowedHosts: config.allowedHosts,
    trustedHops: config.trustedHops,
    legacySunset: config.legacySunset,
    events,
    logger,
    metrics,
  });

  await firstAnswer(cache);
  const admin = owned.use(await startAdminServer({ host, port: config.adminPort, logger, metrics, health }));
  const server = owned.use(
    await startServer({
      app: gateway.listener,
      host,
      port: config.port,
      logger,
      health,
      shutdownDelayMs: config.shutdownDelayMs,
      shutdownGraceMs: config.shutdownGraceMs,
    }),
  );
  gateway.attachUpgrades(server.server);
  server.onDrain((phase) => {
    if (phase === 'deadline') forwarder.endStreams();
  });
  logger.info('service.started', { url: server.url, admin_url: admin.url });
  return { url: server.url, adminUrl: admin.url };
}

/** The chain has put the client's address there, in place of whatever the client said. */
function addressOf({ headers }: Request): string | null {
  const address = headers['x-forwarded-for'];
  return typeof address === 'string' && address !== 'unknown' ? address : null;
}

/** Limits are decided alone until Redis has answered; a moment's patience spares the first requests that. */
async function firstAnswer(redis: OpenRedis): Promise<void> {
  const until = performance.now() + redisPatienceMs;
  while (performance.now() < until) {
    const answers = await redis.ping().then(
      () => true,
      () => false,
    );
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
