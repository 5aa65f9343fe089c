import {
  createHealth,
  createRoutes,
  createService,
  errorHandler,
  identifySigned,
  notFoundHandler,
  startAdminServer,
  startServer,
  type HealthProbe,
  type Routes,
} from '@signalbox/http';
import type { IdentityKeys } from '@signalbox/identity';
import {
  assertMigrated,
  openDatabase,
  openDeadLetters,
  startOutboxRelay,
  type Database,
  type Migrations,
} from '@signalbox/postgres';
import { createEmitter, createQueues, type Emitter, type WorkerOptions } from '@signalbox/queue';
import { createMetrics, type Logger, type Metrics } from '@signalbox/telemetry';

/** The settings that every service has. */
export interface StartupSettings {
  host: string;
  port: number;
  adminPort: number;
  databaseUrl: string;
  redisQueueUrl: string;
  identityKeys: IdentityKeys;
  shutdownGraceMs: number;
  shutdownDelayMs: number;
}

export interface StartupOptions {
  /** Its name: of its identity, its queues, its metrics. */
  service: Parameters<typeof createEmitter>[0]['service'];
  config: StartupSettings;
  migrations: Migrations;
  logger: Logger;
  /** What is opened lies on it, to be closed in reverse. */
  owned: AsyncDisposableStack;
  /** Of all keys in Redis; services with the same one are replicas. */
  queuePrefix?: string | undefined;
}

/** What each domain of a service is connected with, whatever else it needs. */
export interface StartupParts<Schema> {
  routes: Routes;
  database: Database<Schema>;
  emitter: Emitter;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
  /** What every worker needs besides its job and its handler. */
  working: Pick<WorkerOptions<never>, 'redisUrl' | 'identityKeys' | 'deadLetters' | 'logger' | 'metrics' | 'prefix'>;
  logger: Logger;
  metrics: Metrics;
}

export interface Startup<Schema> {
  parts: StartupParts<Schema>;
  /** Listens, with these probes in its health. To be called once, when every route is mounted. */
  listen: (probes: Readonly<Record<string, HealthProbe>>) => Promise<{ url: string; adminUrl: string }>;
}

/** Opens what a service stands on. Throws where its database is not migrated. */
export async function openStartup<Schema>(options: StartupOptions): Promise<Startup<Schema>> {
  const { service, config, migrations, logger, owned, queuePrefix } = options;
  const { databaseUrl, redisQueueUrl: redisUrl, identityKeys, host } = config;
  const metrics = createMetrics({ service });
  const prefix = queuePrefix === undefined ? {} : { prefix: queuePrefix };
  const database = owned.use(openDatabase<Schema>({ url: databaseUrl, applicationName: service, logger, metrics }));
  await assertMigrated(database.db, migrations);
  const queues = owned.use(createQueues({ redisUrl, service, identityKeys, logger, metrics, ...prefix }));
  const relay = owned.use(
    startOutboxRelay({
      database,
      publish: (rows) => queues.publish(rows),
      takeSettled: () => queues.takeSettled(),
      logger,
      metrics,
    }),
  );
  const app = createService({ logger, metrics });
  const parts: StartupParts<Schema> = {
    routes: createRoutes({ router: app, identify: identifySigned(identityKeys, service) }),
    database,
    emitter: createEmitter({ service, identityKeys }),
    nudgeRelay: () => {
      relay.nudge();
    },
    working: { redisUrl, identityKeys, deadLetters: openDeadLetters(database), logger, metrics, ...prefix },
    logger,
    metrics,
  };
  return {
    parts,
    async listen(probes) {
      const health = createHealth({
        service,
        version: '0.1.0',
        probes: {
          postgres: { probe: (signal) => database.ping(signal), critical: true },
          queue: { probe: (signal) => queues.ping(signal), critical: false },
          ...probes,
        },
      });
      app.use(notFoundHandler(), errorHandler(logger));
      const { port, adminPort, shutdownGraceMs, shutdownDelayMs } = config;
      const admin = owned.use(await startAdminServer({ host, port: adminPort, logger, metrics, health }));
      const server = owned.use(
        await startServer({ app, host, port, logger, health, shutdownGraceMs, shutdownDelayMs }),
      );
      logger.info('service.started', { url: server.url, admin_url: admin.url });
      return { url: server.url, adminUrl: admin.url };
    },
  };
}
