import { sql, type Kysely, type Transaction } from 'kysely';
import type { SignalKind } from '@signalbox/contracts';
import type { Schema } from '../app/schema.ts';
import type { SignalRow } from './signal-tables.ts';

/** Keeps what was said, unless something younger is known. False: something is. */
export async function saveSignal(trx: Transaction<Schema>, row: SignalRow): Promise<boolean> {
  const { numAffectedRows } = await sql`
    insert into signals (tenant_id, signal, subject, state, value, labels, details, at, expires_at)
    values (${row.tenant_id}, ${row.signal}, ${row.subject}, ${row.state}, ${row.value}, ${JSON.stringify(row.labels)}::jsonb,
      ${JSON.stringify(row.details)}::jsonb, ${row.at}, ${row.expires_at})
    on conflict (tenant_id, signal, subject) do update set
      value = case when signals.state = excluded.state then signals.value + 1 else excluded.value end,
      state = excluded.state, labels = excluded.labels,
      details = excluded.details, at = excluded.at, expires_at = excluded.expires_at
    where signals.at <= excluded.at`.execute(trx);
  return numAffectedRows === 1n;
}

/** What is known for a tenant, its installation's included. */
export async function listSignals(db: Kysely<Schema>, tenantId: string, signal: SignalKind): Promise<SignalRow[]> {
  return db
    .selectFrom('signals')
    .selectAll()
    .where('tenant_id', 'in', [tenantId, ''])
    .where('signal', '=', signal)
    .orderBy('subject')
    .execute();
}
