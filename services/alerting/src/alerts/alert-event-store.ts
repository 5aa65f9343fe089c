import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { AlertTables } from './alert-tables.ts';
import type { AlertChange, AlertRecord } from './alert.ts';

export type AlertEventRow = Selectable<AlertTables['alert_events']>;

/** The place of an event in the order in which events are told. */
export interface EventPlace {
  xid: string;
  position: string;
}

export async function insertAlertEvents(
  trx: Transaction<Schema>,
  tenantId: string,
  told: readonly { alert: AlertRecord; changes: readonly AlertChange[] }[],
  now: Date,
): Promise<void> {
  const rows = told.flatMap(({ alert, changes }) =>
    changes.map(({ type, by, details }) => ({ alert_id: alert.id, episode: alert.episode, type, by, details })),
  );
  await sql`
    insert into alert_events (tenant_id, alert_id, episode, type, at, by, details)
    select ${tenantId}, alert_id, episode, type, ${now}::timestamptz, by, details
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as row (alert_id text, episode integer, type text, by text, details jsonb)`.execute(trx);
}

/** The newest first. */
export async function listAlertEventRows(
  db: Kysely<Schema>,
  { tenantId, alertId }: { tenantId: string; alertId: string },
  { after, backwards, limit }: { after: EventPlace | null; backwards: boolean; limit: number },
): Promise<AlertEventRow[]> {
  let query = db
    .selectFrom('alert_events')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('alert_id', '=', alertId);
  if (after !== null) {
    const place = sql`(${after.xid}::xid8, ${after.position}::bigint)`;
    query = query.where(
      backwards ? sql<boolean>`(xid, position) > ${place}` : sql<boolean>`(xid, position) < ${place}`,
    );
  }
  const direction = backwards ? 'asc' : 'desc';
  return query.orderBy('xid', direction).orderBy('position', direction).limit(limit).execute();
}

/** What happened after a place, in order; only what nothing can come before any more. */
export async function alertEventsAfter(
  db: Kysely<Schema>,
  tenantId: string,
  { xid, position }: EventPlace,
  limit: number,
): Promise<AlertEventRow[]> {
  return db
    .selectFrom('alert_events')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`(xid, position) > (${xid}::xid8, ${position}::bigint)`)
    .where(sql<boolean>`xid < pg_snapshot_xmin(pg_current_snapshot())`)
    .orderBy('xid')
    .orderBy('position')
    .limit(limit)
    .execute();
}

/** The place before everything that commits from now on. */
export async function presentEventPlace(db: Kysely<Schema>): Promise<EventPlace> {
  const { rows } = await sql<{ xid: string }>`
    select pg_snapshot_xmin(pg_current_snapshot())::text as xid`.execute(db);
  return { xid: rows[0]?.xid ?? '0', position: '0' };
}
