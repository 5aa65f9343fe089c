import type { Kysely } from 'kysely';
import { mountAnomalyRoutes } from '../anomalies/routes.ts';
import { driftingColumns } from '../drift/verdicts/verdict-store.ts';
import { mountForecastRoutes } from '../forecasts/routes.ts';
import { startHealthWorker } from '../health/health-changed.worker.ts';
import { mountHealthRoutes } from '../health/routes.ts';
import { startLooking } from '../health/start-looking.ts';
import { mountObjectiveRoutes } from '../objectives/routes.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';
import type { Schema } from './schema.ts';

/** Connects objectives, anomalies and the health of models. What it opens lies on `owned`. */
export function startObjectives(
  { routes, database, emitter, nudgeRelay, working, logger }: DomainDeps,
  reading: Kysely<Schema>,
  owned: AsyncDisposableStack,
): DomainProbes {
  const { db } = database;
  const worker = owned.use(startHealthWorker({ ...working, database }));
  const driftingOf = (tenantId: string) => driftingColumns(reading, tenantId);
  owned.use(startLooking({ db, reading, driftingOf, emitter, nudgeRelay, logger }));
  mountObjectiveRoutes(routes, { db, reading });
  mountAnomalyRoutes(routes, { reading });
  mountForecastRoutes(routes, { reading });
  mountHealthRoutes(routes, { db });
  return { health_worker: { probe: () => worker.probe(), critical: false } };
}
