import { fromDatabaseError, type Database } from '@signalbox/postgres';
import { sql, type QueryExecutorProvider } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** Whose key it is: another principal's of the same name is another key. */
export interface ReplayKey {
  tenantId: string;
  principalId: string;
  key: string;
}

export type ReplayRow =
  /** This process may run the request, until its lease is over. `isNew`: it takes it over from nobody. */
  | { kind: 'taken'; isNew: boolean }
  | { kind: 'running' }
  | { kind: 'done'; answer: Buffer }
  /** It was answered, and the answer was too large to be kept. */
  | { kind: 'not_kept' }
  /** The key was used for another request. */
  | { kind: 'other_request' };

/** Takes the key for `owner`, unless a running request has it or one that was answered. The database decides races. */
export async function takeKey(
  { pool }: Pick<Database<Schema>, 'pool'>,
  { tenantId, principalId, key }: ReplayKey,
  { fingerprint, owner, leaseMs, keepMs }: { fingerprint: Buffer; owner: string; leaseMs: number; keepMs: number },
): Promise<ReplayRow> {
  const values = [tenantId, principalId, key, fingerprint, owner, leaseMs, keepMs];
  try {
    const { rows } = await pool.query<{
      taken: boolean;
      is_new: boolean;
      state: string;
      fingerprint: Buffer;
      answer: Buffer | null;
    }>({
      name: 'take-idempotency-key',
      text: takeText,
      values,
    });
    const [row] = rows;
    // It was forgotten between the two looks of the statement: the next one takes it.
    if (row === undefined) return { kind: 'running' };
    if (row.taken) return { kind: 'taken', isNew: row.is_new };
    if (!fingerprint.equals(row.fingerprint)) return { kind: 'other_request' };
    if (row.state === 'running') return { kind: 'running' };
    return row.answer === null ? { kind: 'not_kept' } : { kind: 'done', answer: row.answer };
  } catch (thrown) {
    throw fromDatabaseError(thrown);
  }
}

// `xmax` is 0 in a row that was inserted, and not in one that was there before.
const takeText = `
  with taken as (
    insert into idempotency_keys as kept
      (tenant_id, principal_id, key, fingerprint, state, owner, lease_until, expires_at)
    values ($1, $2, $3, $4, 'running', $5, now() + $6 * interval '1 ms', now() + $7 * interval '1 ms')
    on conflict (tenant_id, principal_id, key) do update set
      fingerprint = excluded.fingerprint, state = 'running', owner = excluded.owner, answer = null,
      lease_until = excluded.lease_until, expires_at = excluded.expires_at
    where kept.expires_at < now()
      or (kept.state = 'running' and kept.lease_until < now() and kept.fingerprint = excluded.fingerprint)
    returning true as taken, xmax = 0 as is_new, state, fingerprint, answer
  )
  select * from taken
  union all
  select false, false, state, fingerprint, answer from idempotency_keys
  where tenant_id = $1 and principal_id = $2 and key = $3 and not exists (select from taken)`;

/** False when the lease was lost meanwhile. */
export async function renewLease(
  db: QueryExecutorProvider,
  { tenantId, principalId, key }: ReplayKey,
  owner: string,
  leaseMs: number,
): Promise<boolean> {
  const { numAffectedRows } = await sql`
    update idempotency_keys set lease_until = now() + ${leaseMs} * interval '1 ms'
    where tenant_id = ${tenantId} and principal_id = ${principalId} and key = ${key}
      and owner = ${owner} and state = 'running'`.execute(db);
  return (numAffectedRows ?? 0n) > 0n;
}

/** Keeps the answer; null: that there was one. */
export async function keepAnswer(
  db: QueryExecutorProvider,
  { tenantId, principalId, key }: ReplayKey,
  owner: string,
  answer: Buffer | null,
): Promise<void> {
  await sql`
    update idempotency_keys set state = 'done', answer = ${answer}
    where tenant_id = ${tenantId} and principal_id = ${principalId} and key = ${key} and owner = ${owner}`.execute(db);
}

/** The request came to nothing: whoever repeats it runs it. */
export async function releaseKey(
  db: QueryExecutorProvider,
  { tenantId, principalId, key }: ReplayKey,
  owner: string,
): Promise<void> {
  await sql`
    delete from idempotency_keys
    where tenant_id = ${tenantId} and principal_id = ${principalId} and key = ${key}
      and owner = ${owner} and state = 'running'`.execute(db);
}

/** Forgets what has been kept for long enough, a bounded number at a time. */
export async function forgetExpired(db: QueryExecutorProvider, countMax: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where ctid in (
      select ctid from idempotency_keys where expires_at < now() limit ${countMax} for update skip locked
    )`.execute(db);
  return Number(numAffectedRows ?? 0n);
}
