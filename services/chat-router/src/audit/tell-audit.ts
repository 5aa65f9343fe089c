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

/** Notes an act in the transaction that does it: both happen or neither does. The gateway keeps the log. */
export type TellAudit = (trx: Transaction<Schema>, act: AuditedAct) => Promise<void>;

export function createTellAudit(emitter: Emitter): TellAudit {
  return async (trx, { action, target, principal, requestId, details }) => {
    const event: AuditEvent = {
      id: newId('audit'),
      at: new Date().toISOString(),
      tenant_id: principal.tenantId,
      actor: principal.principalId,
      action,
      target,
      outcome: 'ok',
      request_id: requestId,
      // Only the gateway sees where a request came from; the request id leads there.
      ip: null,
      details: { ...details },
    };
    // The service says it, whoever did it: the actor need not hold any right to write to the audit log.
    const speaker = { kind: 'service', principalId: 'chat-router', tenantId: principal.tenantId, scopes: [] } as const;
    await emit(trx, emitter.outboxRows(recordAudit, event, { principal: speaker, requestId }, { id: event.id }));
  };
}
