import { budgetCrossed } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit, type Database } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';
import { insertCrossing } from './budget-store.ts';
import { formatUsd } from './nano-usd.ts';
import type { Crossing } from './budgets.ts';

/** Tells that a limit was crossed: once for each limit of each period, whoever else sees it at the same time. */
export function createTellCrossing(options: {
  database: Database<Schema>;
  emitter: Emitter;
  nudgeRelay: () => void;
}): (crossing: Crossing) => Promise<void> {
  const { database, emitter, nudgeRelay } = options;
  return async ({ meter, span, level, spent }) => {
    const { budget, unit } = meter;
    const limit = meter[level];
    if (limit === null) return;
    const shown = (amount: bigint): string => (unit === 'usd' ? formatUsd(amount) : String(amount));
    const payload = {
      tenant_id: budget.tenantId,
      budget_id: budget.id,
      name: budget.name,
      scope: budget.scope,
      period: budget.period,
      period_start: span.from.toISOString(),
      level,
      unit,
      limit: shown(limit),
      spent: shown(spent),
      at: new Date().toISOString(),
    };
    const principal = { kind: 'service', principalId: 'chat-router', tenantId: budget.tenantId, scopes: [] } as const;
    const rows = emitter.outboxRows(budgetCrossed, payload, { principal, requestId: newId('req') });
    await database.db.transaction().execute(async (trx) => {
      if (await insertCrossing(trx, meter, span, level, limit)) await emit(trx, rows);
    });
    nudgeRelay();
  };
}
