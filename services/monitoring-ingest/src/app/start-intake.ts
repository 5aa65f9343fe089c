import { mountModelRoutes } from '../models/routes.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects the registry of models and everything that takes measurements in. What it opens lies on `owned`. */
export function startIntake({ routes, database }: DomainDeps, _owned: AsyncDisposableStack): DomainProbes {
  mountModelRoutes(routes, database.db);
  return {};
}
