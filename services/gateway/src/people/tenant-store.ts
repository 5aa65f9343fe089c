import type { Kysely, Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';

type Queries = Kysely<GatewaySchema> | Transaction<GatewaySchema>;

export interface Tenant {
  id: string;
  name: string;
  createdAt: Date;
}

/** Opens a tenant. There is one operators' tenant at most: a second one is refused by the index `tenants_one_operator`. */
export async function insertTenant(
  trx: Transaction<GatewaySchema>,
  { id, name, createdAt }: Tenant,
  { isOperator }: { isOperator: boolean },
): Promise<void> {
  await trx.insertInto('tenants').values({ id, name, is_operator: isOperator, created_at: createdAt }).execute();
}

export async function isOperatorTenant(db: Queries, id: string): Promise<boolean> {
  const row = await db.selectFrom('tenants').select('is_operator').where('id', '=', id).executeTakeFirst();
  return row?.is_operator ?? false;
}

export async function findOperatorTenant(db: Queries): Promise<string | null> {
  const row = await db.selectFrom('tenants').select('id').where('is_operator', '=', true).executeTakeFirst();
  return row?.id ?? null;
}

/**
 * Makes whoever else would change who owns the tenant wait until this transaction ends. A weaker lock than `FOR UPDATE`,
 * with which the foreign keys of a login at the same time would be a deadlock.
 */
export async function lockTenant(trx: Transaction<GatewaySchema>, id: string): Promise<void> {
  await trx.selectFrom('tenants').select('id').where('id', '=', id).forNoKeyUpdate().execute();
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listTenants(
  db: Queries,
  { after, backwards, fetch }: { after: string | null; backwards: boolean; fetch: number },
): Promise<Tenant[]> {
  let query = db.selectFrom('tenants').select(['id', 'name', 'created_at']);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(fetch)
    .execute();
  return rows.map((row) => ({ id: row.id, name: row.name, createdAt: row.created_at }));
}
