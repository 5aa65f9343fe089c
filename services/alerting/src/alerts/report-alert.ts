import { fire, resolve, type AlertRecord, type Stepped } from './alert.ts';
import { isResolved, mergeAlert, type ReportedAlert } from './merge-alert.ts';

/**
 * What an alert becomes by a report that was posted: merged as Alertmanager merges. What overlaps the present episode goes on
 * with it; anything else that holds is the next one. What somebody resolved by hand stays so for reports of what began before.
 */
export function reportAlert(previous: AlertRecord, posted: ReportedAlert, now: Date): Stepped {
  if (wasResolvedByHand(previous, posted)) return { next: { ...previous, last_seen_at: now }, changes: [] };
  const known = previous.state === 'inactive' ? null : reportOf(previous);
  const merged = mergeAlert(known, posted, now);
  const seen: AlertRecord = {
    ...previous,
    labels: merged.labels,
    annotations: merged.annotations,
    generator_url: merged.generatorUrl,
    starts_at: merged.startsAt,
    ends_at: merged.endsAt,
    timeout: merged.timeout,
    updated_at: merged.updatedAt,
    last_seen_at: now,
  };
  if (isResolved(merged, now)) return ended(previous, seen, merged);
  if (previous.state === 'firing') {
    const goesOn = previous.ends_at > now || merged !== posted || sameMoment(merged.startsAt, previous.starts_at);
    if (goesOn) return { next: { ...seen, count: previous.count + 1 }, changes: [] };
    const over = expireAlert(previous);
    const again = begun({ ...seen, transitions: over.next.transitions }, merged, now);
    return { next: again.next, changes: [...over.changes, ...again.changes] };
  }
  return begun(seen, merged, now);
}

function begun(seen: AlertRecord, { startsAt, endsAt }: ReportedAlert, now: Date): Stepped {
  const { next, changes } = fire({ ...seen, count: 1, severity: seen.labels['severity'] ?? '' }, now);
  return { next: { ...next, starts_at: startsAt, ends_at: endsAt }, changes };
}

function sameMoment(left: Date, right: Date): boolean {
  return left.getTime() === right.getTime();
}

/** What was posted and has outlived the last report of it. */
export function expireAlert(alert: AlertRecord): Stepped {
  return resolve(alert, { reason: alert.timeout ? 'timeout' : 'condition', at: alert.ends_at });
}

/** The alert as a report of it would say it. */
export function reportOf(alert: AlertRecord): ReportedAlert {
  return {
    labels: alert.labels,
    annotations: alert.annotations,
    generatorUrl: alert.generator_url,
    startsAt: alert.starts_at,
    endsAt: alert.ends_at,
    timeout: alert.timeout,
    updatedAt: alert.updated_at,
  };
}

function ended(previous: AlertRecord, seen: AlertRecord, { endsAt }: ReportedAlert): Stepped {
  if (previous.state === 'firing') {
    const { next, changes } = resolve(seen, { reason: 'condition', at: endsAt });
    return { next, changes };
  }
  // Its end came without its beginning: it is known, and nobody was told of it.
  return { next: { ...seen, state: 'resolved', resolved_at: endsAt, resolved_reason: 'condition' }, changes: [] };
}

function wasResolvedByHand(alert: AlertRecord, { startsAt }: ReportedAlert): boolean {
  if (alert.state !== 'resolved' || alert.resolved_reason !== 'manual' || alert.resolved_at === null) return false;
  return startsAt <= alert.resolved_at || (alert.held_until !== null && startsAt < alert.held_until);
}
