import { AppError } from '@signalbox/errors';
import { isUniqueViolation } from '@signalbox/postgres';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ChannelRecord } from './channel-record.ts';
import type { ChannelTables } from './channel-tables.ts';

export async function listChannelRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<ChannelRecord[]> {
  const rows = await db
    .selectFrom('channels')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(channelOf);
}

/** All that are switched on, by their ids. */
export async function listEnabledChannels(db: Kysely<Schema>, tenantId: string): Promise<ChannelRecord[]> {
  const rows = await db
    .selectFrom('channels')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('is_enabled', '=', true)
    .orderBy('id')
    .execute();
  return rows.map(channelOf);
}

/** Null where there is none, or it is another tenant's. */
export async function findChannel(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { isLocked = false }: { isLocked?: boolean } = {},
): Promise<ChannelRecord | null> {
  const row = await db
    .selectFrom('channels')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .$if(isLocked, (query) => query.forUpdate())
    .executeTakeFirst();
  return row === undefined ? null : channelOf(row);
}

export async function countChannels(db: Kysely<Schema>, tenantId: string): Promise<number> {
  const row = await db
    .selectFrom('channels')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Adds or changes it. Throws `conflict` where the tenant has another one of that name. */
export async function saveChannel(db: Kysely<Schema>, channel: ChannelRecord): Promise<void> {
  const { id, tenantId, ...rest } = channel;
  const columns = {
    name: rest.name,
    kind: rest.kind,
    is_enabled: rest.isEnabled,
    disabled_reason: rest.disabledReason,
    sends_resolved: rest.sendsResolved,
    shown: JSON.stringify(rest.shown),
    sealed: rest.sealed,
    messages_max: rest.messagesMax,
    window_seconds: rest.windowSeconds,
    heartbeat_seconds: rest.heartbeatSeconds,
    heartbeat_at: rest.heartbeatAt,
    created_at: rest.createdAt,
    updated_at: rest.updatedAt,
  };
  try {
    await db
      .insertInto('channels')
      .values({ id, tenant_id: tenantId, ...columns })
      .onConflict((conflict) => conflict.column('id').doUpdateSet(columns))
      .execute();
  } catch (thrown) {
    if (!isUniqueViolation(thrown)) throw thrown;
    throw new AppError('conflict', 'There is a channel of this name.', { details: { name: rest.name } });
  }
}

/** False where there was none. */
export async function removeChannel(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('channels')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** Switches it off until somebody switches it on again. */
export async function disableChannel(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  reason: string,
  now: Date,
): Promise<void> {
  await trx
    .updateTable('channels')
    .set({ is_enabled: false, disabled_reason: reason, updated_at: now })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .execute();
}

/** Claims the channels that are to be told that we live, until the transaction ends. */
export async function claimHeartbeats(
  trx: Transaction<Schema>,
  now: Date,
  channelsMax: number,
): Promise<ChannelRecord[]> {
  const rows = await trx
    .selectFrom('channels')
    .selectAll()
    .where('heartbeat_at', '<=', now)
    .where('is_enabled', '=', true)
    .orderBy('heartbeat_at')
    .limit(channelsMax)
    .forUpdate()
    .skipLocked()
    .execute();
  return rows.map(channelOf);
}

/** When the next channel wants to hear that alerting is alive; null where none does. */
export async function nextHeartbeatAt(db: Kysely<Schema>): Promise<Date | null> {
  const row = await db
    .selectFrom('channels')
    .select('heartbeat_at')
    .where('heartbeat_at', 'is not', null)
    .where('is_enabled', '=', true)
    .orderBy('heartbeat_at')
    .limit(1)
    .executeTakeFirst();
  return row?.heartbeat_at ?? null;
}

export async function setHeartbeat(trx: Transaction<Schema>, id: string, at: Date): Promise<void> {
  await trx.updateTable('channels').set({ heartbeat_at: at }).where('id', '=', id).execute();
}

function channelOf(row: Selectable<ChannelTables['channels']>): ChannelRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind,
    isEnabled: row.is_enabled,
    disabledReason: row.disabled_reason,
    sendsResolved: row.sends_resolved,
    shown: row.shown,
    sealed: row.sealed,
    messagesMax: row.messages_max,
    windowSeconds: row.window_seconds,
    heartbeatSeconds: row.heartbeat_seconds,
    heartbeatAt: row.heartbeat_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
