import { clearCache, getCacheStatistics } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { clearOfTenant, describeCaches, type TenantCachesDeps } from './tenant-caches.ts';

export interface CacheRoutesDeps extends TenantCachesDeps {
  database: Pick<Database<Schema>, 'db'>;
  tellAudit: TellAudit;
  nudgeRelay: () => void;
}

/** The gateway waits for 10 s. */
const indexMsMax = 5_000;

export function mountCacheRoutes(routes: Routes, deps: CacheRoutesDeps): void {
  const { database, tellAudit, nudgeRelay } = deps;
  const withinTime = (signal: AbortSignal) => AbortSignal.any([signal, AbortSignal.timeout(indexMsMax)]);

  mountRoute(routes, getCacheStatistics, async ({ principal, signal }) => ({
    data: await describeCaches(deps, principal.tenantId, withinTime(signal)),
  }));

  mountRoute(routes, clearCache, async ({ principal, requestId, params: { namespace }, signal }) => {
    const cleared = await database.db.transaction().execute(async (trx) => {
      const forgotten = await clearOfTenant(deps, namespace, principal.tenantId, withinTime(signal));
      await tellAudit(trx, {
        action: 'cache.cleared',
        target: namespace,
        principal,
        requestId,
        details: { cleared: forgotten },
      });
      return forgotten;
    });
    nudgeRelay();
    return { namespace, cleared };
  });
}
