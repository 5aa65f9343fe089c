import type { Objective, ObjectiveChanges, ObjectiveInput, ObjectiveStatus } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { sketchEdge, sketchKey } from '../rollups/sketch.ts';
import type { Judgement, Tally } from './burn-rate.ts';
import type { ObjectiveRow } from './objective-store.ts';

/** What is left out has its default. */
export function newObjective(tenantId: string, input: ObjectiveInput, now: Date): ObjectiveRow {
  const { name, model_id = null, model_version = null, environment = null, target } = input;
  const { window_days = 30, no_data_after_minutes = 60, indicator } = input;
  return {
    ...{ id: newId('slo', now.getTime()), tenant_id: tenantId, name, model_id, model_version, environment },
    ...indicatorColumns(indicator),
    ...{ target, window_days, no_data_after_minutes, created_at: now, updated_at: now },
  };
}

export function changedObjective(before: ObjectiveRow, changes: ObjectiveChanges, now: Date): ObjectiveRow {
  const { name, target, window_days, no_data_after_minutes, indicator } = changes;
  return {
    ...before,
    name: name ?? before.name,
    target: target ?? before.target,
    window_days: window_days ?? before.window_days,
    no_data_after_minutes: no_data_after_minutes ?? before.no_data_after_minutes,
    ...(indicator === undefined ? {} : indicatorColumns(indicator)),
    updated_at: now,
  };
}

export function presentObjective({ tenant_id: _, kind, threshold_ms, ...row }: ObjectiveRow): Objective {
  return {
    ...row,
    indicator: threshold_ms === null || kind === 'availability' ? { kind: 'availability' } : { kind, threshold_ms },
    effective_threshold_ms: threshold_ms === null ? null : sketchEdge(thresholdKey(threshold_ms)),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function presentStatus(
  { id }: Pick<ObjectiveRow, 'id'>,
  { judgement, whole, from, at }: { judgement: Judgement; whole: Tally; from: number; at: number },
): ObjectiveStatus {
  const { state, alarms, rates, budget } = judgement;
  const iso = (moment: number) => new Date(moment).toISOString();
  return {
    objective_id: id,
    at: iso(at),
    state,
    window: { from: iso(from), to: iso(at), ...whole, attained: whole.total === 0 ? null : whole.good / whole.total },
    error_budget: budget,
    burn_rates: rates,
    alarms: alarms.map(({ severity, factor, long, short, longRate, shortRate }) => ({
      ...{ severity, factor, long_window: long, long_rate: longRate, short_window: short, short_rate: shortRate },
    })),
  };
}

/** What is told apart is what is at most the edge of the threshold's bucket; see `rollups/sketch.ts`. */
export function thresholdKey(thresholdMs: number): number {
  return sketchKey(thresholdMs) ?? 0;
}

function indicatorColumns(indicator: ObjectiveInput['indicator']): Pick<ObjectiveRow, 'kind' | 'threshold_ms'> {
  return { kind: indicator.kind, threshold_ms: indicator.kind === 'latency' ? indicator.threshold_ms : null };
}
