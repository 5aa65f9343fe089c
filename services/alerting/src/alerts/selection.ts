import type { AlertFilter } from '@signalbox/contracts';
import type { AlertSelection } from './alert-store.ts';

/** What a list's query selects. */
export function selectionOf(filter: AlertFilter, now: Date): AlertSelection {
  const since = filter.since_hours === undefined ? undefined : new Date(now.getTime() - filter.since_hours * 3_600_000);
  return {
    modelId: filter.model_id,
    severity: filter.severity,
    state: filter.state,
    resolved: filter.resolved,
    name: filter.name,
    alertType: filter.alert_type,
    ruleId: filter.rule_id,
    from: filter.from === undefined ? since : new Date(filter.from),
    to: filter.to === undefined ? undefined : new Date(filter.to),
  };
}
