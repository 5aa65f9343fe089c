import { alertSeverities, type AlertSeverity } from '@signalbox/contracts';
import type { LabelSet } from '../labels/label-set.ts';
import { fire, resolve, unacknowledge, type AlertChange, type AlertRecord, type Stepped } from './alert.ts';

/** What was seen of a condition at one moment. */
export interface Observation {
  /** `hold`: no breach any more, but not yet on the other side of the level at which it counts as ended. */
  kind: 'breach' | 'hold' | 'clear' | 'no_data';
  value: number | null;
  severity: AlertSeverity;
  annotations: LabelSet;
}

/** How a rule wants its observations taken. */
export interface StepPolicy {
  /** How long a breach must last before it fires. */
  forMs: number;
  /** How long it goes on firing after the first observation without a breach. */
  keepFiringMs: number;
  /** How long after the end of an episode the next one waits. One that is more severe does not wait. */
  cooldownMs: number;
  /** What nothing measured means: a breach, none, no change, or an end of its own kind. */
  noData: 'alert' | 'ok' | 'keep' | 'no_data';
  /** More beginnings and ends than these within so long are flapping. */
  flapping: { transitionsMax: number; withinMs: number };
}

/**
 * What an alert becomes by what was seen at `slot`. An observation that is not younger than the last one changes nothing, so
 * that the same pass may run twice, late, or in two places. It never fires before the breach has lasted for `forMs`.
 */
export function stepAlert(previous: AlertRecord, observation: Observation, slot: Date, policy: StepPolicy): Stepped {
  if (previous.last_slot !== null && slot <= previous.last_slot) return { next: previous, changes: [] };
  const seen: AlertRecord = {
    ...previous,
    last_slot: slot,
    updated_at: slot,
    value: observation.value ?? previous.value,
    no_data: observation.kind === 'no_data',
  };
  const stepped = stepCondition(seen, observation, slot, policy);
  return withFlapping(withLapsedAcknowledgement(stepped, slot), slot, policy);
}

function stepCondition(alert: AlertRecord, observation: Observation, slot: Date, policy: StepPolicy): Stepped {
  switch (observation.kind) {
    case 'breach':
      return breached(alert, observation, slot, policy);
    case 'hold':
      // It neither ends nor begins between the two levels, and what was to begin has to begin anew.
      return alert.state === 'firing' ? unchanged({ ...alert, keep_firing_since: null }) : calm(alert, slot);
    case 'clear':
      return cleared(alert, slot, policy, 'condition');
    case 'no_data':
      if (policy.noData === 'keep') return unchanged(alert);
      if (policy.noData === 'alert') return breached(alert, observation, slot, policy);
      return cleared(alert, slot, policy, policy.noData === 'ok' ? 'condition' : 'no_data');
  }
}

function breached(alert: AlertRecord, observation: Observation, slot: Date, policy: StepPolicy): Stepped {
  if (isHeld(alert, slot)) return unchanged(alert);
  const seen = { ...alert, annotations: observation.annotations, last_seen_at: slot, keep_firing_since: null };
  if (alert.state === 'firing') return confirmed({ ...seen, count: alert.count + 1 }, observation.severity);
  const begins = alert.active_since === null;
  const pending: AlertRecord = {
    ...seen,
    ...withSeverity(alert, observation.severity),
    state: 'pending',
    count: begins ? 1 : alert.count + 1,
    active_since: alert.active_since ?? slot,
  };
  const activeSince = pending.active_since ?? slot;
  const isDue = slot.getTime() - activeSince.getTime() >= policy.forMs && !isCooling(alert, observation, slot, policy);
  if (isDue) return fire(pending, slot);
  const changes: AlertChange[] = begins
    ? [{ type: 'pending', by: null, details: { value: observation.value, severity: observation.severity } }]
    : [];
  return { next: { ...pending, starts_at: activeSince }, changes };
}

function confirmed(alert: AlertRecord, severity: AlertSeverity): Stepped {
  // Within an episode it only gets worse: what has been told as critical is not told again as less.
  if (rankOf(severity) <= rankOf(alert.severity)) return unchanged(alert);
  const change: AlertChange = {
    type: 'severity_changed',
    by: null,
    details: { from: alert.severity, to: severity, value: alert.value },
  };
  const worse = { ...alert, ...withSeverity(alert, severity) };
  if (alert.acknowledged_at === null) return { next: worse, changes: [change] };
  const taken = unacknowledge(worse, null, 'severity');
  return { next: taken.next, changes: [change, ...taken.changes] };
}

function cleared(
  alert: AlertRecord,
  slot: Date,
  { keepFiringMs }: StepPolicy,
  reason: 'condition' | 'no_data',
): Stepped {
  if (alert.state !== 'firing') return calm({ ...alert, held_until_clear: false }, slot);
  const since = alert.keep_firing_since ?? slot;
  if (slot.getTime() - since.getTime() < keepFiringMs) return unchanged({ ...alert, keep_firing_since: since });
  return resolve(alert, { reason, at: slot });
}

/** What was pending has ended before it fired; an episode before it stays to be seen as it ended. */
function calm(alert: AlertRecord, slot: Date): Stepped {
  if (alert.state !== 'pending') return unchanged(alert);
  const { fired_at: firedAt, resolved_at: resolvedAt } = alert;
  const next: AlertRecord =
    firedAt === null || resolvedAt === null
      ? { ...alert, state: 'inactive', active_since: null, ends_at: slot }
      : { ...alert, state: 'resolved', active_since: null, starts_at: firedAt, ends_at: resolvedAt };
  return { next, changes: [{ type: 'cleared', by: null, details: {} }] };
}

function isHeld(alert: AlertRecord, slot: Date): boolean {
  if (alert.state === 'firing') return false;
  return alert.held_until_clear || (alert.held_until !== null && slot < alert.held_until);
}

function isCooling(alert: AlertRecord, observation: Observation, slot: Date, { cooldownMs }: StepPolicy): boolean {
  if (alert.resolved_at === null || rankOf(observation.severity) > rankOf(alert.severity)) return false;
  return slot.getTime() - alert.resolved_at.getTime() < cooldownMs;
}

function withSeverity({ labels }: AlertRecord, severity: AlertSeverity): Pick<AlertRecord, 'severity' | 'labels'> {
  return { severity, labels: { ...labels, severity } };
}

function rankOf(severity: string): number {
  return (alertSeverities as readonly string[]).indexOf(severity);
}

function withLapsedAcknowledgement({ next, changes }: Stepped, slot: Date): Stepped {
  if (next.acknowledged_until === null || next.acknowledged_until > slot) return { next, changes };
  const lapsed = unacknowledge(next, null, 'until');
  return { next: lapsed.next, changes: [...changes, ...lapsed.changes] };
}

function withFlapping({ next, changes }: Stepped, slot: Date, { flapping }: StepPolicy): Stepped {
  const transitions = next.transitions
    .filter((at) => slot.getTime() - at.getTime() < flapping.withinMs)
    .slice(-(flapping.transitionsMax + 1));
  const isFlapping = transitions.length > flapping.transitionsMax;
  const change: AlertChange[] =
    isFlapping === next.flapping
      ? []
      : [{ type: isFlapping ? 'flapping' : 'steady', by: null, details: { transitions: transitions.length } }];
  return { next: { ...next, transitions, flapping: isFlapping }, changes: [...changes, ...change] };
}

function unchanged(next: AlertRecord): Stepped {
  return { next, changes: [] };
}
