import { hostname } from 'node:os';
import { createTellAudit } from '../audit/tell-audit.ts';
import { mountCacheRoutes } from '../cache/routes.ts';
import { createExtractor } from '../extract/create-extractor.ts';
import { startReconciler } from '../jobs/reconcile-jobs.ts';
import { mountQueueRoutes } from '../queue/routes.ts';
import { mountJobRoutes, type JobRoutesDeps } from '../jobs/routes.ts';
import { startResearchWorker } from '../jobs/run-research.worker.ts';
import { startJobWatch } from '../jobs/watch-jobs.ts';
import { runResearch } from '../pipeline/run-research.ts';
import { endReport } from '../reports/report-store.ts';
import { forgetSourcesOfJob } from '../retrieval/forgotten-source-store.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import { openRetrieval } from './open-retrieval.ts';
import { openResearchTools, type ResearchToolsDeps } from './open-research-tools.ts';
import { startSources } from './start-sources.ts';

/** Connects research jobs: their routes and those who work them off. What it opens lies on `owned`. */
export function startJobs(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { config, routes, database, storage, cache, emitter, nudgeRelay, working, logger } = deps;
  const { db } = database;
  const { concurrency, runningPerTenantMax: runningMax, queuedPerTenantMax, leaseMs, reportKeptForDays } = config.jobs;

  const tellAudit = createTellAudit(emitter);
  const prefix = working.prefix ?? 'research-pipeline';
  const retrieval = openRetrieval({ config, database, cache, logger, prefix }, owned);
  const { fetcher, providersOf } = startSources(deps, owned);
  const tools: ResearchToolsDeps = {
    config,
    database,
    storage,
    cache,
    retrieval,
    extractor: owned.use(createExtractor()),
    fetcher,
    providersOf,
  };

  const reconciler = owned.use(startReconciler({ db, emitter, nudgeRelay, runningMax, logger }));
  const turnIsFree = (): void => {
    reconciler.look();
  };
  const worker = owned.use(
    startResearchWorker({
      ...working,
      concurrency,
      deps: {
        db,
        emitter,
        nudgeRelay,
        turnIsFree,
        research: async (run, caller) => runResearch(run, await openResearchTools(tools, run, caller)),
        // For people: what counts is the epoch of the lease.
        owner: `${hostname()}:${String(process.pid)}`,
        leaseMs,
        runningMax,
        logger,
      },
    }),
  );
  mountCacheRoutes(routes, { cache, database, tellAudit, nudgeRelay });
  const forget: JobRoutesDeps['forget'] = async (trx, { tenant_id: tenantId, id }) => {
    await forgetSourcesOfJob(trx, tenantId, id);
    await endReport(trx, tenantId, id);
  };
  const changing = { db, emitter, nudgeRelay, tellAudit, forget, queuedMax: queuedPerTenantMax };
  mountJobRoutes(routes, {
    ...changing,
    keptForDays: reportKeptForDays,
    watch: owned.use(startJobWatch({ db, logger })),
  });
  mountQueueRoutes(routes, { ...changing, turnIsFree, runningMax });
  return { research_worker: { probe: () => worker.probe(), critical: false }, ...retrieval.probes };
}
