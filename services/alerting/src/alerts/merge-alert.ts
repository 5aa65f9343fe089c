import type { LabelSet } from '../labels/label-set.ts';

/** What one report says of an alert: since when it holds, and until when it is taken to hold. */
export interface ReportedAlert {
  readonly labels: LabelSet;
  readonly annotations: LabelSet;
  readonly generatorUrl: string;
  readonly startsAt: Date;
  readonly endsAt: Date;
  /** Nobody said when it ends; `endsAt` is only how long the report counts. */
  readonly timeout: boolean;
  readonly updatedAt: Date;
}

export function isResolved({ endsAt }: Pick<ReportedAlert, 'endsAt'>, now: Date): boolean {
  return endsAt <= now;
}

/**
 * What is known of an alert once `posted` has arrived. Where one of its ends lies inside what was known, both are one: it
 * began at the earlier start, says what the younger report says, and an end that somebody named outranks one that is only
 * a time-out. Otherwise the report stands alone: nothing of an earlier occurrence is left in it.
 */
export function mergeAlert(known: ReportedAlert | null, posted: ReportedAlert, now: Date): ReportedAlert {
  if (known === null || !overlaps(known, posted)) return posted;
  return posted.updatedAt < known.updatedAt ? merged(posted, known, now) : merged(known, posted, now);
}

function overlaps(known: ReportedAlert, { startsAt, endsAt }: ReportedAlert): boolean {
  return (endsAt > known.startsAt && endsAt < known.endsAt) || (startsAt > known.startsAt && startsAt < known.endsAt);
}

function merged(older: ReportedAlert, younger: ReportedAlert, now: Date): ReportedAlert {
  const startsAt = older.startsAt < younger.startsAt ? older.startsAt : younger.startsAt;
  const later = older.endsAt > younger.endsAt;
  const keepsEnd = later && (isResolved(younger, now) ? isResolved(older, now) : !older.timeout);
  return { ...younger, startsAt, endsAt: keepsEnd ? older.endsAt : younger.endsAt };
}
