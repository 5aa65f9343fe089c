import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import { createApiKey, type MadeApiKey } from '../keys/create-api-key.ts';
import { insertTenant, type Tenant } from './tenant-store.ts';

/** Opens a tenant with the one key that can do everything in it, and nothing outside of it. */
export async function openTenant(
  trx: Transaction<GatewaySchema>,
  { name, isOperator, createdBy }: { name: string; isOperator: boolean; createdBy: string },
  now: Date,
): Promise<{ tenant: Tenant; administrator: MadeApiKey }> {
  const tenant: Tenant = { id: newId('tenant', now.getTime()), name, createdAt: now };
  await insertTenant(trx, tenant, { isOperator });
  const administrator = await createApiKey(
    trx,
    {
      tenantId: tenant.id,
      name: 'First administrator',
      scopes: ['*'],
      requestsPerMinute: null,
      costUnitsPerMinute: null,
      expiresAt: null,
      createdBy,
    },
    now,
  );
  return { tenant, administrator };
}
