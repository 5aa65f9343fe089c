import type { Role } from '@signalbox/contracts';
import type { Kysely, Transaction } from 'kysely';
import type { GatewaySchema, SessionEnd } from '../app/schema.ts';

type Queries = Kysely<GatewaySchema> | Transaction<GatewaySchema>;

/** Whose session it is and what they may do now. */
export interface SessionOwner {
  sessionId: string;
  userId: string;
  tenantId: string;
  role: Role;
  tokenVersion: number;
}

export async function insertSession(
  trx: Transaction<GatewaySchema>,
  { sessionId, userId, tenantId, tokenVersion }: Omit<SessionOwner, 'role'>,
  { now, expiresAt }: { now: Date; expiresAt: Date },
): Promise<void> {
  // Sessions that are over have no other moment to go; their refresh tokens go with them.
  await trx.deleteFrom('sessions').where('user_id', '=', userId).where('expires_at', '<=', now).execute();
  await trx
    .insertInto('sessions')
    .values({
      id: sessionId,
      tenant_id: tenantId,
      user_id: userId,
      token_version: tokenVersion,
      created_at: now,
      expires_at: expiresAt,
    })
    .execute();
}

export async function insertRefreshToken(
  trx: Transaction<GatewaySchema>,
  token: { hash: Buffer; sessionId: string; parentHash: Buffer | null; now: Date; expiresAt: Date },
): Promise<void> {
  await trx
    .insertInto('refresh_tokens')
    .values({
      token_hash: token.hash,
      session_id: token.sessionId,
      parent_hash: token.parentHash,
      created_at: token.now,
      expires_at: token.expiresAt,
    })
    .execute();
}

export interface LivingSession extends SessionOwner {
  /** Of the tenant that runs this installation. */
  isOperator: boolean;
}

/**
 * The session as an access token needs it: alive, of a person who may sign in, with the rights of the version it was
 * opened with. Null for everything else.
 */
export async function findLivingSession(db: Queries, sessionId: string, now: Date): Promise<LivingSession | null> {
  const row = await livingSessions(db, now)
    .innerJoin('tenants', 'tenants.id', 'users.tenant_id')
    .select('tenants.is_operator')
    .select(['sessions.id', 'users.id as user_id', 'users.tenant_id', 'users.role', 'users.token_version'])
    .where('sessions.id', '=', sessionId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return {
    sessionId: row.id,
    userId: row.user_id,
    tenantId: row.tenant_id,
    role: row.role,
    tokenVersion: row.token_version,
    isOperator: row.is_operator,
  };
}

/** What became of a refresh token that somebody presented. */
export type Redemption =
  | { kind: 'redeemed'; owner: SessionOwner; sessionExpiresAt: Date }
  | { kind: 'reused'; sessionId: string; userId: string; tenantId: string }
  | { kind: 'refused' };

/**
 * Uses a refresh token up. Of two that come at the same time one finds it unused; the other waits for the first one's
 * transaction and finds it used.
 */
export async function redeemRefreshToken(
  trx: Transaction<GatewaySchema>,
  hash: Buffer,
  now: Date,
): Promise<Redemption> {
  const used = await trx
    .updateTable('refresh_tokens')
    .set({ used_at: now })
    .where('token_hash', '=', hash)
    .where('used_at', 'is', null)
    .where('expires_at', '>', now)
    .returning('session_id')
    .executeTakeFirst();
  if (used !== undefined) {
    const row = await livingSessions(trx, now)
      .select(['users.id as user_id', 'users.tenant_id', 'users.role', 'users.token_version', 'sessions.expires_at'])
      .where('sessions.id', '=', used.session_id)
      .executeTakeFirst();
    if (row === undefined) return { kind: 'refused' };
    return {
      kind: 'redeemed',
      owner: {
        sessionId: used.session_id,
        userId: row.user_id,
        tenantId: row.tenant_id,
        role: row.role,
        tokenVersion: row.token_version,
      },
      sessionExpiresAt: row.expires_at,
    };
  }
  const known = await findSessionOfToken(trx, hash);
  return known?.usedAt == null ? { kind: 'refused' } : { kind: 'reused', ...known };
}

export async function findSessionOfToken(
  db: Queries,
  hash: Buffer,
): Promise<{ sessionId: string; userId: string; tenantId: string; usedAt: Date | null } | null> {
  const row = await db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .select(['sessions.id', 'sessions.user_id', 'sessions.tenant_id', 'refresh_tokens.used_at'])
    .where('refresh_tokens.token_hash', '=', hash)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { sessionId: row.id, userId: row.user_id, tenantId: row.tenant_id, usedAt: row.used_at };
}

/** Ends one session; false when it had ended before. */
export async function markSessionEnded(
  trx: Transaction<GatewaySchema>,
  sessionId: string,
  reason: SessionEnd,
  now: Date,
): Promise<boolean> {
  const result = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: reason })
    .where('id', '=', sessionId)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Ends every session of a person and says which ones. */
export async function markSessionsOfUserEnded(
  trx: Transaction<GatewaySchema>,
  tenantId: string,
  userId: string,
  now: Date,
): Promise<string[]> {
  const rows = await trx
    .updateTable('sessions')
    .set({ ended_at: now, end_reason: 'user_changed' })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .returning('id')
    .execute();
  return rows.map((row) => row.id);
}

function livingSessions(db: Queries, now: Date) {
  return db
    .selectFrom('sessions')
    .innerJoin('users', (join) =>
      join
        .onRef('users.id', '=', 'sessions.user_id')
        .onRef('users.tenant_id', '=', 'sessions.tenant_id')
        .onRef('users.token_version', '=', 'sessions.token_version'),
    )
    .where('sessions.ended_at', 'is', null)
    .where('sessions.expires_at', '>', now)
    .where('users.status', '=', 'active');
}
