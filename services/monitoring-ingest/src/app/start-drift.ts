import { mountComparisonRoutes, mountReferenceRoutes, mountVerdictRoutes } from '../drift/routes.ts';
import { startDriftWorker } from '../drift/verdicts/judge-drift.worker.ts';
import { startDriftSchedule } from '../drift/verdicts/start-schedule.ts';
import type { VerdictRow } from '../drift/verdicts/verdict-store.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects comparisons, references and verdicts of drift. What it opens lies on `owned`. */
export function startDrift(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { routes, database, emitter, nudgeRelay, working, logger, metrics } = deps;
  const verdicts = metrics.counter({
    name: 'signalbox_drift_verdicts_total',
    help: 'Windows that were judged, by what they said.',
    labels: ['outcome'],
  });
  const judged = ({ id, model_id, outcome, state, window_to }: VerdictRow): void => {
    verdicts.inc({ outcome });
    logger.info('drift.judged', { verdict_id: id, model_id, outcome, state, window_to });
  };
  mountComparisonRoutes(routes);
  mountReferenceRoutes(routes, database.db);
  mountVerdictRoutes(routes, { db: database.db, judged });
  const worker = owned.use(startDriftWorker({ ...working, db: database.db, judged }));
  owned.use(startDriftSchedule({ database, emitter, nudgeRelay, logger }));
  return { drift_worker: { probe: () => worker.probe(), critical: false } };
}
