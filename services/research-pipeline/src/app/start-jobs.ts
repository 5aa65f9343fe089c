import { randomUUID } from 'node:crypto';
import { openOutbound } from '@signalbox/outbound';
import { createTellAudit } from '../audit/tell-audit.ts';
import { createExtractor } from '../extract/create-extractor.ts';
import { createFetcher } from '../fetch/create-fetcher.ts';
import { startReconciler } from '../jobs/reconcile-jobs.ts';
import { mountJobRoutes } from '../jobs/routes.ts';
import { startResearchWorker } from '../jobs/run-research.worker.ts';
import { startJobWatch } from '../jobs/watch-jobs.ts';
import { runResearch } from '../pipeline/run-research.ts';
import { endReport } from '../reports/report-store.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import { openRetrieval } from './open-retrieval.ts';
import { openResearchTools, type ResearchToolsDeps } from './open-research-tools.ts';

const userAgent = 'SignalboxResearch/1.0';
const hostSpacingMs = 1_000;

/** Connects research jobs: their routes and those who work them off. What it opens lies on `owned`. */
export function startJobs(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { config, routes, database, storage, emitter, nudgeRelay, working, logger } = deps;
  const { db } = database;
  const { concurrency, runningPerTenantMax: runningMax, queuedPerTenantMax, leaseMs, reportKeptForDays } = config.jobs;

  const prefix = working.prefix ?? 'research-pipeline';
  const retrieval = openRetrieval({ config, database, logger, metrics: working.metrics, prefix }, owned);
  const outbound = owned.use(openOutbound());
  const tools: ResearchToolsDeps = {
    config,
    database,
    storage,
    retrieval,
    extractor: owned.use(createExtractor()),
    fetcher: createFetcher({ db, outbound, userAgent, hostSpacingMs }),
    providersOf: () => Promise.resolve(new Map()),
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
  mountJobRoutes(routes, {
    db,
    emitter,
    nudgeRelay,
    tellAudit: createTellAudit(emitter),
    queuedMax: queuedPerTenantMax,
    keptForDays: reportKeptForDays,
    watch: owned.use(startJobWatch({ db, logger })),
    forget: (trx, { tenant_id: tenantId, id }) => endReport(trx, tenantId, id),
  });
  return { research_worker: { probe: () => worker.probe(), critical: false }, ...retrieval.probes };
}
