import type { Role } from '@signalbox/contracts';
import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { GatewaySchema, UsersTable } from '../app/schema.ts';
import { lockoutMs, loginAttemptsMax, type UserRecord } from './user.ts';

type Queries = Kysely<GatewaySchema> | Transaction<GatewaySchema>;

/** Adds a person. An address that somebody has is refused by the constraint `users_email_key`, in whatever tenant they are. */
export async function insertUser(
  trx: Transaction<GatewaySchema>,
  user: { id: string; tenantId: string; email: string; passwordHash: string; role: Role; createdAt: Date },
): Promise<UserRecord> {
  const row = await trx
    .insertInto('users')
    .values({
      id: user.id,
      tenant_id: user.tenantId,
      email: user.email,
      password_hash: user.passwordHash,
      role: user.role,
      status: 'active',
      created_at: user.createdAt,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRecord(row);
}

export async function findUser(db: Queries, tenantId: string, id: string): Promise<UserRecord | null> {
  const row = await db
    .selectFrom('users')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : toRecord(row);
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listUsers(
  db: Queries,
  tenantId: string,
  { after, backwards, fetch }: { after: string | null; backwards: boolean; fetch: number },
): Promise<UserRecord[]> {
  let query = db.selectFrom('users').selectAll().where('tenant_id', '=', tenantId);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(fetch)
    .execute();
  return rows.map(toRecord);
}

export async function countActiveOwners(trx: Transaction<GatewaySchema>, tenantId: string): Promise<number> {
  const { owners } = await trx
    .selectFrom('users')
    .select((build) => build.fn.countAll<string>().as('owners'))
    .where('tenant_id', '=', tenantId)
    .where('role', '=', 'owner')
    .where('status', '=', 'active')
    .executeTakeFirstOrThrow();
  return Number(owners);
}

/** Changes a person's rights; every access token they hold is void from now on, and a lock is lifted. */
export async function changeUser(
  trx: Transaction<GatewaySchema>,
  tenantId: string,
  id: string,
  changes: { role?: Role; passwordHash?: string; status?: 'active' | 'disabled' },
): Promise<UserRecord> {
  const row = await trx
    .updateTable('users')
    .set((build) => ({
      ...(changes.role === undefined ? {} : { role: changes.role }),
      ...(changes.passwordHash === undefined ? {} : { password_hash: changes.passwordHash }),
      ...(changes.status === undefined ? {} : { status: changes.status }),
      token_version: build('token_version', '+', 1),
      login_attempts: 0,
      locked_until: null,
    }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  return toRecord(row);
}

/** An account as a login needs it, after one of its attempts has been taken. */
export interface LoginAttempt {
  user: UserRecord;
  passwordHash: string;
  /** True for the last attempt before the account rests. */
  isLast: boolean;
}

/**
 * Takes one attempt to log in, before the password is looked at: however many guesses come at the same time, no more than
 * `loginAttemptsMax` get through. Null when there is no such account, or when it rests or is disabled.
 */
export async function takeLoginAttempt(db: Queries, email: string, now: Date): Promise<LoginAttempt | null> {
  const forgottenBefore = new Date(now.getTime() - lockoutMs);
  const until = new Date(now.getTime() + lockoutMs);
  const attempts = sql<number>`CASE
    WHEN locked_until IS NOT NULL OR last_attempt_at IS NULL OR last_attempt_at <= ${forgottenBefore} THEN 1
    ELSE login_attempts + 1
  END`;
  const row = await db
    .updateTable('users')
    .set({
      login_attempts: attempts,
      last_attempt_at: now,
      locked_until: sql<Date | null>`CASE WHEN ${attempts} >= ${loginAttemptsMax}::integer THEN ${until}::timestamptz END`,
    })
    .where('email', '=', email)
    .where('status', '=', 'active')
    .where((build) => build.or([build('locked_until', 'is', null), build('locked_until', '<=', now)]))
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  return { user: toRecord(row), passwordHash: row.password_hash, isLast: row.locked_until !== null };
}

/** Notes a login with the right password. False when the person was disabled or changed while it was checked. */
export async function markLoggedIn(
  trx: Transaction<GatewaySchema>,
  user: Pick<UserRecord, 'id' | 'tenantId' | 'tokenVersion'>,
  now: Date,
): Promise<boolean> {
  const result = await trx
    .updateTable('users')
    .set({ login_attempts: 0, locked_until: null, last_login_at: now })
    .where('tenant_id', '=', user.tenantId)
    .where('id', '=', user.id)
    .where('status', '=', 'active')
    .where('token_version', '=', user.tokenVersion)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

function toRecord(row: Selectable<UsersTable>): UserRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    email: row.email,
    role: row.role,
    status: row.status,
    tokenVersion: row.token_version,
    lockedUntil: row.locked_until,
    createdAt: row.created_at,
    lastLoginAt: row.last_login_at,
  };
}
