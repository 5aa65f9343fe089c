import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { LastSent } from '../grouping/needs-update.ts';
import type { Notification } from './notification.ts';
import type { NotificationTables } from './notification-tables.ts';

export async function addNotifications(
  trx: Transaction<Schema>,
  notifications: readonly Notification[],
): Promise<void> {
  if (notifications.length === 0) return;
  await trx
    .insertInto('notifications')
    .values(
      notifications.map((one) => ({
        id: one.id,
        tenant_id: one.tenantId,
        kind: one.kind,
        reason: one.reason,
        status: one.status,
        receiver: one.receiver,
        group_key: one.groupKey,
        group_labels: JSON.stringify(one.groupLabels),
        alerts: JSON.stringify(one.alerts),
        severity: one.severity,
        held_back: one.heldBack,
        decided_at: one.decidedAt,
      })),
    )
    .execute();
}

/** By their ids, in the order in which they were decided. */
export async function findNotifications(db: Kysely<Schema>, ids: readonly string[]): Promise<Notification[]> {
  const rows = await db
    .selectFrom('notifications')
    .selectAll()
    .where('id', '=', sql<string>`any(${[...ids]})`)
    .orderBy('id')
    .execute();
  return rows.map(notificationOf);
}

export async function findNotification(db: Kysely<Schema>, tenantId: string, id: string): Promise<Notification | null> {
  const row = await db
    .selectFrom('notifications')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : notificationOf(row);
}

/** The newest first. */
export async function listNotificationRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<Notification[]> {
  const rows = await db
    .selectFrom('notifications')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(notificationOf);
}

/** What an addressee was last told of a group. */
export interface LastSentRow extends LastSent {
  readonly groupKeyHash: string;
  readonly addressee: string;
}

/** What was last told of these groups, as far as it still counts. */
export async function findLastSent(
  trx: Transaction<Schema>,
  tenantId: string,
  groupKeyHashes: readonly string[],
  now: Date,
): Promise<LastSentRow[]> {
  const rows = await trx
    .selectFrom('last_sent')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('group_key_hash', '=', sql<string>`any(${[...groupKeyHashes]})`)
    .where('expires_at', '>', now)
    .execute();
  return rows.map((row) => ({
    groupKeyHash: row.group_key_hash,
    addressee: row.addressee,
    firing: row.firing,
    resolved: row.resolved,
    at: row.sent_at,
  }));
}

export async function saveLastSent(
  trx: Transaction<Schema>,
  tenantId: string,
  rows: readonly (LastSentRow & { readonly expiresAt: Date })[],
): Promise<void> {
  if (rows.length === 0) return;
  await trx
    .insertInto('last_sent')
    .values(
      rows.map((row) => ({
        tenant_id: tenantId,
        group_key_hash: row.groupKeyHash,
        addressee: row.addressee,
        firing: [...row.firing],
        resolved: [...row.resolved],
        sent_at: row.at,
        expires_at: row.expiresAt,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['tenant_id', 'group_key_hash', 'addressee']).doUpdateSet((eb) => ({
        firing: eb.ref('excluded.firing'),
        resolved: eb.ref('excluded.resolved'),
        sent_at: eb.ref('excluded.sent_at'),
        expires_at: eb.ref('excluded.expires_at'),
      })),
    )
    .execute();
}

export async function pruneLastSent(db: Kysely<Schema>, now: Date): Promise<void> {
  await db.deleteFrom('last_sent').where('expires_at', '<=', now).execute();
}

function notificationOf(row: Selectable<NotificationTables['notifications']>): Notification {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    kind: row.kind,
    reason: row.reason,
    status: row.status,
    receiver: row.receiver,
    groupKey: row.group_key,
    groupLabels: row.group_labels,
    alerts: row.alerts,
    severity: row.severity,
    heldBack: row.held_back,
    decidedAt: row.decided_at,
  };
}
