import type { AlertRecord } from '../alerts/alert.ts';
import { mountAlertExport } from '../alerts/exports/routes.ts';
import { mountAlertRoutes } from '../alerts/routes.ts';
import { pruneAlerts } from '../alerts/retention-store.ts';
import { startExpiry } from '../alerts/start-expiry.ts';
import { createTellAcknowledged } from '../notifications/tell-acknowledged.ts';
import { findRule } from '../rules/rule-store.ts';
import { windowMsOf as windowMsOfRule } from '../rules/rule.ts';
import { startSweep } from '../sweeps/start-sweep.ts';
import type { DomainDeps, DomainProbes } from './domain.ts';

const [pruneMs, dayMs] = [3_600_000, 86_400_000];

/** Connects alerts: their lists, what people do to them, and their end. What it opens lies on `owned`. */
export function startAlerts(
  { config, routes, database, configurations, kinds, tell, tellAudit, nudge, onNudge, logger }: DomainDeps,
  owned: AsyncDisposableStack,
): DomainProbes {
  const { db } = database;
  const windowMsOf = async ({ tenant_id: tenantId, rule_id: ruleId }: AlertRecord): Promise<number> => {
    const rule = ruleId === null ? null : await findRule(db, tenantId, ruleId);
    return rule === null ? 0 : windowMsOfRule(rule.spec);
  };
  // What is fixed stands before what holds a parameter in its place: the first that fits answers.
  mountAlertExport(routes, { db, logger });
  const tellAcknowledged = createTellAcknowledged({ configurations, kinds });
  mountAlertRoutes(routes, { db, tell, tellAudit, tellAcknowledged, nudge, windowMsOf });
  const expiry = owned.use(startExpiry({ db, tell, nudge, logger }));
  onNudge(() => {
    expiry.nudge();
  });
  owned.use(
    startSweep(
      async () => {
        const now = new Date();
        const count = await pruneAlerts(db, new Date(now.getTime() - config.alertRetentionDays * dayMs), now);
        if (count > 0) logger.info('alerts.pruned', { count });
      },
      { everyMs: pruneMs, logger },
    ),
  );
  return {};
}
