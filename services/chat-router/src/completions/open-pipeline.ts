import type { RoutingProfile } from '@signalbox/contracts';
import type { Database } from '@signalbox/postgres';
import type { Breakers, ContentCache } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import { askThrough } from '../asking/answer-chat.ts';
import { embedThrough } from '../asking/embed-text.ts';
import { createJudge } from '../asking/judge-answers.ts';
import { createAnswerCache } from '../cache/answer-cache.ts';
import type { Namespace } from '../cache/namespaces.ts';
import { createSemanticCache } from '../cache/semantic-cache.ts';
import type { SemanticParts } from '../cache/tenant-caches.ts';
import { openAiEmbeddings } from '../embeddings/ingress.ts';
import { createReplays } from '../idempotency/replays.ts';
import type { Budgets } from '../money/budgets.ts';
import type { CallEvents } from '../resilience/call.ts';
import type { Cooldowns } from '../resilience/cooldowns.ts';
import { FirstTokenTimes } from '../resilience/first-token-times.ts';
import type { ResilienceSettings } from '../resilience/resilience-settings.ts';
import { TokenBucket } from '../resilience/token-bucket.ts';
import type { Connections } from '../routing/connection.ts';
import type { RoutingProfiles } from '../routing/routing-profiles.ts';
import type { Ledger } from '../usage/ledger.ts';
import { answer } from './answer.ts';
import { openAiChat } from './openai-ingress.ts';
import type { Pipeline } from './pipeline.ts';

export interface PipelineOptions {
  connections: Connections;
  advisoriesOf: Pipeline['advisoriesOf'];
  profiles: RoutingProfiles;
  budgets: Budgets;
  ledger: Ledger;
  breakers: Breakers;
  cooldowns: Cooldowns;
  database: Database<Schema>;
  cache: ContentCache<Namespace>;
  /** Null: nothing is found by what it means. */
  semantic: SemanticParts | null;
  settings: ResilienceSettings;
  events: CallEvents;
  logger: Logger;
  metrics: Metrics;
}

const [repeatsBesides, hedgesBesides] = [10, 2];

/** Connects what answering takes. What it opens lies on `owned`. */
export function openPipeline(options: PipelineOptions, owned: AsyncDisposableStack): Pipeline {
  const { ledger, breakers, cooldowns, database, cache, semantic, settings, events, logger, metrics } = options;
  const retryBudgets = new Map<string, TokenBucket>();
  // What the router itself asks goes the way of every other request.
  const embed = (model: string) =>
    embedThrough(
      (command, sink, signal) => answer(pipeline, { ...command, ingress: openAiEmbeddings }, sink, signal),
      model,
    );
  const pipeline: Pipeline = {
    connections: options.connections,
    advisoriesOf: options.advisoriesOf,
    profiles: options.profiles,
    budgets: options.budgets,
    attempts: {
      ledger,
      events,
      breakers,
      cooldowns,
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
    semantic:
      semantic === null
        ? null
        : owned.use(
            createSemanticCache({
              ...semantic,
              embed: embed(semantic.settings.embedding_model),
              answers: cache,
              metrics,
            }),
          ),
    judge: createJudge(
      askThrough((command, sink, signal) => answer(pipeline, { ...command, ingress: openAiChat }, sink, signal)),
    ),
    replays: owned.use(createReplays({ database, logger })),
  };
  return pipeline;
}

/** The aliases of this installation, the same for every tenant. */
export function configuredProfiles(aliases: Readonly<Record<string, RoutingProfile>>): RoutingProfiles {
  return { find: (_tenantId, name) => (Object.hasOwn(aliases, name) ? (aliases[name] ?? null) : null) };
}
