import type { AuditAction, AuditEvent } from '@signalbox/contracts';
import type { Kysely, Selectable } from 'kysely';
import type { AuditEventsTable, GatewaySchema } from '../app/schema.ts';

/** Adds an event; one that is there already stays as it is. */
export async function insertAuditEvent(db: Kysely<GatewaySchema>, event: AuditEvent): Promise<void> {
  await db
    .insertInto('audit_events')
    .values({ ...event, at: new Date(event.at), details: JSON.stringify(event.details) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listAuditEvents(
  db: Kysely<GatewaySchema>,
  tenantId: string,
  filter: { action?: AuditAction | undefined; actor?: string | undefined },
  { after, backwards, fetch }: { after: string | null; backwards: boolean; fetch: number },
): Promise<AuditEvent[]> {
  let query = db.selectFrom('audit_events').selectAll().where('tenant_id', '=', tenantId);
  if (filter.action !== undefined) query = query.where('action', '=', filter.action);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(fetch)
    .execute();
  return rows.map(present);
}

function present(row: Selectable<AuditEventsTable>): AuditEvent {
  return {
    id: row.id,
    at: row.at.toISOString(),
    tenant_id: row.tenant_id,
    actor: row.actor,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    request_id: row.request_id,
    ip: row.ip,
    details: row.details,
  };
}
