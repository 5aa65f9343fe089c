import { newId } from '@signalbox/ids';
import { createMonitoringClient } from '../rules/monitoring-client.ts';
import { defaultRules } from '../rules/default-rules.ts';
import { mountRuleRoutes } from '../rules/routes.ts';
import { beginTenant as begin } from '../rules/rule-store.ts';
import type { Sources } from '../rules/sources.ts';
import { startPasses } from '../rules/start-passes.ts';
import { listSignals } from '../signals/signal-store.ts';
import { startDependencyWatch } from '../signals/start-dependency-watch.ts';
import { startSignalWorkers } from '../signals/events.worker.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

/** Connects rules: what they say, when they are evaluated, and what the other services tell. What it opens lies on `owned`. */
export function startRules(deps: DomainDeps, owned: AsyncDisposableStack): DomainProbes {
  const { config, routes, database, configurations, tell, tellAudit, nudge, working, logger, metrics } = deps;
  const { db } = database;
  const monitoring = createMonitoringClient({ url: config.monitoringUrl, identityKeys: config.identityKeys });
  const sourcesOf = (tenantId: string): Sources => ({
    ...monitoring(tenantId),
    signals: async (signal) => {
      const rows = await listSignals(db, tenantId, signal);
      return () => rows;
    },
  });
  const specs = defaultRules();
  const beginTenant = (tenantId: string): Promise<void> =>
    begin(
      db,
      tenantId,
      specs.map((spec) => ({ id: newId('rule'), spec })),
      new Date(),
    );
  const evaluations = metrics.counter({
    name: 'signalbox_rule_evaluations_total',
    help: 'Evaluations of alert rules, by how they ended.',
    labels: ['outcome'],
  });

  const passes = owned.use(startPasses({ db, sourcesOf, tell, nudge, logger, evaluations }));
  const wake = (): void => {
    passes.nudge();
  };
  const workers = startSignalWorkers({ db, working, beginTenant, wake });
  for (const worker of Object.values(workers)) owned.use(worker);
  owned.use(startDependencyWatch({ db, services: config.watchedServices, wake, logger }));
  mountRuleRoutes(routes, { db, tell, tellAudit, configurations, sourcesOf, beginTenant, wake, nudge });
  return Object.fromEntries(
    Object.entries(workers).map(([name, worker]) => [
      `${name}_worker`,
      { probe: () => worker.probe(), critical: false },
    ]),
  );
}
