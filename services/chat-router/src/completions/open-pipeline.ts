import type { RoutingProfile } from '@signalbox/contracts';
import type { Database } from '@signalbox/postgres';
import { createContentCache, type Breakers, type OpenRedis } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import { createAnswerCache } from '../cache/answer-cache.ts';
import { createReplays } from '../idempotency/replays.ts';
import type { Budgets } from '../money/budgets.ts';
import type { CallEvents } from '../resilience/call.ts';
import { Cooldowns } from '../resilience/cooldowns.ts';
import { FirstTokenTimes } from '../resilience/first-token-times.ts';
import type { ResilienceSettings } from '../resilience/resilience-settings.ts';
import { TokenBucket } from '../resilience/token-bucket.ts';
import type { Connections } from '../routing/connection.ts';
import type { RoutingProfiles } from '../routing/routing-profiles.ts';
import type { Ledger } from '../usage/ledger.ts';
import type { Pipeline } from './pipeline.ts';

export interface PipelineOptions {
  connections: Connections;
  profiles: RoutingProfiles;
  budgets: Budgets;
  ledger: Ledger;
  breakers: Breakers;
  database: Database<Schema>;
  /** Of use `request`. */
  cacheRedis: OpenRedis;
  settings: ResilienceSettings;
  events: CallEvents;
  logger: Logger;
  metrics: Metrics;
}

/** How long an answer that was made once will do for the same request. */
const answersKeptMs = 300_000;
const [repeatsBesides, hedgesBesides] = [10, 2];

/** Connects what answering takes. What it opens lies on `owned`. */
export function openPipeline(options: PipelineOptions, owned: AsyncDisposableStack): Pipeline {
  const { ledger, breakers, database, cacheRedis, settings, events, logger, metrics } = options;
  const retryBudgets = new Map<string, TokenBucket>();
  const cache = createContentCache({
    redis: cacheRedis.redis,
    prefix: 'chat-router:cache',
    namespaces: { api_response: { schema: 1, ttlMs: answersKeptMs } },
    logger,
    metrics,
  });
  return {
    connections: options.connections,
    profiles: options.profiles,
    budgets: options.budgets,
    attempts: {
      ledger,
      events,
      breakers,
      cooldowns: new Cooldowns(),
      firstTokenTimes: new FirstTokenTimes(),
      retryBudgetOf(connectionId) {
        let bucket = retryBudgets.get(connectionId);
        if (bucket === undefined) {
          bucket = new TokenBucket({ capacity: repeatsBesides, share: settings.retry_budget_ratio });
          retryBudgets.set(connectionId, bucket);
        }
        return bucket;
      },
      hedgeBudget: new TokenBucket({ capacity: hedgesBesides, share: settings.hedge_budget_ratio }),
      settings,
    },
    cache: createAnswerCache({ cache, ledger }),
    replays: owned.use(createReplays({ database, logger })),
  };
}

/** The aliases of this installation, the same for every tenant. */
export function configuredProfiles(aliases: Readonly<Record<string, RoutingProfile>>): RoutingProfiles {
  return { find: (_tenantId, name) => (Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null) };
}
