import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { lockExpiredAlerts, nextExpiryAt, saveAlerts } from './alert-store.ts';
import { startSweep, type Sweep } from '../sweeps/start-sweep.ts';
import { expireAlert } from './report-alert.ts';
import type { TellChanges, ToldAlert } from './tell-changes.ts';

const perRound = 500;

export interface ExpiryDeps {
  db: Kysely<Schema>;
  tell: TellChanges;
  nudge: () => void;
}

/** Ends posted alerts whose last report has run out, at most five hundred; gives how many those were. */
async function expireAlerts({ db, tell, nudge }: ExpiryDeps, now: Date): Promise<number> {
  const count = await db.transaction().execute(async (trx) => {
    const expired = await lockExpiredAlerts(trx, now, perRound);
    const told = new Map<string, ToldAlert[]>();
    const ended = expired.map((alert) => {
      const { next, changes } = expireAlert(alert);
      told.set(alert.tenant_id, [...(told.get(alert.tenant_id) ?? []), { alert: next, changes }]);
      return next;
    });
    await saveAlerts(trx, ended);
    for (const [tenantId, ofTenant] of told) await tell(trx, tenantId, ofTenant, now);
    return expired.length;
  });
  if (count > 0) nudge();
  return count;
}

/** For what another replica took in meanwhile. */
const lookMs = 5_000;

/** Ends them when their time has come, for as long as it is open; any number of processes may. */
export function startExpiry({ logger, ...deps }: ExpiryDeps & { logger: Logger }): Sweep {
  return startSweep(
    async () => {
      while ((await expireAlerts(deps, new Date())) === perRound);
    },
    { everyMs: lookMs, nextAt: () => nextExpiryAt(deps.db), logger },
  );
}
