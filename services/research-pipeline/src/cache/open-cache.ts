import { AppError } from '@signalbox/errors';
import {
  createContentCache,
  RedisAway,
  type CacheStatistics,
  type ContentCache,
  type OpenRedis,
} from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { cacheEmbeddings } from './cache-embeddings.ts';
import { cacheSearches } from './cache-searches.ts';
import { namespaces, type Namespace } from './namespaces.ts';
import type { Embedder } from '../retrieval/embedder.ts';
import type { SearchProvider } from '../search/search-provider.ts';

export interface NamespaceStatistics extends CacheStatistics {
  namespace: Namespace;
  ttlMs: number;
}

/** What was found and embedded before, each tenant's for itself. With Redis away everything is asked for again. */
export interface ResearchCache extends AsyncDisposable {
  /** The provider, which is asked for the same thing once an hour. Failures are not kept. */
  searches(provider: SearchProvider, tenantId: string): SearchProvider;
  /** The embedder, which is asked for the same text once. */
  embeddings(embedder: Embedder, tenantId: string): Embedder;
  /** For matching parties, which keeps what it likes. */
  content: Pick<ContentCache<Namespace>, 'get' | 'set'>;
  /** Every namespace, as it is for one tenant. Throws `unavailable` while Redis is away. */
  statistics(tenantId: string): Promise<NamespaceStatistics[]>;
  /** Forgets what one tenant has in a namespace, or in all, and nothing else; tells how many entries. Throws `unavailable`. */
  clear(tenantId: string, namespace?: Namespace): Promise<number>;
}

export interface OpenCacheOptions {
  /** Of use `request`. */
  redis: OpenRedis['redis'];
  /** Before every key; for tests, which share one Redis. */
  prefix?: string;
  logger: Logger;
  metrics: Metrics;
}

export function openCache({ redis, prefix = 'research-pipeline', logger, metrics }: OpenCacheOptions): ResearchCache {
  const cache: ContentCache<Namespace> = createContentCache({
    redis,
    prefix: `${prefix}:cache`,
    namespaces,
    logger,
    metrics,
  });
  const names = Object.keys(namespaces) as Namespace[];
  return {
    content: cache,
    searches: (provider, tenantId) => cacheSearches(cache, provider, tenantId),
    embeddings: (embedder, tenantId) => cacheEmbeddings(cache, embedder, tenantId),
    statistics: (tenantId) =>
      available(
        Promise.all(
          names.map(async (namespace) => ({
            namespace,
            ttlMs: namespaces[namespace].ttlMs,
            ...(await cache.statistics(namespace, tenantId)),
          })),
        ),
      ),
    async clear(tenantId, namespace) {
      let cleared = 0;
      for (const name of namespace === undefined ? names : [namespace]) {
        cleared += await available(cache.clear(name, tenantId));
      }
      return cleared;
    },
    [Symbol.asyncDispose]: () => cache[Symbol.asyncDispose](),
  };
}

async function available<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof RedisAway)) throw cause;
    throw new AppError('unavailable', 'The cache cannot be asked at the moment.', { cause, retryAfterMs: 1_000 });
  }
}
