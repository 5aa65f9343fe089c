import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { lockExpiredAlerts, saveAlerts } from './alert-store.ts';
import { expireAlert } from './report-alert.ts';
import type { TellChanges, ToldAlert } from './tell-changes.ts';

const perRound = 500;

export interface ExpiryDeps {
  db: Kysely<Schema>;
  tell: TellChanges;
  nudgeRelay: () => void;
}

/** Ends posted alerts whose last report has run out, at most five hundred; gives how many those were. */
async function expireAlerts({ db, tell, nudgeRelay }: ExpiryDeps, now: Date): Promise<number> {
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
  if (count > 0) nudgeRelay();
  return count;
}

/** Looks for them for as long as it is open; any number of processes may. */
export function startExpiry({ logger, lookMs = 1_000, ...deps }: ExpiryDeps & { logger: Logger; lookMs?: number }) {
  let round: Promise<void> | null = null;

  async function look(): Promise<void> {
    try {
      while ((await expireAlerts(deps, new Date())) === perRound);
    } catch (error) {
      logger.warn('alerts.expiry_failed', { error });
    }
    round = null;
  }

  const timer = setInterval(() => {
    round ??= look();
  }, lookMs);
  return {
    async [Symbol.asyncDispose](): Promise<void> {
      clearInterval(timer);
      await round;
    },
  };
}
