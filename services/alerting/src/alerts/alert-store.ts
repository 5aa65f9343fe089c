import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { AlertState } from '@signalbox/contracts';
import type { Schema } from '../app/schema.ts';
import type { AlertRecord } from './alert.ts';

/** Which alerts a list holds. */
export interface AlertSelection {
  modelId?: string | undefined;
  severity?: string | undefined;
  state?: AlertState | undefined;
  resolved?: boolean | undefined;
  name?: string | undefined;
  alertType?: string | undefined;
  ruleId?: string | undefined;
  /** Begun at this moment or later, and before that one. */
  from?: Date | undefined;
  to?: Date | undefined;
}

export interface AlertPlace {
  startsAt: Date;
  id: string;
}

/**
 * Locks alerts in the order of their fingerprints and gives them as they are; those that are unknown are put there as
 * `seeds` say, so that nobody else can begin them meanwhile.
 */
export async function lockAlerts(
  trx: Transaction<Schema>,
  tenantId: string,
  seeds: readonly AlertRecord[],
): Promise<Map<string, AlertRecord>> {
  const fingerprints = seeds.map(({ fingerprint }) => fingerprint).sort();
  const known = await lockKnown(trx, tenantId, fingerprints);
  const missing = seeds.filter(({ fingerprint }) => !known.has(fingerprint));
  if (missing.length === 0) return known;
  const inOrder = missing.toSorted((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  await sql`
    insert into alerts select * from jsonb_populate_recordset(null::alerts, ${JSON.stringify(inOrder)}::jsonb)
    on conflict do nothing`.execute(trx);
  return lockKnown(trx, tenantId, fingerprints);
}

async function lockKnown(
  trx: Transaction<Schema>,
  tenantId: string,
  fingerprints: readonly string[],
): Promise<Map<string, AlertRecord>> {
  const rows = await trx
    .selectFrom('alerts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`fingerprint = any(${[...fingerprints]}::text[])`)
    .orderBy('fingerprint')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.fingerprint, row]));
}

/** Writes alerts whose rows are locked. */
export async function saveAlerts(trx: Transaction<Schema>, alerts: readonly AlertRecord[]): Promise<void> {
  if (alerts.length === 0) return;
  await sql`
    update alerts set
      name = saved.name, model_id = saved.model_id, alert_type = saved.alert_type, severity = saved.severity,
      labels = saved.labels, annotations = saved.annotations, generator_url = saved.generator_url, state = saved.state,
      episode = saved.episode, count = saved.count, value = saved.value, starts_at = saved.starts_at,
      ends_at = saved.ends_at, timeout = saved.timeout, active_since = saved.active_since, fired_at = saved.fired_at,
      keep_firing_since = saved.keep_firing_since, last_seen_at = saved.last_seen_at, last_slot = saved.last_slot,
      resolved_at = saved.resolved_at, resolved_reason = saved.resolved_reason, resolved_by = saved.resolved_by,
      resolved_note = saved.resolved_note, acknowledged_at = saved.acknowledged_at,
      acknowledged_by = saved.acknowledged_by, acknowledged_note = saved.acknowledged_note,
      acknowledged_until = saved.acknowledged_until, snoozed_until = saved.snoozed_until, assignee = saved.assignee,
      held_until = saved.held_until, held_until_clear = saved.held_until_clear, transitions = saved.transitions,
      flapping = saved.flapping, no_data = saved.no_data, updated_at = saved.updated_at
    from jsonb_populate_recordset(null::alerts, ${JSON.stringify(alerts)}::jsonb) as saved
    where alerts.tenant_id = saved.tenant_id and alerts.fingerprint = saved.fingerprint`.execute(trx);
}

export async function findAlert(db: Kysely<Schema>, tenantId: string, id: string): Promise<AlertRecord | null> {
  const row = await db
    .selectFrom('alerts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export async function findAlerts(
  db: Kysely<Schema>,
  tenantId: string,
  ids: readonly string[],
): Promise<Map<string, AlertRecord>> {
  const rows = await db
    .selectFrom('alerts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where(sql<boolean>`id = any(${[...ids]}::text[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** Throws `not_found`. */
export async function lockAlert(trx: Transaction<Schema>, tenantId: string, id: string): Promise<AlertRecord> {
  const row = await trx
    .selectFrom('alerts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw noAlert();
  return row;
}

/** The latest to begin first. */
export async function listAlertRows(
  db: Kysely<Schema>,
  tenantId: string,
  selection: AlertSelection,
  { after, backwards, limit }: { after: AlertPlace | null; backwards: boolean; limit: number },
): Promise<AlertRecord[]> {
  const { modelId, severity, state, resolved, name, alertType, ruleId, from, to } = selection;
  let query = db.selectFrom('alerts').selectAll().where('tenant_id', '=', tenantId);
  query = state === undefined ? query.where('state', '<>', 'inactive') : query.where('state', '=', state);
  if (resolved !== undefined) {
    query = resolved ? query.where('state', '=', 'resolved') : query.where('state', 'in', ['pending', 'firing']);
  }
  if (modelId !== undefined) query = query.where('model_id', '=', modelId);
  if (severity !== undefined) query = query.where('severity', '=', severity);
  if (name !== undefined) query = query.where('name', '=', name);
  if (alertType !== undefined) query = query.where('alert_type', '=', alertType);
  if (ruleId !== undefined) query = query.where('rule_id', '=', ruleId);
  if (from !== undefined) query = query.where('starts_at', '>=', from);
  if (to !== undefined) query = query.where('starts_at', '<', to);
  if (after !== null) {
    const place = sql`(${after.startsAt}::timestamptz, ${after.id}::text)`;
    query = query.where(
      backwards ? sql<boolean>`(starts_at, id) > ${place}` : sql<boolean>`(starts_at, id) < ${place}`,
    );
  }
  const direction = backwards ? 'asc' : 'desc';
  return query.orderBy('starts_at', direction).orderBy('id', direction).limit(limit).execute();
}

/**
 * Locks the alerts of a rule that an evaluation may change, in the order of their fingerprints: those that are open, held or
 * flapping, and of the others those of these fingerprints.
 */
export async function lockAlertsOfRule(
  trx: Transaction<Schema>,
  { tenantId, ruleId, fingerprints }: { tenantId: string; ruleId: string; fingerprints: readonly string[] },
): Promise<AlertRecord[]> {
  return trx
    .selectFrom('alerts')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('rule_id', '=', ruleId)
    .where(
      sql<boolean>`(state in ('pending', 'firing') or held_until_clear or flapping
        or fingerprint = any(${[...fingerprints]}::text[]))`,
    )
    .orderBy('fingerprint')
    .forUpdate()
    .execute();
}

/** Locks posted alerts that have outlived their last report, and are nobody else's turn. */
export async function lockExpiredAlerts(trx: Transaction<Schema>, now: Date, limit: number): Promise<AlertRecord[]> {
  return trx
    .selectFrom('alerts')
    .selectAll()
    .where('state', '=', 'firing')
    .where('rule_id', 'is', null)
    .where('ends_at', '<=', now)
    .orderBy('ends_at')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

/** When the next posted alert outlives its last report; null where none fires. */
export async function nextExpiryAt(db: Kysely<Schema>): Promise<Date | null> {
  const row = await db
    .selectFrom('alerts')
    .select('ends_at')
    .where('state', '=', sql.lit('firing'))
    .where('rule_id', 'is', null)
    .orderBy('ends_at')
    .limit(1)
    .executeTakeFirst();
  return row?.ends_at ?? null;
}

/** Another tenant's alert is as absent as one that never was. */
export function noAlert(): AppError {
  return new AppError('not_found', 'There is no such alert.');
}
