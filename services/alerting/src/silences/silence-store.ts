import { randomUUID } from 'node:crypto';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import {
  expireSilence,
  planSilence,
  silenceRetentionMs,
  silenceState,
  type Silence,
  type SilenceInput,
  type SilenceState,
} from './silence.ts';
import type { SilenceTables } from './silence-tables.ts';

/** All silences of a tenant that can still be seen. */
export async function listSilences(db: Kysely<Schema>, tenantId: string, now: Date): Promise<Silence[]> {
  const rows = await db
    .selectFrom('silences')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('ends_at', '>', new Date(now.getTime() - silenceRetentionMs))
    .execute();
  return rows.map(silenceOf);
}

export interface SilencePlace {
  endsAt: Date;
  id: string;
}

/** The last to end first. */
export async function listSilenceRows(
  db: Kysely<Schema>,
  tenantId: string,
  { state, now }: { state: SilenceState | undefined; now: Date },
  { after, backwards, limit }: { after: SilencePlace | null; backwards: boolean; limit: number },
): Promise<Silence[]> {
  const direction = backwards ? 'asc' : 'desc';
  let query = db
    .selectFrom('silences')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('ends_at', '>', new Date(now.getTime() - silenceRetentionMs));
  if (state === 'pending') query = query.where('starts_at', '>', now);
  if (state === 'active') query = query.where('starts_at', '<=', now).where('ends_at', '>', now);
  if (state === 'expired') query = query.where('starts_at', '<=', now).where('ends_at', '<=', now);
  if (after !== null) {
    const place = sql`(${after.endsAt}::timestamptz, ${after.id}::uuid)`;
    query = query.where(backwards ? sql<boolean>`(ends_at, id) > ${place}` : sql<boolean>`(ends_at, id) < ${place}`);
  }
  const rows = await query.orderBy('ends_at', direction).orderBy('id', direction).limit(limit).execute();
  return rows.map(silenceOf);
}

/** Those that are in force now. */
export async function listActiveSilences(db: Kysely<Schema>, tenantId: string, now: Date): Promise<Silence[]> {
  const rows = await db
    .selectFrom('silences')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('starts_at', '<=', now)
    .where('ends_at', '>', now)
    .execute();
  return rows.map(silenceOf);
}

/** null for one that is not there, has been gone for too long, or belongs to somebody else. */
export async function findSilence(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  now: Date,
): Promise<Silence | null> {
  const row = await db
    .selectFrom('silences')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('ends_at', '>', new Date(now.getTime() - silenceRetentionMs))
    .executeTakeFirst();
  return row === undefined ? null : silenceOf(row);
}

/**
 * Creates a silence, or changes the one with `id` (null if there is none): in place, or by ending it and creating another.
 * Throws `SilenceError`. What has been seen for long enough is deleted on the way.
 */
export async function setSilence(
  trx: Transaction<Schema>,
  tenantId: string,
  { id, ...input }: SilenceInput & { id: string | null },
  now: Date,
): Promise<Silence | null> {
  const previous = id === null ? null : await lockSilence(trx, tenantId, id);
  if (id !== null && previous === null) return null;
  const plan = planSilence(previous, input, now, randomUUID);
  if (plan.kind === 'update') await updateSilence(trx, tenantId, plan.silence);
  else {
    if (plan.expired !== null) await updateSilence(trx, tenantId, plan.expired);
    await trx
      .insertInto('silences')
      .values({ tenant_id: tenantId, id: plan.silence.id, ...columnsOf(plan.silence) })
      .execute();
  }
  await trx
    .deleteFrom('silences')
    .where('tenant_id', '=', tenantId)
    .where('ends_at', '<', new Date(now.getTime() - silenceRetentionMs))
    .execute();
  return plan.silence;
}

/** Ends a silence now; one that has ended stays as it is. */
export async function endSilence(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  now: Date,
): Promise<'ended' | 'over' | 'absent'> {
  const silence = await lockSilence(trx, tenantId, id);
  if (silence === null) return 'absent';
  const ended = silenceState(silence, now) === 'expired' ? null : expireSilence(silence, now);
  if (ended === null) return 'over';
  await updateSilence(trx, tenantId, ended);
  return 'ended';
}

async function lockSilence(trx: Transaction<Schema>, tenantId: string, id: string): Promise<Silence | null> {
  const row = await trx
    .selectFrom('silences')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return row === undefined ? null : silenceOf(row);
}

async function updateSilence(trx: Transaction<Schema>, tenantId: string, silence: Silence): Promise<void> {
  await trx
    .updateTable('silences')
    .set(columnsOf(silence))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', silence.id)
    .execute();
}

function columnsOf(silence: Silence) {
  return {
    matchers: JSON.stringify(silence.matchers),
    starts_at: silence.startsAt,
    ends_at: silence.endsAt,
    created_by: silence.createdBy,
    comment: silence.comment,
    annotations: JSON.stringify(silence.annotations),
    updated_at: silence.updatedAt,
  };
}

function silenceOf(row: Selectable<SilenceTables['silences']>): Silence {
  return {
    id: row.id,
    matchers: row.matchers,
    startsAt: row.starts_at,
    endsAt: row.ends_at,
    createdBy: row.created_by,
    comment: row.comment,
    annotations: row.annotations,
    updatedAt: row.updated_at,
  };
}
