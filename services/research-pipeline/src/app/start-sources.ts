import { openOutbound } from '@signalbox/outbound';
import { createVault } from '@signalbox/vault';
import { createTellAudit } from '../audit/tell-audit.ts';
import { createFetcher, type Fetcher } from '../fetch/create-fetcher.ts';
import { forgetHosts, takeHostTurn } from '../fetch/host-store.ts';
import { forgetOldAnswers } from '../search/answer-store.ts';
import { createSearchProviders, type SearchDeps } from '../search/create-search-providers.ts';
import { mountSearchRoutes } from '../search/routes.ts';
import type { SearchProvider } from '../search/search-provider.ts';
import { operatorHosts } from '../search/search-settings.ts';
import type { DomainDeps } from './domain.ts';

export interface Sources {
  fetcher: Fetcher;
  /** The search providers of a tenant, configured or not, by name. */
  providersOf: (tenantId: string) => Promise<Map<string, SearchProvider>>;
}

const sweepMs = 3_600_000;

/** Connects where research searches and what it fetches. What it opens lies on `owned`. */
export function startSources(
  { config, routes, database: { db }, emitter, nudgeRelay, logger }: DomainDeps,
  owned: AsyncDisposableStack,
): Sources {
  const { search: settings, vaultKeys, outboundAllow } = config;
  const { userAgent, hostSpacingMs } = config.fetching;
  const outbound = owned.use(openOutbound({ allow: outboundAllow }));
  const operatorOutbound = owned.use(openOutbound({ allow: [...outboundAllow, ...operatorHosts(settings)] }));
  const vault = vaultKeys === null ? null : createVault(vaultKeys);
  const search: SearchDeps = {
    ...{ db, settings, vault, operatorOutbound, outbound, userAgent },
    takeTurn: (line, spacingMs, waitMsMax) => takeHostTurn(db, line, { spacingMs, waitMsMax }),
  };
  mountSearchRoutes(routes, { ...search, tellAudit: createTellAudit(emitter), nudgeRelay });

  const sweep = setInterval(() => {
    Promise.all([forgetHosts(db), forgetOldAnswers(db)]).catch((cause: unknown) => {
      logger.warn('sources.sweep_failed', { cause });
    });
  }, sweepMs).unref();
  owned.defer(() => {
    clearInterval(sweep);
  });
  return {
    fetcher: createFetcher({ db, outbound, userAgent, hostSpacingMs }),
    providersOf: (tenantId) => createSearchProviders(search, tenantId),
  };
}
