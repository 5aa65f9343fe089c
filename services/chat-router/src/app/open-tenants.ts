import { mountConnectionRoutes, type SharedConnection } from '../connections/routes.ts';
import { allConnections } from '../connections/connection-store.ts';
import { createOllamaFinder } from '../connections/find-ollama.ts';
import { openTenantConnections, type ConstructProvider } from '../connections/open-connections.ts';
import { addressCheck, guardedConnector, openOutbound } from '@signalbox/outbound';
import type { Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Emitter, WorkerOptions } from '@signalbox/queue';
import { openRedis } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { createVault, type VaultKeys } from '@signalbox/vault';
import { advisoriesOf } from '../advisories/advisory-store.ts';
import type { Advisory } from '../advisories/advisory.ts';
import { startAdvisoryWorkers, type AlertEvents } from '../advisories/alert-told.worker.ts';
import { createTellAudit } from '../audit/tell-audit.ts';
import type { InlineImages } from '../images/inline-images.ts';
import { allBudgets, spentIn } from '../money/budget-store.ts';
import type { Budgets } from '../money/budgets.ts';
import type { Budget } from '../money/budget.ts';
import { openBudgets } from '../money/open-budgets.ts';
import { mountMoneyRoutes } from '../money/routes.ts';
import { createTellCrossing } from '../money/tell-crossing.ts';
import { createProvider } from '../providers/create-provider.ts';
import type { ModelRegistry } from '../registry/model-registry.ts';
import type { Connection, Connections } from '../routing/connection.ts';
import { openTenantChanges } from '../tenants/tenant-changes.ts';
import { createTenantView } from '../tenants/tenant-view.ts';
import type { Schema } from './schema.ts';
import { startRewrapping } from './start-rewrapping.ts';

export interface TenantsOptions {
  database: Database<Schema>;
  /** Of a Redis that evicts nothing. */
  redisUrl: string;
  /** How long a request waits for it. */
  redisTimeoutMs: number;
  /** Null: this installation keeps no keys of tenants. */
  vaultKeys: VaultKeys | null;
  /** What connections may lead to besides the public internet. */
  outboundAllow: readonly string[];
  /** For providers that take no addresses of images. */
  inlineImages: InlineImages;
  shared: readonly (SharedConnection & { connection: Connection })[];
  registry: ModelRegistry;
  emitter: Emitter;
  nudgeRelay: () => void;
  events: AlertEvents;
  /** What every worker needs besides its job and its handler. */
  working: Pick<WorkerOptions<never>, 'redisUrl' | 'identityKeys' | 'deadLetters' | 'logger' | 'metrics' | 'prefix'>;
  logger: Logger;
  metrics: Metrics;
  /** Before the names of keys and channels in Redis; for tests, which share one. */
  prefix?: string;
}

export interface Tenants {
  connections: Connections;
  budgets: Budgets;
  /** The alerts that advise a tenant against some models at the moment. */
  advisoriesOf: (tenantId: string) => Promise<readonly Advisory[]>;
  advisoryWorkers: ReturnType<typeof startAdvisoryWorkers>;
  mount(routes: Routes): void;
  /** To be called after a commit that changed a tenant's budgets. */
  budgetsChanged: (tenantId: string) => Promise<void>;
}

/** What tenants set up for themselves: their connections and their budgets. What it opens lies on `owned`. */
export async function openTenants(options: TenantsOptions, owned: AsyncDisposableStack): Promise<Tenants> {
  const {
    database,
    redisUrl,
    redisTimeoutMs: timeoutMs,
    vaultKeys,
    outboundAllow: allow,
    shared,
    registry,
    emitter,
    nudgeRelay,
  } = options;
  const { logger, metrics, prefix = 'chat-router' } = options;
  const vault = vaultKeys === null ? null : createVault(vaultKeys);
  const connection = owned.use(openRedis({ url: redisUrl, name: 'tenants', use: 'request', timeoutMs, logger }));
  const { redis } = connection;
  // Budgets say at once that they are there; one that is not connected yet would have them wait for it later.
  await connection.settled(1_000);

  const construct: ConstructProvider = (settings, apiKey) =>
    createProvider(settings, apiKey, {
      inlineImages: options.inlineImages,
      connect: guardedConnector({ allow, connectTimeoutMs: settings.timeouts.connect_ms }),
    });
  const connections = owned.use(
    openTenantConnections({
      load: (tenantId) => allConnections(database.db, tenantId),
      shared: shared.map(({ connection }) => connection),
      construct,
      vault,
      registry,
      logger,
      metrics,
    }),
  );
  const budgetView = createTenantView<{ budgets: readonly Budget[] }>({
    name: 'budgets',
    load: async (tenantId) => ({ budgets: await allBudgets(database.db, tenantId) }),
    metrics,
  });
  const advisoryView = createTenantView<{ advisories: readonly Advisory[] }>({
    name: 'advisories',
    load: async (tenantId) => ({ advisories: await advisoriesOf(database.db, tenantId) }),
    metrics,
  });
  const changes = owned.use(
    openTenantChanges({
      redisUrl,
      redis,
      views: { connections: connections.view, budgets: budgetView, advisories: advisoryView },
      logger,
      channel: `${prefix}:tenant-changes`,
    }),
  );
  const budgets = owned.use(
    await openBudgets({
      redis,
      budgetsOf: async (tenantId) => (await budgetView.of(tenantId)).budgets,
      countSpent: async ({ budget, unit }, span) =>
        (await spentIn(database.db, budget.tenantId, budget.scope, span))[unit],
      crossed: createTellCrossing({ database, emitter, nudgeRelay }),
      logger,
      keyPrefix: `${prefix}:budgets`,
    }),
  );
  if (vault !== null) owned.use(startRewrapping(database.db, vault, logger));
  const outbound = owned.use(openOutbound({ allow }));
  const tellAudit = createTellAudit(emitter);
  const changed = (view: 'connections' | 'budgets' | 'advisories') => async (tenantId: string) => {
    nudgeRelay();
    await changes.publish(view, tenantId);
  };

  const advisoryWorkers = startAdvisoryWorkers({
    ...options.working,
    database,
    events: options.events,
    tellAudit,
    changed: changed('advisories'),
  });
  owned.use(advisoryWorkers.firedWorker);
  owned.use(advisoryWorkers.resolvedWorker);

  return {
    connections,
    budgets,
    advisoriesOf: async (tenantId) => (await advisoryView.of(tenantId)).advisories,
    advisoryWorkers,
    budgetsChanged: changed('budgets'),
    mount(routes) {
      mountConnectionRoutes(routes, {
        database,
        shared,
        construct: (record) => connections.construct(record),
        findServer: createOllamaFinder(outbound),
        vault,
        registry,
        mayConnectTo: addressCheck({ allow }),
        tellAudit,
        changed: changed('connections'),
      });
      mountMoneyRoutes(routes, { database, connections, tellAudit, changed: changed('budgets') });
    },
  };
}
