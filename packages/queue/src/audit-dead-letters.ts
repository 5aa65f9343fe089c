import { JobMessage, recordAudit, type AuditEvent, type ServiceName } from '@signalbox/contracts';
import { verifyIdentity, type IdentityKeys } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { createEmitter, type OutgoingMessage } from './emitter.ts';

const actions = { replayed: 'job.replayed', discarded: 'job.deleted' } as const;

/**
 * OD-14: makes the audit event of what an operator does with a dead letter on the command line; the `tell` of
 * `openDeadLetters` of @signalbox/postgres. It stands in the log of the tenant that the job was for, if that can be read.
 */
export function auditDeadLetters({
  service,
  identityKeys,
}: {
  service: ServiceName;
  identityKeys: IdentityKeys;
}): (act: 'replayed' | 'discarded', letter: { id: string; name: string; message: unknown }) => OutgoingMessage[] {
  const emitter = createEmitter({ service, identityKeys });
  return (act, { id, name, message }) => {
    const tenantId = tenantOf(identityKeys, service, message);
    const event: AuditEvent = {
      id: newId('audit'),
      at: new Date().toISOString(),
      tenant_id: tenantId,
      // Whoever may run a program beside the database needs no credential of ours, and so has no id.
      actor: 'operator',
      action: actions[act],
      target: id,
      outcome: 'ok',
      request_id: null,
      ip: null,
      details: { job: name },
    };
    const principal = { kind: 'service', principalId: service, tenantId: tenantId ?? 'none', scopes: [] } as const;
    return emitter.outboxRows(recordAudit, event, { principal, requestId: newId('req') }, { id: event.id });
  };
}

function tenantOf(identityKeys: IdentityKeys, service: ServiceName, message: unknown): string | null {
  const { data } = JobMessage.safeParse(message);
  if (data === undefined) return null;
  const binding = { audience: service, method: 'JOB', path: `${data.name}/${data.id}` };
  try {
    return verifyIdentity(identityKeys, binding, data.identity, { maxAgeMs: null }).principal.tenantId;
  } catch {
    // Nobody signed it: that may be why it lies here.
    return null;
  }
}
