import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';

export interface KeptCredential {
  provider: string;
  sealed: string;
  hint: string;
  updatedAt: Date;
}

export async function listCredentials(db: Kysely<Schema>, tenantId: string): Promise<KeptCredential[]> {
  const rows = await db.selectFrom('search_credentials').selectAll().where('tenant_id', '=', tenantId).execute();
  return rows.map(({ provider, sealed, hint, updated_at: updatedAt }) => ({ provider, sealed, hint, updatedAt }));
}

export async function saveCredential(
  db: Kysely<Schema>,
  tenantId: string,
  { provider, sealed, hint, updatedAt: updated_at }: KeptCredential,
): Promise<void> {
  await db
    .insertInto('search_credentials')
    .values({ tenant_id: tenantId, provider, sealed, hint, updated_at })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'provider']).doUpdateSet({ sealed, hint, updated_at }))
    .execute();
}

/** False where there was none. */
export async function removeCredential(db: Kysely<Schema>, tenantId: string, provider: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('search_credentials')
    .where('tenant_id', '=', tenantId)
    .where('provider', '=', provider)
    .executeTakeFirst();
  return numDeletedRows === 1n;
}
