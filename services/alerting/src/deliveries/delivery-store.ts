import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Delivery, DeliveryState } from './delivery.ts';
import type { DeliveryTables } from './delivery-tables.ts';

/** Puts messages on their way, in the transaction that decided them, and has their destinations looked at. */
export async function addDeliveries(trx: Transaction<Schema>, deliveries: readonly Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await addDeliveryRows(trx, deliveries);
  // In one order for everybody, or two flushes to the same destinations wait for each other.
  const due = [...deliveries].sort((one, other) => (one.destination < other.destination ? -1 : 1));
  await sql`
    insert into destinations (tenant_id, destination, next_at)
    select tenant, destination, min(next_at)
    from unnest(${due.map(({ tenantId }) => tenantId)}::text[], ${due.map(({ destination }) => destination)}::text[],
      ${due.map(({ nextAt }) => nextAt)}::timestamptz[]) as given (tenant, destination, next_at)
    group by tenant, destination order by tenant, destination
    on conflict (tenant_id, destination) do update
    set next_at = least(destinations.next_at, excluded.next_at)`.execute(trx);
}

/** Writes deliveries down; nobody is asked to send them. */
export async function addDeliveryRows(trx: Transaction<Schema>, deliveries: readonly Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  await trx
    .insertInto('deliveries')
    .values(
      deliveries.map((one) => ({
        id: one.id,
        tenant_id: one.tenantId,
        notification_id: one.notificationId,
        destination: one.destination,
        kind: one.kind,
        channel_id: one.channelId,
        receiver: one.receiver,
        integration: one.integration,
        recipient: one.recipient,
        sends_resolved: one.sendsResolved,
        severity: one.severity,
        rule_limit: one.ruleLimit === null ? null : JSON.stringify(one.ruleLimit),
        state: one.state,
        attempts: one.attempts,
        next_at: one.nextAt,
        held_at: one.heldAt,
        merged_into: one.mergedInto,
        last_status: one.lastStatus,
        last_error: one.lastError,
        created_at: one.createdAt,
        attempted_at: one.attemptedAt,
        sent_at: one.sentAt,
      })),
    )
    .execute();
}

/**
 * What is due at a destination that the transaction holds, the oldest first; also what a sender that died was at. A message
 * waits for those of the same group before it that are to be tried again: an end must not arrive before its beginning.
 */
export async function listDueDeliveries(
  trx: Transaction<Schema>,
  { tenantId, destination }: { tenantId: string; destination: string },
  now: Date,
  deliveriesMax: number,
): Promise<Delivery[]> {
  const { rows } = await sql<Selectable<DeliveryTables['deliveries']>>`
    select * from (
      select open.*, max(open.next_at) filter (where open.state = 'pending')
        over (partition by notifications.group_key order by open.id) as turn_at
      from deliveries as open join notifications on notifications.id = open.notification_id
      where open.tenant_id = ${tenantId} and open.destination = ${destination} and open.state in ('pending', 'sending')
    ) as waiting
    where state = 'sending' or turn_at <= ${now} order by id limit ${deliveriesMax}`.execute(trx);
  return rows.map(deliveryOf);
}

export async function markSending(trx: Transaction<Schema>, id: string, now: Date): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({ state: 'sending', attempts: sql<number>`attempts + 1`, attempted_at: now })
    .where('id', '=', id)
    .execute();
}

/** Too much is sent there: all that is due is told together, later. */
export async function holdDeliveries(
  trx: Transaction<Schema>,
  { tenantId, destination }: { tenantId: string; destination: string },
  now: Date,
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({ held_at: now })
    .where('tenant_id', '=', tenantId)
    .where('destination', '=', destination)
    .where('state', '=', 'pending')
    .where('next_at', '<=', now)
    .where('held_at', 'is', null)
    .execute();
}

export async function markMerged(trx: Transaction<Schema>, ids: readonly string[], mergedInto: string): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({ state: 'merged', merged_into: mergedInto, next_at: null })
    .where('id', '=', sql<string>`any(${[...ids]})`)
    .execute();
}

export interface SettledDelivery {
  readonly id: string;
  readonly state: DeliveryState;
  readonly nextAt: Date | null;
  readonly status: number | null;
  readonly error: string | null;
}

export async function settleDelivery(
  trx: Transaction<Schema>,
  { id, state, nextAt, status, error }: SettledDelivery,
  now: Date,
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({
      state,
      next_at: nextAt,
      last_status: status,
      last_error: error,
      ...(state === 'sent' ? { sent_at: now } : {}),
    })
    .where('id', '=', id)
    .where('state', '=', 'sending')
    .execute();
}

/** What waits for a later attempt at a destination is tried at once. */
export async function expediteDeliveries(
  trx: Transaction<Schema>,
  { tenantId, destination }: { tenantId: string; destination: string },
  now: Date,
): Promise<void> {
  await trx
    .updateTable('deliveries')
    .set({ next_at: now })
    .where('tenant_id', '=', tenantId)
    .where('destination', '=', destination)
    .where('state', '=', 'pending')
    .where('next_at', '>', now)
    .execute();
}

/** When something is to be done next at a destination; null: nothing is on its way. */
export async function nextDeliveryAt(
  trx: Transaction<Schema>,
  { tenantId, destination }: { tenantId: string; destination: string },
): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`
    select min(turn_at) as at from (
      select max(open.next_at) over (partition by notifications.group_key order by open.id) as turn_at
      from deliveries as open join notifications on notifications.id = open.notification_id
      where open.tenant_id = ${tenantId} and open.destination = ${destination} and open.state = 'pending'
    ) as waiting`.execute(trx);
  return rows[0]?.at ?? null;
}

export interface DeliveryFilter {
  readonly state?: DeliveryState | undefined;
  readonly channelId?: string | undefined;
  readonly notificationId?: string | undefined;
}

/** The newest first. */
export async function listDeliveryRows(
  db: Kysely<Schema>,
  tenantId: string,
  { state, channelId, notificationId }: DeliveryFilter,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<Delivery[]> {
  const rows = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(state !== undefined, (query) => query.where('state', '=', state ?? 'dead'))
    .$if(channelId !== undefined, (query) => query.where('channel_id', '=', channelId ?? ''))
    .$if(notificationId !== undefined, (query) => query.where('notification_id', '=', notificationId ?? ''))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(deliveryOf);
}

/** What became of these notifications, everywhere. */
export async function listDeliveriesOf(
  db: Kysely<Schema>,
  tenantId: string,
  notificationIds: readonly string[],
): Promise<Delivery[]> {
  const rows = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('notification_id', '=', sql<string>`any(${[...notificationIds]})`)
    .orderBy('id')
    .execute();
  return rows.map(deliveryOf);
}

/** Whether something that a channel is told under this receiver's name has not arrived yet. */
export async function hasPendingDelivery(
  trx: Transaction<Schema>,
  tenantId: string,
  channelId: string,
  receiver: string,
): Promise<boolean> {
  const row = await trx
    .selectFrom('deliveries')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('destination', 'like', `channel/${channelId}%`)
    .where('receiver', '=', receiver)
    .where('state', 'in', ['pending', 'sending'])
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function findDelivery(db: Kysely<Schema>, tenantId: string, id: string): Promise<Delivery | null> {
  const row = await db
    .selectFrom('deliveries')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : deliveryOf(row);
}

/** Gives one that was given up another round of attempts, under the same id. False: it is not dead. */
export async function reviveDelivery(
  trx: Transaction<Schema>,
  { id, tenantId, destination }: Delivery,
  now: Date,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('deliveries')
    .set({ state: 'pending', attempts: 0, next_at: now, created_at: now, held_at: null })
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) return false;
  await trx
    .updateTable('destinations')
    .set({ next_at: now, blocked_until: null })
    .where('tenant_id', '=', tenantId)
    .where('destination', '=', destination)
    .execute();
  return true;
}

/** How long what was delivered, merged or given up is kept. */
export async function pruneDeliveries(db: Kysely<Schema>, before: Date): Promise<void> {
  await sql`
    delete from notifications where decided_at < ${before} and not exists (
      select from deliveries
      where deliveries.notification_id = notifications.id and deliveries.state in ('pending', 'sending'))`.execute(db);
  await db.deleteFrom('flushes').where('last_at', '<', before).execute();
}

function deliveryOf(row: Selectable<DeliveryTables['deliveries']>): Delivery {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    notificationId: row.notification_id,
    destination: row.destination,
    kind: row.kind,
    channelId: row.channel_id,
    receiver: row.receiver,
    integration: row.integration,
    recipient: row.recipient,
    sendsResolved: row.sends_resolved,
    severity: row.severity,
    ruleLimit: row.rule_limit,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at,
    heldAt: row.held_at,
    mergedInto: row.merged_into,
    lastStatus: row.last_status,
    lastError: row.last_error,
    createdAt: row.created_at,
    attemptedAt: row.attempted_at,
    sentAt: row.sent_at,
  };
}
