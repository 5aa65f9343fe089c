import {
  createHealth,
  createRoutes,
  createService,
  errorHandler,
  identifySigned,
  notFoundHandler,
  startAdminServer,
  startServer,
} from '@signalbox/http';
import { assertMigrated, openDatabase, openDeadLetters, startOutboxRelay } from '@signalbox/postgres';
import { createEmitter, createQueues } from '@signalbox/queue';
import { openRedis } from '@signalbox/redis';
import { openStorage } from '@signalbox/storage';
import { createMetrics, type Logger } from '@signalbox/telemetry';
import { migrations } from '../../migrations/index.ts';
import { openCache } from '../cache/open-cache.ts';
import type { Config } from './config.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import type { Schema } from './schema.ts';
import { startDocuments } from './start-documents.ts';
import { startJobs } from './start-jobs.ts';
import { startReports } from './start-reports.ts';

export const serviceName = 'research-pipeline';

export interface RunningResearchPipeline {
  url: string;
  adminUrl: string;
}

/** Connects everything and starts it; what it opens lies on `owned`, to be closed in reverse. */
export async function startResearchPipeline(
  config: Config,
  { logger, owned, queuePrefix }: { logger: Logger; owned: AsyncDisposableStack; queuePrefix?: string },
): Promise<RunningResearchPipeline> {
  const { databaseUrl, redisQueueUrl: redisUrl, identityKeys, host } = config;
  const metrics = createMetrics({ service: serviceName });
  const prefix = queuePrefix === undefined ? {} : { prefix: queuePrefix };

  const database = owned.use(openDatabase<Schema>({ url: databaseUrl, applicationName: serviceName, logger, metrics }));
  await assertMigrated(database.db, migrations);
  const queues = owned.use(createQueues({ redisUrl, service: serviceName, identityKeys, logger, metrics, ...prefix }));
  const relay = owned.use(
    startOutboxRelay({
      database,
      publish: (rows) => queues.publish(rows),
      takeSettled: () => queues.takeSettled(),
      logger,
      metrics,
    }),
  );

  const storage = owned.use(openStorage(config.storage));
  // Nobody waits for a page by the millisecond, so a slow answer is better than asking a provider again.
  const { redis } = owned.use(
    openRedis({ url: config.redisCacheUrl, name: 'research-cache', use: 'request', timeoutMs: 1_000, logger }),
  );
  const cache = owned.use(openCache({ redis, prefix: queuePrefix ?? serviceName, logger, metrics }));

  // A link to a report is public: no identity brings the id of its request.
  const app = createService({ logger, metrics, trustRequestId: true });
  const routes = createRoutes({ router: app, identify: identifySigned(identityKeys, serviceName) });
  const deps: DomainDeps = {
    config,
    routes,
    database,
    emitter: createEmitter({ service: serviceName, identityKeys }),
    nudgeRelay: () => {
      relay.nudge();
    },
    storage,
    cache,
    working: { redisUrl, identityKeys, deadLetters: openDeadLetters(database), logger, metrics, ...prefix },
    logger,
    metrics,
  };
  // Each domain connects itself, and says what is worth probing.
  const domains: DomainProbes[] = [startDocuments(deps, owned), startJobs(deps, owned)];

  startReports(deps, owned);

  const health = createHealth({
    service: serviceName,
    version: '0.1.0',
    probes: {
      postgres: { probe: (signal) => database.ping(signal), critical: true },
      queue: { probe: (signal) => queues.ping(signal), critical: false },
      storage: { probe: (signal) => storage.ping(signal), critical: false },
      ...(Object.assign({}, ...domains) as DomainProbes),
    },
  });
  app.use(notFoundHandler(), errorHandler(logger));

  const admin = owned.use(await startAdminServer({ host, port: config.adminPort, logger, metrics, health }));
  const server = owned.use(
    await startServer({
      app,
      host,
      port: config.port,
      logger,
      health,
      shutdownGraceMs: config.shutdownGraceMs,
      shutdownDelayMs: config.shutdownDelayMs,
    }),
  );
  logger.info('service.started', { url: server.url, admin_url: admin.url });
  return { url: server.url, adminUrl: admin.url };
}
