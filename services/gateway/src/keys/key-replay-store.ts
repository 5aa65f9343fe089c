import { sql, type Kysely, type Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';

/** Whose `Idempotency-Key` it is: another principal's of the same name is another one. */
export interface KeyReplayId {
  tenantId: string;
  principalId: string;
  idempotencyKey: string;
}

/** What an earlier request of the same `Idempotency-Key` made. */
export interface KeyReplay {
  fingerprint: Buffer;
  apiKeyId: string;
  sealedKey: string | null;
}

/**
 * Takes the `Idempotency-Key` for this transaction: null. Another transaction that has it is waited for, and gives what it
 * made, if it was committed and is not over yet.
 */
export async function takeKeyReplay(
  trx: Transaction<GatewaySchema>,
  { tenantId, principalId, idempotencyKey }: KeyReplayId,
  { fingerprint, now, expiresAt }: { fingerprint: Buffer; now: Date; expiresAt: Date },
): Promise<KeyReplay | null> {
  const fresh = { fingerprint, api_key_id: null, sealed_key: null, expires_at: expiresAt };
  const taken = await trx
    .insertInto('api_key_replays')
    .values({ tenant_id: tenantId, principal_id: principalId, idempotency_key: idempotencyKey, ...fresh })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'principal_id', 'idempotency_key'])
        .doUpdateSet(fresh)
        .where('api_key_replays.expires_at', '<=', now),
    )
    .returning('expires_at')
    .executeTakeFirst();
  if (taken !== undefined) return null;
  const row = await trx
    .selectFrom('api_key_replays')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('principal_id', '=', principalId)
    .where('idempotency_key', '=', idempotencyKey)
    .executeTakeFirstOrThrow();
  if (row.api_key_id === null) throw new TypeError('an idempotency key is taken, and no key was made for it');
  return { fingerprint: row.fingerprint, apiKeyId: row.api_key_id, sealedKey: row.sealed_key };
}

/** Says what the transaction that took it has made. */
export async function keepKeyReplay(
  trx: Transaction<GatewaySchema>,
  { tenantId, principalId, idempotencyKey }: KeyReplayId,
  { apiKeyId, sealedKey }: Omit<KeyReplay, 'fingerprint'>,
): Promise<void> {
  await trx
    .updateTable('api_key_replays')
    .set({ api_key_id: apiKeyId, sealed_key: sealedKey })
    .where('tenant_id', '=', tenantId)
    .where('principal_id', '=', principalId)
    .where('idempotency_key', '=', idempotencyKey)
    .execute();
}

/** Forgets what has been kept for long enough, a bounded number at a time. */
export async function forgetKeyReplays(db: Kysely<GatewaySchema>, now: Date): Promise<void> {
  await sql`
    DELETE FROM api_key_replays WHERE ctid IN (
      SELECT ctid FROM api_key_replays WHERE expires_at <= ${now} LIMIT 1000 FOR UPDATE SKIP LOCKED
    )`.execute(db);
}
