import type { AuditEvent, Scope } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { isUniqueViolation } from '@signalbox/postgres';
import type { Kysely } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';
import { insertAuditEvent } from '../audit/audit-store.ts';
import { createApiKey } from '../keys/create-api-key.ts';
import { openTenant } from './open-tenant.ts';
import { findOperatorTenant } from './tenant-store.ts';

const createdBy = 'create-admin';

/**
 * Opens the operators' tenant and gives back its first key, or null when there is one already: of several first starts at
 * once one gets the key. Whoever runs this holds the database, so no credential is asked for.
 */
export async function openOperators(db: Kysely<GatewaySchema>, now: Date): Promise<string | null> {
  if ((await findOperatorTenant(db)) !== null) return null;
  try {
    return await db.transaction().execute(async (trx) => {
      const command = { name: 'operators', isOperator: true, createdBy };
      const { tenant, administrator } = await openTenant(trx, command, now);
      await insertAuditEvent(trx, eventOf('tenant.created', tenant.id, tenant.id, now));
      await insertAuditEvent(trx, eventOf('api_key.created', tenant.id, administrator.record.id, now));
      return administrator.key;
    });
  } catch (error) {
    if (isUniqueViolation(error, 'tenants_one_operator')) return null;
    throw error;
  }
}

/** Makes one more key of scope `*` for the operators, for those who have lost theirs. Null when there is no such tenant. */
export async function addOperatorKey(db: Kysely<GatewaySchema>, now: Date): Promise<string | null> {
  const tenantId = await findOperatorTenant(db);
  if (tenantId === null) return null;
  return db.transaction().execute(async (trx) => {
    const scopes: Scope[] = ['*'];
    const limits = { requestsPerMinute: null, costUnitsPerMinute: null };
    const command = { tenantId, name: 'Recovered administrator', scopes, ...limits, expiresAt: null, createdBy };
    const { record, key } = await createApiKey(trx, command, now);
    await insertAuditEvent(trx, eventOf('api_key.created', tenantId, record.id, now));
    return key;
  });
}

function eventOf(action: AuditEvent['action'], tenantId: string, target: string, now: Date): AuditEvent {
  return {
    id: newId('audit', now.getTime()),
    at: now.toISOString(),
    tenant_id: tenantId,
    actor: createdBy,
    action,
    target,
    outcome: 'ok',
    request_id: null,
    ip: null,
    details: { scopes: ['*'] },
  };
}
