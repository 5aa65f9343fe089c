import type { Kysely } from 'kysely';
import { ingestAlerts } from '../alerts/ingest-alerts.ts';
import type { ReportedAlert } from '../alerts/merge-alert.ts';
import type { TellChanges } from '../alerts/tell-changes.ts';
import type { Schema } from '../app/schema.ts';

/** So many are taken in by one transaction: more would hold locks for longer than it spares. */
const perTransaction = 1_000;

/** Keeps posted alerts, in their order. Resolves when all are kept; what was kept before a failure stays. */
export async function postAlerts(
  { db, tell }: { db: Kysely<Schema>; tell: TellChanges },
  tenantId: string,
  alerts: readonly ReportedAlert[],
  now: Date,
): Promise<void> {
  for (let from = 0; from < alerts.length; from += perTransaction) {
    const batch = alerts.slice(from, from + perTransaction);
    await db.transaction().execute((trx) => ingestAlerts(trx, tenantId, batch, now, tell));
  }
}
