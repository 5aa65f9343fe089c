import { mountComparisonRoutes } from '../drift/routes.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects comparisons, references and verdicts of drift. What it opens lies on `owned`. */
export function startDrift({ routes }: DomainDeps, _owned: AsyncDisposableStack): DomainProbes {
  mountComparisonRoutes(routes);
  return {};
}
