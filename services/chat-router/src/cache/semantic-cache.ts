import { AppError } from '@signalbox/errors';
import type { CacheCounters, ContentCache } from '@signalbox/redis';
import type { Metrics } from '@signalbox/telemetry';
import type { EmbeddingCaller, EmbedText } from '../asking/embed-text.ts';
import { decodeKept, type KeptAnswer } from '../completions/kept-answer.ts';
import type { NanoUsd } from '../money/nano-usd.ts';
import { Deadline } from '../resilience/deadline.ts';
import type { Namespace } from './namespaces.ts';
import type { Question } from './read-question.ts';
import type { SemanticCacheSettings } from './semantic-settings.ts';
import { IndexAway, type VectorIndex } from './vector-index.ts';

/** What looking for a question of like meaning came to. `usd` is what it cost; null: nobody knows. */
export type SemanticLookup =
  | { kind: 'hit'; kept: KeptAnswer; similarity: number; usd: NanoUsd | null }
  /** `similarity` of the nearest question that did not suffice; null: there was none. */
  | { kind: 'miss'; similarity: number | null; vector: readonly number[]; usd: NanoUsd | null }
  | { kind: 'degraded'; reason: 'index_away' | 'embedding_failed'; usd: NanoUsd | null };

/**
 * Finds answers by what their questions mean. It keeps none: they lie in the exact cache, and are found as long as they
 * do. What is away is passed by, and said.
 */
export interface SemanticCache extends AsyncDisposable {
  readonly settings: SemanticCacheSettings;
  /** With `isRefresh` the question is placed, and nothing looked for. Rejects only with what `signal` fired for. */
  lookUp(
    question: Question,
    caller: EmbeddingCaller,
    options: { threshold: number; isRefresh: boolean },
    signal: AbortSignal,
  ): Promise<SemanticLookup>;
  /** Puts a question into the index, some time after its answer was kept under `reference`. Nobody waits for it. */
  remember(tenantId: string, question: Question, vector: readonly number[], reference: string): void;
}

export interface SemanticCacheOptions {
  settings: SemanticCacheSettings;
  index: VectorIndex;
  embed: EmbedText;
  answers: Pick<ContentCache<Namespace>, 'getReferred'>;
  counters: Pick<CacheCounters, 'add'>;
  metrics: Metrics;
  now?: () => number;
}

/** Under which the lookups are counted. */
export const semanticName = 'semantic';
const rememberMsMax = 10_000;

export function createSemanticCache(options: SemanticCacheOptions): SemanticCache {
  const { settings, index, embed, answers, counters, metrics, now = Date.now } = options;
  const remembering = new Set<Promise<void>>();

  function counted(tenantId: string, isHit: boolean): void {
    if (isHit) metrics.cacheHit(semanticName);
    else metrics.cacheMiss(semanticName);
    counters.add(tenantId, semanticName, isHit ? 'hits' : 'misses');
  }

  return {
    settings,
    async lookUp({ text, context }, caller, { threshold, isRefresh }, signal) {
      const { tenantId } = caller.principal;
      // What nobody can be asked about is not paid for.
      if (index.isAway()) return { kind: 'degraded', reason: 'index_away', usd: 0n };
      using time = new Deadline(signal, settings.timeout_ms);
      let usd: NanoUsd | null = null;
      let vector: readonly number[];
      try {
        ({ vector, usd } = await embed(text, caller, time.signal));
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof AppError)) throw thrown;
        return { kind: 'degraded', reason: 'embedding_failed', usd };
      }
      if (isRefresh) return { kind: 'miss', similarity: null, vector, usd };
      try {
        const neighbours = await index.nearest(vector, { tenantId, context }, time.signal);
        for (const { reference, similarity } of neighbours) {
          if (similarity < threshold) break;
          const bytes = await answers.getReferred('api_response', tenantId, reference);
          const kept = bytes === null ? null : decodeKept(bytes);
          // Gone before its time; another one may be there.
          if (kept === null) continue;
          counted(tenantId, true);
          return { kind: 'hit', kept, similarity, usd };
        }
        counted(tenantId, false);
        return { kind: 'miss', similarity: neighbours[0]?.similarity ?? null, vector, usd };
      } catch (thrown) {
        signal.throwIfAborted();
        if (!(thrown instanceof IndexAway)) throw thrown;
        return { kind: 'degraded', reason: 'index_away', usd };
      }
    },
    remember(tenantId, { context }, vector, reference) {
      const entry = { tenantId, context, reference, expiresAt: now() + settings.ttl_seconds * 1_000 };
      const put = index
        .put(vector, entry, AbortSignal.timeout(rememberMsMax))
        // The index tells of its absence itself; what it missed it gets with the next answer.
        .catch(() => undefined)
        .finally(() => remembering.delete(put));
      remembering.add(put);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(remembering);
    },
  };
}
