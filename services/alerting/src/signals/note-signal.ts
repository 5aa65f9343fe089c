import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { nudgeRules } from '../rules/rule-store.ts';
import { saveSignal } from './signal-store.ts';
import type { SignalRow } from './signal-tables.ts';

/** Keeps what a service said, and has the rules about it evaluated at once. What comes late changes nothing. */
export async function noteSignal(trx: Transaction<Schema>, row: SignalRow, now: Date): Promise<void> {
  if (!(await saveSignal(trx, row))) return;
  await nudgeRules(trx, {
    tenantId: row.tenant_id === '' ? null : row.tenant_id,
    kind: 'signal',
    signal: row.signal,
    now,
  });
}
