/** What an integration was last told of a group: the alerts by fingerprint, and when that was decided. */
export interface LastSent {
  readonly firing: readonly string[];
  readonly resolved: readonly string[];
  readonly at: Date;
}

export type UpdateReason =
  | 'first_notification'
  | 'new_alerts'
  | 'all_resolved'
  | 'some_resolved'
  | 'repeat_interval_elapsed'
  /** What fired and ended in between was never told, so its end is not either. */
  | 'only_resolved_and_never_told'
  | 'nothing_new';

export interface UpdateVerdict {
  needed: boolean;
  reason: UpdateReason;
}

/**
 * Whether an integration has to be told of a group again. All alerts being resolved is an update even for one that is not
 * told of resolutions: it is recorded then, so that the next firing is news.
 */
export function needsUpdate(
  last: LastSent | null,
  { firing, resolved }: { firing: readonly string[]; resolved: readonly string[] },
  { sendResolved, repeatIntervalMs, now }: { sendResolved: boolean; repeatIntervalMs: number; now: Date },
): UpdateVerdict {
  if (last === null)
    return firing.length > 0 ? needed('first_notification') : notNeeded('only_resolved_and_never_told');
  if (!isSubset(firing, last.firing)) return needed(last.firing.length === 0 ? 'first_notification' : 'new_alerts');
  if (firing.length === 0)
    return last.firing.length > 0 ? needed('all_resolved') : notNeeded('only_resolved_and_never_told');
  if (sendResolved && !isSubset(resolved, last.resolved)) return needed('some_resolved');
  if (last.at.getTime() < now.getTime() - repeatIntervalMs) return needed('repeat_interval_elapsed');
  return notNeeded('nothing_new');
}

function needed(reason: UpdateReason): UpdateVerdict {
  return { needed: true, reason };
}

function notNeeded(reason: UpdateReason): UpdateVerdict {
  return { needed: false, reason };
}

function isSubset(part: readonly string[], whole: readonly string[]): boolean {
  const known = new Set(whole);
  return part.every((one) => known.has(one));
}
