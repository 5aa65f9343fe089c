import { z } from 'zod';
import { defineJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

/** OD-14: what is worth a row in the audit log. */
export const AuditAction = z
  .enum([
    'login.succeeded',
    'login.failed',
    'login.locked',
    'session.refreshed',
    'session.reuse_detected',
    'session.ended',
    'credential.refused',
    'access.denied',
    'api_key.created',
    'api_key.updated',
    'api_key.rotated',
    'api_key.revoked',
    'user.created',
    'user.updated',
    'tenant.created',
    'limits.reloaded',
    'job.replayed',
    'job.deleted',
    'breaker.reset',
    'cache.cleared',
    'alert.changed',
    'alert.resolved',
    'alert_rule.changed',
    'alerting_configuration.changed',
    'channel.changed',
    'channel.tested',
    'delivery.replayed',
    'document.deleted',
    'document.uploaded',
    'escalation_policy.changed',
    'maintenance_window.changed',
    'party_review.decided',
    'silence.changed',
    'provider.changed',
    'research.approved',
    'research.cancelled',
    'research.deleted',
    'research.retried',
    'research_queue.changed',
    'routing.changed',
    'search_credential.changed',
    'system.changed',
    'tool.changed',
    'tool.granted',
    'budget.changed',
  ])
  .meta({ id: 'AuditAction' });
export type AuditAction = z.infer<typeof AuditAction>;

export const AuditEvent = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    tenant_id: z.string().nullable().describe('Null where no tenant could be told, as for a refused credential.'),
    actor: z.string().describe("The principal's id, or `anonymous`."),
    action: AuditAction,
    target: z.string().nullable(),
    outcome: z.enum(['ok', 'refused']),
    request_id: z.string().nullable(),
    ip: z.string().nullable(),
    details: z.record(z.string(), z.unknown()).describe('Facts about the act, never a secret.'),
  })
  .meta({ id: 'AuditEvent' });
export type AuditEvent = z.infer<typeof AuditEvent>;

export const recordAudit = defineJob({
  name: 'audit.record',
  version: 1,
  worker: 'gateway',
  payload: AuditEvent,
  attempts: 10,
});

export const listAuditEvents = defineRoute({
  operationId: 'listAuditEvents',
  service: 'gateway',
  method: 'get',
  path: '/api/v1/audit-events',
  tag: 'Audit',
  summary: "List the tenant's audit log, newest first",
  scope: 'audit:read',
  query: PageQuery.extend({
    action: AuditAction.optional().describe('Only acts of this kind.'),
    actor: z.string().max(64).optional().describe('Only acts of this principal.'),
  }),
  response: { status: 200, description: 'One page of events', schema: pageOf(AuditEvent) },
});

export const auditRoutes = [listAuditEvents] as const;
