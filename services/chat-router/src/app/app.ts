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
import { createVault } from '@signalbox/vault';
import { migrations } from '../../migrations/index.ts';
import { createTellAudit } from '../audit/tell-audit.ts';
import { mountCacheRoutes } from '../cache/routes.ts';
import { answer } from '../completions/answer.ts';
import { findProfile } from '../completions/find-route.ts';
import { configuredProfiles, openPipeline } from '../completions/open-pipeline.ts';
import { openAiChat } from '../completions/openai-ingress.ts';
import { mountChatRoutes } from '../chat/routes.ts';
import { mountCompletionRoutes } from '../completions/routes.ts';
import { createInlineImages } from '../images/inline-images.ts';
import { ownerOf } from '../connections/connection-store.ts';
import { mountEmbeddingRoutes } from '../embeddings/routes.ts';
import { mountMessageRoutes } from '../messages/routes.ts';
import { mountModelRoutes } from '../models/routes.ts';
import { startBudgetWorker } from '../money/budget-crossed.worker.ts';
import { createExtractiveProvider } from '../providers/extractive/provider.ts';
import { createProvider } from '../providers/create-provider.ts';
import { breakerHealth } from '../provider-states/breaker-health.ts';
import { startProviderStateWorker } from '../provider-states/provider-state-changed.worker.ts';
import { mountProviderStateRoutes } from '../provider-states/routes.ts';
import { createTellProviderState } from '../provider-states/tell-provider-state.ts';
import type { Provider } from '../providers/provider.ts';
import { createModelRegistry } from '../registry/model-registry.ts';
import { createKeptItems } from '../responses/kept-items.ts';
import { mountResponseRoutes } from '../responses/routes.ts';
import { extractiveConnection, operatorConnection } from './shared-connections.ts';
import { findSystem } from '../systems/system-store.ts';
import { shareCooldowns } from '../resilience/share-cooldowns.ts';
import { systemProfiles } from '../systems/system-profiles.ts';
import { openLedger } from '../usage/ledger.ts';
import { startUsageTeller } from '../usage/tell-usage.ts';
import { mountUsageRoutes } from '../usage/routes.ts';
import { startUsageWorker } from '../usage/usage-recorded.worker.ts';
import { insertUsageRecords } from '../usage/usage-store.ts';
import type { Config } from './config.ts';
import { createEvents } from './events.ts';
import { openCaches } from './open-caches.ts';
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
  const patience = { use: 'request', timeoutMs: config.redisTimeoutMs } as const;
  const cacheRedis = owned.use(openRedis({ url: redisCacheUrl, name: serviceName, ...patience, logger }));
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

  const { cooldowns } = owned.use(
    shareCooldowns({ redisUrl: redisCacheUrl, redis: cacheRedis.redis, prefix: queuePrefix ?? serviceName, logger }),
  );

  const registry = createModelRegistry();
  const outbound = owned.use(openOutbound({ allow: config.outboundAllow }));
  const inlineImages = createInlineImages({ outbound, plainHttpTo: config.outboundAllow });
  const shared = [
    extractiveConnection(createExtractiveProvider(), registry),
    ...config.providers.map(({ settings, apiKey }) =>
      operatorConnection(createProvider(settings, apiKey, { inlineImages }), settings, registry),
    ),
  ];
  const providers = shared.map(({ connection }) => owned.use(connection.provider));
  const tenants = await openTenants(
    {
      database,
      redisUrl,
      redisTimeoutMs: config.redisTimeoutMs,
      vaultKeys: config.vaultKeys,
      outboundAllow: config.outboundAllow,
      inlineImages,
      shared,
      registry,
      emitter,
      nudgeRelay,
      working,
      events,
      logger,
      metrics,
      ...prefix,
    },
    owned,
  );
  const { cache, semantic } = openCaches(
    {
      cacheRedis,
      chromaUrl: config.chromaUrl,
      semanticCache: config.semanticCache,
      prefix: queuePrefix ?? serviceName,
      logger,
      metrics,
    },
    owned,
  );
  const pipeline = openPipeline(
    {
      connections: tenants.connections,
      advisoriesOf: tenants.advisoriesOf,
      profiles: systemProfiles({
        aliases: configuredProfiles(config.aliases),
        specOf: async (tenantId, id) => (await findSystem(database.db, tenantId, id))?.spec ?? null,
      }),
      budgets: tenants.budgets,
      ledger,
      breakers,
      cooldowns,
      database,
      cache,
      semantic,
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
      cache,
      outbound,
      plainHttpTo: config.outboundAllow,
      vault: config.vaultKeys === null ? null : createVault(config.vaultKeys),
      answer: (command, sink, signal) => answer(pipeline, { ...command, ingress: openAiChat }, sink, signal),
      toolsOfSystem: async (principal, name) =>
        (await findProfile(pipeline, { principal, options: {} }, name))?.tools ?? [],
      toolLoopMsMax: config.resilience.tool_loop_ms,
      replays: pipeline.replays,
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
      alert_fired_worker: { probe: () => tenants.advisoryWorkers.firedWorker.probe(), critical: false },
      alert_resolved_worker: { probe: () => tenants.advisoryWorkers.resolvedWorker.probe(), critical: false },
      restriction_worker: { probe: () => systems.restrictionWorker.probe(), critical: false },
      task_worker: { probe: () => systems.taskWorker.probe(), critical: false },
      ...(semantic === null
        ? {}
        : { chroma: { probe: (signal: AbortSignal) => semantic.index.ping(signal), critical: false } }),
      ...Object.fromEntries(providers.map((provider) => [`provider_${provider.name}`, probeOf(provider)])),
    },
    providers: () =>
      Object.fromEntries(
        shared.map(({ connection: { id, provider } }) => [provider.name, breakerHealth(breakers.view(id))]),
      ),
  });

  const { connections } = tenants;
  const tellAudit = createTellAudit(emitter);
  const sharedIds = new Set(shared.map(({ connection }) => connection.id));
  mountProviderStateRoutes(routes, { connections, shared: sharedIds, breakers, database, tellAudit, nudgeRelay });
  mountCacheRoutes(routes, { cache, semantic, database, tellAudit, nudgeRelay });
  const bounds = { stalledMsMax: config.clientStalledMsMax };
  mountChatRoutes(routes, pipeline, bounds, systems.answer);
  mountCompletionRoutes(routes, pipeline, bounds, systems.answer);
  mountMessageRoutes(routes, pipeline, bounds, systems.answerIn);
  mountResponseRoutes(routes, pipeline, bounds, { answerIn: systems.answerIn, items: createKeptItems(cache) });
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
