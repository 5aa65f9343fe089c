import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { SuppressedEntry } from './notification.ts';
import type { NotificationTables } from './notification-tables.ts';

/** What was decided for a group, and how often in a row. */
export interface FlushRow {
  readonly groupHash: string;
  readonly groupKey: string;
  readonly receiver: string;
  readonly reason: string;
  /** Null: nobody was told. */
  readonly notificationId: string | null;
  readonly fingerprints: readonly string[];
  readonly suppressed: readonly SuppressedEntry[];
  readonly mutedBy: readonly string[];
}

export interface RecordedFlush extends FlushRow {
  readonly id: string;
  readonly times: number;
  readonly firstAt: Date;
  readonly lastAt: Date;
}

/** The last decision for each of these groups. */
export async function findLastFlushes(
  trx: Transaction<Schema>,
  tenantId: string,
  hashes: readonly string[],
): Promise<RecordedFlush[]> {
  const rows = await trx
    .selectFrom('flushes')
    .distinctOn('group_hash')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('group_hash', '=', sql<string>`any(${[...hashes]})`)
    .orderBy('group_hash')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(flushOf);
}

export async function addFlushes(
  trx: Transaction<Schema>,
  tenantId: string,
  flushes: readonly FlushRow[],
  now: Date,
): Promise<void> {
  if (flushes.length === 0) return;
  await trx
    .insertInto('flushes')
    .values(
      flushes.map((flush) => ({
        tenant_id: tenantId,
        group_hash: flush.groupHash,
        group_key: flush.groupKey,
        receiver: flush.receiver,
        reason: flush.reason,
        notification_id: flush.notificationId,
        fingerprints: [...flush.fingerprints],
        suppressed: JSON.stringify(flush.suppressed),
        muted_by: JSON.stringify(flush.mutedBy),
        times: 1,
        first_at: now,
        last_at: now,
      })),
    )
    .execute();
}

/** The same was decided once more. */
export async function repeatFlushes(trx: Transaction<Schema>, ids: readonly string[], now: Date): Promise<void> {
  if (ids.length === 0) return;
  await trx
    .updateTable('flushes')
    .set({ times: sql<number>`times + 1`, last_at: now })
    .where('id', '=', sql<string>`any(${[...ids]}::bigint[])`)
    .execute();
}

/** Every decision that was about an alert, the newest first. */
export async function listFlushesOf(
  db: Kysely<Schema>,
  tenantId: string,
  fingerprint: string,
  flushesMax: number,
): Promise<RecordedFlush[]> {
  const rows = await db
    .selectFrom('flushes')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('fingerprints', '@>', sql<string[]>`array[${fingerprint}]::text[]`)
    .orderBy('id', 'desc')
    .limit(flushesMax)
    .execute();
  return rows.map(flushOf);
}

function flushOf(row: Selectable<NotificationTables['flushes']>): RecordedFlush {
  return {
    id: row.id,
    groupHash: row.group_hash,
    groupKey: row.group_key,
    receiver: row.receiver,
    reason: row.reason,
    notificationId: row.notification_id,
    fingerprints: row.fingerprints,
    suppressed: row.suppressed,
    mutedBy: row.muted_by,
    times: row.times,
    firstAt: row.first_at,
    lastAt: row.last_at,
  };
}
