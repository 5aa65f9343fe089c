import type { BudgetCrossed, ModelHealthChanged, ProviderStateChanged, ResearchFinished } from '@signalbox/contracts';
import { oneLine, shorten } from '../channels/describe-message.ts';
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
    details: {},
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
    details: {},
    at: new Date(at),
    expires_at: endOf(event),
  };
}

/** How a model is, and apart from that whether its data drift. */
export function signalsOfModel(tenantId: string, event: ModelHealthChanged): SignalRow[] {
  const { model_id: subject, current, reasons } = event;
  const common = {
    tenant_id: tenantId,
    subject,
    value: 1,
    labels: {},
    details: {},
    at: new Date(event.at),
    expires_at: null,
  };
  const drifts = reasons.some(({ kind }) => kind === 'drift');
  return [
    { ...common, signal: 'model_health', state: current },
    { ...common, signal: 'drift', state: drifts ? 'drifting' : 'stable' },
  ];
}

const shownMax = 200;

/** How a tenant's research ends, one job after the other. Null: one that was called off says nothing of it. */
export function signalOfResearch(event: ResearchFinished, now: Date): SignalRow | null {
  const { tenant_id: tenantId, job_id: jobId, status, topic, error } = event;
  if (status === 'cancelled') return null;
  return {
    tenant_id: tenantId,
    signal: 'research',
    subject: 'research',
    state: status,
    value: 1,
    labels: {},
    details: {
      job_id: jobId,
      topic: shorten(oneLine(topic), shownMax),
      error: shorten(oneLine(error ?? ''), shownMax),
    },
    at: now,
    expires_at: null,
  };
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
