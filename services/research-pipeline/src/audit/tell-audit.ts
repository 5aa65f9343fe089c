import { recordAudit, type AuditEvent } from '@signalbox/contracts';
import type { Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** Something that somebody did, for the audit log. */
export interface AuditedAct {
  action: AuditEvent['action'];
  target: string;
  principal: Principal;
  requestId: string;
  /** Facts about the act, never a secret. */
  details: Readonly<Record<string, unknown>>;
}

/** OD-14: notes an act in the transaction that does it, for the gateway's audit log. */
export type TellAudit = (trx: Transaction<Schema>, act: AuditedAct) => Promise<void>;

export function createTellAudit(emitter: Emitter): TellAudit {
  return async (trx, { action, target, principal, requestId, details }) => {
    const { tenantId, principalId } = principal;
    const event: AuditEvent = {
      id: newId('audit'),
      at: new Date().toISOString(),
      tenant_id: tenantId,
      actor: principalId,
      action,
      target,
      outcome: 'ok',
      request_id: requestId,
      ip: null,
      details: { ...details },
    };
    // Whoever did it need not hold any right to write to the audit log, so the service says it.
    const speaker = { kind: 'service', principalId: 'research-pipeline', tenantId, scopes: [] } as const;
    await emit(trx, emitter.outboxRows(recordAudit, event, { principal: speaker, requestId }, { id: event.id }));
  };
}
