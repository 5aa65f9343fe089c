import { mountJobRoutes } from '../jobs/routes.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects research jobs: their routes and those who work them off. */
export function startJobs({ config, routes, database, emitter, nudgeRelay }: DomainDeps): DomainProbes {
  const { queuedPerTenantMax: queuedMax, reportKeptForDays: keptForDays } = config.jobs;
  mountJobRoutes(routes, { db: database.db, emitter, nudgeRelay, queuedMax, keptForDays });
  return {};
}
