import { AppError } from '@signalbox/errors';
import { resolve, unacknowledge, type AlertRecord, type Stepped } from './alert.ts';

/** What somebody does to an alert. */
export type AlertAct =
  | { kind: 'acknowledge'; note: string | null; until: Date | null }
  | { kind: 'unacknowledge' }
  | { kind: 'resolve'; note: string | null; hold: 'after_grace' | 'until_clear'; graceMs: number }
  | { kind: 'snooze'; until: Date; note: string | null }
  | { kind: 'unsnooze' }
  | { kind: 'assign'; assignee: string | null }
  | { kind: 'comment'; text: string };

/**
 * What an alert becomes by what `by` does to it. Doing again what has been done changes nothing; what makes no sense any more
 * is a `conflict` that says how things are.
 */
export function changeAlert(alert: AlertRecord, act: AlertAct, by: string, now: Date): Stepped {
  const nothing = { next: alert, changes: [] };
  switch (act.kind) {
    case 'acknowledge':
      return acknowledged(alert, act, by, now);
    case 'unacknowledge':
      return alert.acknowledged_at === null ? nothing : unacknowledge(alert, by, 'withdrawn');
    case 'resolve':
      return resolved(alert, act, by, now);
    case 'snooze': {
      if (act.until <= now) throw invalid('until', 'Expected a moment to come.');
      const details = { until: act.until.toISOString(), ...(act.note === null ? {} : { note: act.note }) };
      return { next: { ...alert, snoozed_until: act.until }, changes: [{ type: 'snoozed', by, details }] };
    }
    case 'unsnooze':
      if (alert.snoozed_until === null) return nothing;
      return { next: { ...alert, snoozed_until: null }, changes: [{ type: 'unsnoozed', by, details: {} }] };
    case 'assign':
      if (alert.assignee === act.assignee) return nothing;
      return {
        next: { ...alert, assignee: act.assignee },
        changes: [{ type: 'assigned', by, details: { assignee: act.assignee } }],
      };
    case 'comment':
      return { next: alert, changes: [{ type: 'commented', by, details: { text: act.text } }] };
  }
}

function acknowledged(
  alert: AlertRecord,
  { note, until }: Extract<AlertAct, { kind: 'acknowledge' }>,
  by: string,
  now: Date,
): Stepped {
  if (alert.state !== 'firing') throw conflict('Only an alert that fires can be acknowledged.', alert);
  if (until !== null && until <= now) throw invalid('until', 'Expected a moment to come.');
  if (alert.acknowledged_by === by && alert.acknowledged_note === note && sameMoment(alert.acknowledged_until, until))
    return { next: alert, changes: [] };
  const details = { ...(note === null ? {} : { note }), ...(until === null ? {} : { until: until.toISOString() }) };
  const said = { acknowledged_at: now, acknowledged_by: by, acknowledged_note: note, acknowledged_until: until };
  return { next: { ...alert, ...said }, changes: [{ type: 'acknowledged', by, details }] };
}

function resolved(
  alert: AlertRecord,
  { note, hold, graceMs }: Extract<AlertAct, { kind: 'resolve' }>,
  by: string,
  now: Date,
): Stepped {
  if (alert.state === 'resolved' || alert.state === 'inactive') {
    const isRepeated = alert.resolved_reason === 'manual' && alert.resolved_by === by && alert.resolved_note === note;
    if (isRepeated) return { next: alert, changes: [] };
    throw conflict('The alert has ended already.', alert);
  }
  const { next, changes } = resolve(alert, {
    reason: 'manual',
    at: now,
    by,
    ...(note === null ? {} : { note }),
  });
  const held =
    hold === 'until_clear'
      ? { held_until: null, held_until_clear: true }
      : { held_until: new Date(now.getTime() + graceMs), held_until_clear: false };
  return { next: { ...next, ...held }, changes };
}

function sameMoment(left: Date | null, right: Date | null): boolean {
  return left?.getTime() === right?.getTime();
}

function conflict(message: string, { state, resolved_by: by, resolved_at: at }: AlertRecord): AppError {
  return new AppError('conflict', message, {
    details: { state, resolved_by: by, resolved_at: at?.toISOString() ?? null },
  });
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
