import { createCacheCounters, createContentCache, type ContentCache, type OpenRedis } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { openChromaIndex } from '../cache/chroma-index.ts';
import { namespaces, type Namespace } from '../cache/namespaces.ts';
import type { SemanticCacheSettings } from '../cache/semantic-settings.ts';
import type { SemanticParts } from '../cache/tenant-caches.ts';

export interface CachesOptions {
  /** Of use `request`. */
  cacheRedis: OpenRedis;
  /** Null: there is no Chroma. */
  chromaUrl: string | null;
  /** Null: nothing is found by its meaning. */
  semanticCache: SemanticCacheSettings | null;
  /** Before the names of collections; for tests, which share one Chroma. */
  prefix: string;
  logger: Logger;
  metrics: Metrics;
}

export interface Caches {
  cache: ContentCache<Namespace>;
  semantic: SemanticParts | null;
}

/** Opens what keeps answers. It lies on `owned`. */
export function openCaches(options: CachesOptions, owned: AsyncDisposableStack): Caches {
  const { cacheRedis, chromaUrl, semanticCache: settings, prefix, logger, metrics } = options;
  const { redis } = cacheRedis;
  const place = { redis, prefix: 'chat-router:cache' };
  const cache = owned.use(createContentCache({ ...place, namespaces, logger, metrics }));
  if (settings === null || chromaUrl === null) return { cache, semantic: null };
  const index = owned.use(
    openChromaIndex({ url: chromaUrl, prefix, embeddingModel: settings.embedding_model, logger }),
  );
  return { cache, semantic: { settings, index, counters: owned.use(createCacheCounters(place)) } };
}
