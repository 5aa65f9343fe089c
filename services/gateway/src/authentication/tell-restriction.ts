import { principalRestricted } from '@signalbox/contracts';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { GatewaySchema } from '../app/schema.ts';

export interface Restriction {
  tenantId: string;
  principalId: string;
  /** What is left. */
  scopes: readonly string[];
  requestId: string;
  at: Date;
}

/** Tells, in the transaction that takes it away, that somebody may do less: whoever works on their behalf is to hear of it. */
export type TellRestriction = (trx: Transaction<GatewaySchema>, restriction: Restriction) => Promise<void>;

export function createTellRestriction(emitter: Emitter): TellRestriction {
  return async (trx, { tenantId, principalId, scopes, requestId, at }) => {
    const payload = { principal_id: principalId, scopes: [...scopes], at: at.toISOString() };
    const principal = { kind: 'service', principalId: 'gateway', tenantId, scopes: [] } as const;
    await emit(trx, emitter.outboxRows(principalRestricted, payload, { principal, requestId }));
  };
}
