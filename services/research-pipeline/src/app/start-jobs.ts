import { randomUUID } from 'node:crypto';
import { createTellAudit } from '../audit/tell-audit.ts';
import { mountCacheRoutes } from '../cache/routes.ts';
import { createExtractor } from '../extract/create-extractor.ts';
import { startReconciler } from '../jobs/reconcile-jobs.ts';
import { mountJobRoutes } from '../jobs/routes.ts';
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
  const worker = owned.use(
    startResearchWorker({
      ...working,
      concurrency,
      deps: {
        db,
        emitter,
        nudgeRelay,
        turnIsFree: () => {
          reconciler.look();
        },
        research: async (run, caller) => runResearch(run, await openResearchTools(tools, run, caller)),
        owner: randomUUID(),
        leaseMs,
        runningMax,
        logger,
      },
    }),
  );
  mountCacheRoutes(routes, { cache, database, tellAudit: createTellAudit(emitter), nudgeRelay });
  mountJobRoutes(routes, {
    db,
    emitter,
    nudgeRelay,
    tellAudit: createTellAudit(emitter),
    queuedMax: queuedPerTenantMax,
    keptForDays: reportKeptForDays,
    watch: owned.use(startJobWatch({ db, logger })),
    async forget(trx, { tenant_id: tenantId, id }) {
      await forgetSourcesOfJob(trx, tenantId, id);
      await endReport(trx, tenantId, id);
    },
  });
  return { research_worker: { probe: () => worker.probe(), critical: false }, ...retrieval.probes };
}
