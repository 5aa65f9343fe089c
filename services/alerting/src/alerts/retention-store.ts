import { sql, type Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

const perTransaction = 1_000;

/**
 * Lets go of alerts that ended before a moment, with their history, and of what happened before it in earlier episodes of
 * the others. What still fires, and what is held or snoozed, stays however old it is. Gives how many alerts went.
 */
export async function pruneAlerts(db: Kysely<Schema>, endedBefore: Date, now: Date): Promise<number> {
  let count = 0;
  for (;;) {
    const gone = await db.transaction().execute(async (trx) => {
      const { rows } = await sql<{ tenant_id: string; id: string }>`
        delete from alerts where (tenant_id, fingerprint) in (
          select tenant_id, fingerprint from alerts
          where state in ('resolved', 'inactive') and ends_at < ${endedBefore} and updated_at < ${endedBefore}
            and not held_until_clear and coalesce(greatest(snoozed_until, held_until) <= ${now}, true)
          order by ends_at limit ${perTransaction} for update skip locked
        ) returning tenant_id, id`.execute(trx);
      await sql`
        delete from alert_events using unnest(${rows.map((row) => row.tenant_id)}::text[],
          ${rows.map((row) => row.id)}::text[]) as gone (tenant, id)
        where alert_events.tenant_id = gone.tenant and alert_events.alert_id = gone.id`.execute(trx);
      return rows.length;
    });
    count += gone;
    if (gone < perTransaction) break;
  }
  await sql`
    delete from alert_events using alerts
    where alert_events.at < ${endedBefore} and alerts.tenant_id = alert_events.tenant_id
      and alerts.id = alert_events.alert_id and alert_events.episode < alerts.episode`.execute(db);
  return count;
}
