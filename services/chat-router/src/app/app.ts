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
} from '@signalbox/http';
import { openOutbound } from '@signalbox/outbound';
import { assertMigrated, openDatabase, openDeadLetters, startOutboxRelay } from '@signalbox/postgres';
import { createEmitter, createQueues } from '@signalbox/queue';
import { createBreakers, openRedis } from '@signalbox/redis';
import { createMetrics, type Logger } from '@signalbox/telemetry';
import { migrations } from '../../migrations/index.ts';
import { createTellAudit } from '../audit/tell-audit.ts';
import { answer } from '../completions/answer.ts';
import { configuredProfiles, openPipeline } from '../completions/open-pipeline.ts';
import { openAiChat } from '../completions/openai-ingress.ts';
import { mountCompletionRoutes } from '../completions/routes.ts';
import { ownerOf } from '../connections/connection-store.ts';
import { mountEmbeddingRoutes } from '../embeddings/routes.ts';
import { mountMessageRoutes } from '../messages/routes.ts';
import { mountModelRoutes } from '../models/routes.ts';
import { startBudgetWorker } from '../money/budget-crossed.worker.ts';
import { createExtractiveProvider } from '../providers/extractive/provider.ts';
import { createProvider } from '../providers/create-provider.ts';
import { breakerHealth } from '../provider-states/breaker-health.ts';
import { startAlertWorkers } from '../alerts/alert-changed.worker.ts';
import { startProviderStateWorker } from '../provider-states/provider-state-changed.worker.ts';
import { mountProviderStateRoutes } from '../provider-states/routes.ts';
import { createTellProviderState } from '../provider-states/tell-provider-state.ts';
import type { Provider } from '../providers/provider.ts';
import { createModelRegistry } from '../registry/model-registry.ts';
import { mountResponseRoutes } from '../responses/routes.ts';
import { extractiveConnection, operatorConnection } from './shared-connections.ts';
import { findSystem } from '../systems/system-store.ts';
import { systemProfiles } from '../systems/system-profiles.ts';
import { openLedger } from '../usage/ledger.ts';
import { startUsageTeller } from '../usage/tell-usage.ts';
import { mountUsageRoutes } from '../usage/routes.ts';
import { startUsageWorker } from '../usage/usage-recorded.worker.ts';
import { insertUsageRecords } from '../usage/usage-store.ts';
import type { Config } from './config.ts';
import { createEvents } from './events.ts';
import { openTenants } from './open-tenants.ts';
import type { Schema } from './schema.ts';
import { startSystems } from './start-systems.ts';

export const serviceName = 'chat-router';

export interface RunningChatRouter {
  url: string;
  adminUrl: string;
}

/** Connects everything and starts it; what it opens lies on `owned`, to be closed in reverse. */
export async function startChatRouter(
  config: Config,
  { logger, owned, queuePrefix }: { logger: Logger; owned: AsyncDisposableStack; queuePrefix?: string },
): Promise<RunningChatRouter> {
  const { databaseUrl, redisQueueUrl: redisUrl, redisCacheUrl, identityKeys, host } = config;
  const metrics = createMetrics({ service: serviceName });
  const events = createEvents(logger, metrics);
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
  const emitter = createEmitter({ service: serviceName, identityKeys });
  const nudgeRelay = (): void => {
    relay.nudge();
  };
  const teller = owned.use(startUsageTeller({ database, emitter, nudgeRelay, logger }));
  const ledger = owned.use(
    openLedger({
      write: (records) => insertUsageRecords(database.pool, records),
      ping: (signal) => database.ping(signal),
      nudge: () => {
        teller.nudge();
      },
      events,
    }),
  );
  const deadLetters = openDeadLetters(database);
  const working = { database, redisUrl, identityKeys, deadLetters, logger, metrics, ...prefix };
  const worker = owned.use(startUsageWorker(working));
  const budgetWorker = owned.use(startBudgetWorker({ ...working, events }));
  const stateWorker = owned.use(startProviderStateWorker({ ...working, events }));
  const alertWorkers = startAlertWorkers({ ...working, events }).map((worker) => owned.use(worker));
  const cacheRedis = owned.use(openRedis({ url: redisCacheUrl, name: serviceName, use: 'request', logger }));
  const breakerEvents = owned.use(
    openRedis({ url: redisCacheUrl, name: `${serviceName} breakers`, use: 'worker', logger }),
  );
  const breakers = owned.use(
    createBreakers({
      redis: cacheRedis.redis,
      subscriber: breakerEvents.redis,
      prefix: queuePrefix ?? serviceName,
      logger,
      metrics,
      onChange: createTellProviderState({
        database,
        ownerOf: (id) => ownerOf(database.db, id),
        emitter,
        nudgeRelay,
        logger,
      }),
    }),
  );

  const registry = createModelRegistry();
  const shared = [
    extractiveConnection(createExtractiveProvider(), registry),
    ...config.providers.map(({ settings, apiKey }) =>
      operatorConnection(createProvider(settings, apiKey), settings, registry),
    ),
  ];
  const providers = shared.map(({ connection }) => owned.use(connection.provider));
  const tenants = await openTenants(
    {
      database,
      redisUrl,
      vaultKeys: config.vaultKeys,
      outboundAllow: config.outboundAllow,
      shared,
      registry,
      emitter,
      nudgeRelay,
      logger,
      metrics,
      ...prefix,
    },
    owned,
  );
  const pipeline = openPipeline(
    {
      connections: tenants.connections,
      profiles: systemProfiles({
        aliases: configuredProfiles(config.aliases),
        specOf: async (tenantId, id) => (await findSystem(database.db, tenantId, id))?.spec ?? null,
      }),
      budgets: tenants.budgets,
      ledger,
      breakers,
      database,
      cacheRedis,
      settings: config.resilience,
      events,
      logger,
      metrics,
    },
    owned,
  );

  const app = createService({ logger, metrics });
  const routes = createRoutes({ router: app, identify: identifySigned(identityKeys, serviceName) });
  const systems = startSystems(
    {
      routes,
      database,
      redisUrl,
      identityKeys,
      emitter: createEmitter({ service: serviceName, identityKeys }),
      nudgeRelay: () => {
        relay.nudge();
      },
      cacheRedis,
      outbound: owned.use(openOutbound({ allow: config.outboundAllow })),
      plainHttpTo: config.outboundAllow,
      answer: (command, sink, signal) => answer(pipeline, { ...command, ingress: openAiChat }, sink, signal),
      budgetsChanged: tenants.budgetsChanged,
      clientStalledMsMax: config.clientStalledMsMax,
      logger,
      metrics,
      ...(queuePrefix === undefined ? {} : { queuePrefix }),
    },
    owned,
  );

  const health = createHealth({
    service: serviceName,
    version: '0.1.0',
    probes: {
      postgres: { probe: (signal) => database.ping(signal), critical: true },
      queue: { probe: (signal) => queues.ping(signal), critical: false },
      usage_worker: { probe: () => worker.probe(), critical: false },
      budget_worker: { probe: () => budgetWorker.probe(), critical: false },
      provider_state_worker: { probe: () => stateWorker.probe(), critical: false },
      alert_workers: {
        probe: async () => {
          await Promise.all(alertWorkers.map((worker) => worker.probe()));
        },
        critical: false,
      },
      task_worker: { probe: () => systems.taskWorker.probe(), critical: false },
      ...Object.fromEntries(providers.map((provider) => [`provider_${provider.name}`, probeOf(provider)])),
    },
    providers: () =>
      Object.fromEntries(
        shared.map(({ connection: { id, provider } }) => [provider.name, breakerHealth(breakers.view(id))]),
      ),
  });

  const { connections } = tenants;
  const tellAudit = createTellAudit(emitter);
  mountProviderStateRoutes(routes, { connections, breakers, database, tellAudit, nudgeRelay });
  const bounds = { stalledMsMax: config.clientStalledMsMax };
  mountCompletionRoutes(routes, pipeline, bounds, systems.answer);
  mountMessageRoutes(routes, pipeline, bounds);
  mountResponseRoutes(routes, pipeline, bounds);
  mountEmbeddingRoutes(routes, pipeline, bounds);
  mountModelRoutes(routes, tenants.connections);
  tenants.mount(routes);
  mountUsageRoutes(routes, database);
  app.use(notFoundHandler(), errorHandler(logger));

  await cacheRedis.settled(1_000);
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

/** A provider that cannot be asked degrades the service and stops nothing. */
function probeOf(provider: Provider): HealthProbe {
  return { probe: () => provider.probe(), critical: false };
}
