import type { CacheName, CacheNamespaceState } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { RedisAway, type CacheCounters, type CacheStatistics, type ContentCache } from '@signalbox/redis';
import { namespaces, type Namespace } from './namespaces.ts';
import { semanticName } from './semantic-cache.ts';
import type { SemanticCacheSettings } from './semantic-settings.ts';
import { IndexAway, type VectorIndex } from './vector-index.ts';

/** Where questions are found by what they mean. */
export interface SemanticParts {
  settings: SemanticCacheSettings;
  index: VectorIndex;
  counters: CacheCounters;
}

export interface TenantCachesDeps {
  cache: Pick<ContentCache<Namespace>, 'statistics' | 'clear'>;
  /** Null: this installation has no semantic cache. */
  semantic: SemanticParts | null;
}

/** Every namespace, as it is for one tenant. Throws `unavailable` while the cache cannot be asked. */
export async function describeCaches(
  { cache, semantic }: TenantCachesDeps,
  tenantId: string,
  signal: AbortSignal,
): Promise<CacheNamespaceState[]> {
  const kept = Object.entries(namespaces).map(async ([namespace, { ttlMs }]): Promise<CacheNamespaceState> => {
    const statistics = await available(cache.statistics(namespace as Namespace, tenantId));
    return { ...presented(namespace as Namespace, statistics), state: 'ready', ttl_seconds: ttlMs / 1_000 };
  });
  return Promise.all([...kept, describeSemantic(semantic, tenantId, signal)]);
}

/**
 * Forgets what one tenant has in a namespace; tells how many entries there were. Throws `unavailable` when that cannot be done
 * now, and `conflict` for what this installation does not have.
 */
export async function clearOfTenant(
  { cache, semantic }: TenantCachesDeps,
  namespace: CacheName,
  tenantId: string,
  signal: AbortSignal,
): Promise<number> {
  if (namespace === semanticName) {
    if (semantic === null) throw new AppError('conflict', 'This installation has no semantic cache.');
    return available(semantic.index.clear(tenantId, signal));
  }
  return available(cache.clear(namespace, tenantId));
}

async function describeSemantic(
  semantic: SemanticParts | null,
  tenantId: string,
  signal: AbortSignal,
): Promise<CacheNamespaceState> {
  if (semantic === null) {
    const nothing = { hits: 0, misses: 0, since: null, entries: null, bytes: null };
    return { ...presented(semanticName, nothing), state: 'not_configured', ttl_seconds: null };
  }
  const { settings, index, counters } = semantic;
  const counts = await available(counters.read(tenantId, semanticName));
  const entries = await index.count(tenantId, signal).catch((error: unknown) => {
    if (error instanceof IndexAway) return null;
    throw error;
  });
  return {
    ...presented(semanticName, { ...counts, entries, bytes: null }),
    state: entries === null ? 'degraded' : 'ready',
    ttl_seconds: settings.ttl_seconds,
  };
}

function presented(
  namespace: CacheName,
  {
    hits,
    misses,
    since,
    entries,
    bytes,
  }: Omit<CacheStatistics, 'entries' | 'bytes'> & Record<'entries' | 'bytes', number | null>,
): Omit<CacheNamespaceState, 'state' | 'ttl_seconds'> {
  const lookups = hits + misses;
  return {
    namespace,
    entries,
    bytes,
    hits,
    misses,
    hit_ratio: lookups === 0 ? null : Math.round((hits / lookups) * 10_000) / 10_000,
    counted_since: since?.toISOString() ?? null,
  };
}

async function available<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (cause) {
    if (!(cause instanceof RedisAway || cause instanceof IndexAway)) throw cause;
    throw new AppError('unavailable', 'The cache cannot be asked at the moment.', { cause, retryAfterMs: 1_000 });
  }
}
