/** When a group is looked at next. One for each route and set of group labels. */
export interface GroupTimer {
  readonly nextFlushAt: Date;
  /** Its first flush, which waits for `groupWaitMs`, is over; the others follow at `groupIntervalMs`. */
  readonly hasFlushed: boolean;
  /** Since when it holds no alert. After `emptyGroupKeptMs` it is as if it had never been. */
  readonly emptySince: Date | null;
}

export interface GroupIntervals {
  readonly groupWaitMs: number;
  readonly groupIntervalMs: number;
}

/** How long an empty group keeps its rhythm, in which an alert that comes back is told at the next beat. */
export const emptyGroupKeptMs = 30_000;

/**
 * The timer of a group once an alert has joined it, or was reported again. A new group waits for more alerts of its kind,
 * but not when the alert has been firing for longer than that wait: then it is told at once.
 */
export function joinGroup(
  timer: GroupTimer | null,
  alert: { startsAt: Date },
  { groupWaitMs, groupIntervalMs }: GroupIntervals,
  now: Date,
): GroupTimer {
  const group = timer === null || isForgotten(timer, now) ? begun(now, groupWaitMs) : timer;
  if (!group.hasFlushed) {
    const waited = alert.startsAt.getTime() + groupWaitMs < now.getTime();
    return { ...group, emptySince: null, nextFlushAt: waited && now < group.nextFlushAt ? now : group.nextFlushAt };
  }
  if (group.emptySince === null) return group;
  return { ...group, emptySince: null, nextFlushAt: nextBeat(group.nextFlushAt, groupIntervalMs, now) };
}

/** The timer after a flush at `now`. A flush that comes late does not shift the beats, but missed ones are not made up for. */
export function afterFlush(
  timer: GroupTimer,
  { groupIntervalMs }: Pick<GroupIntervals, 'groupIntervalMs'>,
  now: Date,
  isEmpty: boolean,
): GroupTimer {
  const emptySince = isEmpty ? (timer.emptySince ?? now) : null;
  return { hasFlushed: true, emptySince, nextFlushAt: nextBeat(timer.nextFlushAt, groupIntervalMs, now) };
}

/** The timer of a group as a freshly read configuration finds it: everything begins anew, but alerts that waited are due. */
export function restartGroup(alerts: readonly { startsAt: Date }[], intervals: GroupIntervals, now: Date): GroupTimer {
  return alerts.reduce((timer, alert) => joinGroup(timer, alert, intervals, now), begun(now, intervals.groupWaitMs));
}

/** Whether the group may be deleted; what was last sent for it is to be kept apart from it. */
export function isForgotten({ emptySince }: GroupTimer, now: Date): boolean {
  return emptySince !== null && now.getTime() - emptySince.getTime() >= emptyGroupKeptMs;
}

function begun(now: Date, groupWaitMs: number): GroupTimer {
  return { nextFlushAt: new Date(now.getTime() + groupWaitMs), hasFlushed: false, emptySince: null };
}

/** The first beat after `now`, counted from `beat`; `beat` itself if it lies ahead. */
function nextBeat(beat: Date, intervalMs: number, now: Date): Date {
  if (beat > now) return beat;
  const missed = Math.floor((now.getTime() - beat.getTime()) / intervalMs) + 1;
  return new Date(beat.getTime() + missed * intervalMs);
}
