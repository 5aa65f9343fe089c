import { clearResearchCache, getResearchCacheStatistics, type ResearchCacheState } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { NamespaceStatistics, ResearchCache } from './open-cache.ts';

export interface CacheRoutesDeps {
  cache: Pick<ResearchCache, 'statistics' | 'clear'>;
  database: Pick<Database<Schema>, 'db'>;
  tellAudit: TellAudit;
  nudgeRelay: () => void;
}

export function mountCacheRoutes(routes: Routes, { cache, database, tellAudit, nudgeRelay }: CacheRoutesDeps): void {
  mountRoute(routes, getResearchCacheStatistics, async ({ principal }) => ({
    data: (await cache.statistics(principal.tenantId)).map(present),
  }));

  mountRoute(routes, clearResearchCache, async ({ principal, requestId, params: { namespace } }) => {
    const cleared = await database.db.transaction().execute(async (trx) => {
      const forgotten = await cache.clear(principal.tenantId, namespace);
      const details = { cleared: forgotten };
      await tellAudit(trx, { action: 'cache.cleared', target: namespace, principal, requestId, details });
      return forgotten;
    });
    nudgeRelay();
    return { namespace, cleared };
  });
}

function present({ namespace, entries, bytes, hits, misses, since, ttlMs }: NamespaceStatistics): ResearchCacheState {
  const lookups = hits + misses;
  return {
    namespace,
    entries,
    bytes,
    hits,
    misses,
    hit_ratio: lookups === 0 ? null : Math.round((hits / lookups) * 10_000) / 10_000,
    counted_since: since?.toISOString() ?? null,
    ttl_seconds: ttlMs / 1_000,
  };
}
