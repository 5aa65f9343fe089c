import type { BudgetCrossed, ModelHealthChanged, ProviderStateChanged } from '@signalbox/contracts';
import type { SignalRow } from './signal-tables.ts';

/** What the other services' events say of their subjects. */
export function signalOfProvider({ connection_id: id, tenant_id: tenantId, to, at }: ProviderStateChanged): SignalRow {
  return {
    tenant_id: tenantId ?? '',
    signal: 'provider_state',
    subject: id,
    state: to,
    value: 1,
    labels: {},
    at: new Date(at),
    expires_at: null,
  };
}

/** A crossing is over with its period, and nobody tells of that. */
export function signalOfBudget(event: BudgetCrossed): SignalRow {
  const { tenant_id: tenantId, budget_id: id, level, unit, at } = event;
  return {
    tenant_id: tenantId,
    signal: 'budget',
    subject: `${id}/${level}/${unit}`,
    state: level,
    value: 1,
    labels: { budget_name: event.name, period: event.period, unit, limit: event.limit, budget_id: id },
    at: new Date(at),
    expires_at: endOf(event),
  };
}

/** How a model is, and apart from that whether its data drift. */
export function signalsOfModel(tenantId: string, event: ModelHealthChanged): SignalRow[] {
  const { model_id: subject, current, reasons } = event;
  const common = { tenant_id: tenantId, subject, value: 1, labels: {}, at: new Date(event.at), expires_at: null };
  const drifts = reasons.some(({ kind }) => kind === 'drift');
  return [
    { ...common, signal: 'model_health', state: current },
    { ...common, signal: 'drift', state: drifts ? 'drifting' : 'stable' },
  ];
}

function endOf({ period, period_start: start }: BudgetCrossed): Date {
  const end = new Date(start);
  switch (period) {
    case 'hour':
      end.setUTCHours(end.getUTCHours() + 1);
      return end;
    case 'day':
      end.setUTCDate(end.getUTCDate() + 1);
      return end;
    case 'month':
      end.setUTCMonth(end.getUTCMonth() + 1);
      return end;
  }
}
