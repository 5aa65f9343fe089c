import type { Kysely, Selectable, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { ApiKeysTable, GatewaySchema } from '../app/schema.ts';
import type { ApiKeyRecord } from './api-key.ts';

type Queries = Kysely<GatewaySchema> | Transaction<GatewaySchema>;

/** What the authenticator needs of a key. */
export interface KeyCredential {
  record: ApiKeyRecord;
  hash: Buffer;
  /** Of the tenant that runs this installation. */
  isOperator: boolean;
}

export interface NewApiKey {
  record: ApiKeyRecord;
  hash: Buffer;
  createdBy: string;
}

export async function insertApiKey(trx: Transaction<GatewaySchema>, { record, hash, createdBy }: NewApiKey) {
  await trx
    .insertInto('api_keys')
    .values({
      id: record.id,
      tenant_id: record.tenantId,
      name: record.name,
      key_hash: hash,
      hint: record.hint,
      scopes: record.scopes,
      requests_per_minute: record.requestsPerMinute,
      cost_units_per_minute: record.costUnitsPerMinute,
      created_at: record.createdAt,
      created_by: createdBy,
      expires_at: record.expiresAt,
    })
    .execute();
}

/** The only question without a tenant: the credential is what names it. */
export async function findKeyCredential(db: Queries, id: string): Promise<KeyCredential | null> {
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('tenants', 'tenants.id', 'api_keys.tenant_id')
    .selectAll('api_keys')
    .select('tenants.is_operator')
    .where('api_keys.id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : { record: toRecord(row), hash: row.key_hash, isOperator: row.is_operator };
}

export async function findApiKey(db: Queries, tenantId: string, id: string): Promise<ApiKeyRecord | null> {
  const row = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row === undefined ? null : toRecord(row);
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listApiKeys(
  db: Queries,
  tenantId: string,
  { after, backwards, fetch }: { after: string | null; backwards: boolean; fetch: number },
): Promise<ApiKeyRecord[]> {
  let query = db.selectFrom('api_keys').selectAll().where('tenant_id', '=', tenantId);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(fetch)
    .execute();
  return rows.map(toRecord);
}

export type ApiKeyChanges = Partial<Pick<ApiKeyRecord, 'name' | 'requestsPerMinute' | 'costUnitsPerMinute'>>;

/** Changes a key that is not revoked; null when there is none. */
export async function changeApiKey(
  trx: Transaction<GatewaySchema>,
  tenantId: string,
  id: string,
  changes: ApiKeyChanges,
): Promise<ApiKeyRecord | null> {
  const row = await trx
    .updateTable('api_keys')
    .set({
      ...(changes.name === undefined ? {} : { name: changes.name }),
      ...(changes.requestsPerMinute === undefined ? {} : { requests_per_minute: changes.requestsPerMinute }),
      ...(changes.costUnitsPerMinute === undefined ? {} : { cost_units_per_minute: changes.costUnitsPerMinute }),
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toRecord(row);
}

/** True when this call revoked it; false when it was revoked before or is not there. */
export async function markRevoked(
  trx: Transaction<GatewaySchema>,
  tenantId: string,
  id: string,
  now: Date,
): Promise<boolean> {
  const result = await trx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Lets a living key that was not replaced yet end at `endsAt` at the latest. False when there is none: another rotation won. */
export async function markReplaced(
  trx: Transaction<GatewaySchema>,
  tenantId: string,
  id: string,
  { replacedBy, endsAt, now }: { replacedBy: string; endsAt: Date; now: Date },
): Promise<boolean> {
  const result = await trx
    .updateTable('api_keys')
    .set((build) => ({
      replaced_by: replacedBy,
      expires_at: build.fn<Date>('least', ['expires_at', build.val(endsAt)]),
    }))
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .where('replaced_by', 'is', null)
    .where((build) => build.or([build('expires_at', 'is', null), build('expires_at', '>', now)]))
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

/** Notes when keys were used last, many in one statement; a later note never goes back in time. */
export async function noteLastUse(db: Queries, uses: ReadonlyMap<string, Date>): Promise<void> {
  const ids = [...uses.keys()];
  const times = [...uses.values()].map((time) => time.toISOString());
  await sql`
    UPDATE api_keys SET last_used_at = used.at
    FROM unnest(${ids}::text[], ${times}::timestamptz[]) AS used (id, at)
    WHERE api_keys.id = used.id AND (api_keys.last_used_at IS NULL OR api_keys.last_used_at < used.at)
  `.execute(db);
}

function toRecord(row: Selectable<ApiKeysTable>): ApiKeyRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    requestsPerMinute: row.requests_per_minute,
    costUnitsPerMinute: row.cost_units_per_minute,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    lastUsedAt: row.last_used_at,
    replacedBy: row.replaced_by,
  };
}
