import type { LabelSet } from '../labels/label-set.ts';
import { compileMatcher, matchesAll, type MatcherSpec } from '../matchers/matcher.ts';
import { containsTime, type TimeInterval } from '../time-intervals/time-interval.ts';

/** A stretch of the day in which alerts that fit are not told. */
export interface MaintenanceWindow {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly matchers: readonly MatcherSpec[];
  /** On which days it begins; 0 is Sunday. None: every day. */
  readonly weekdays: readonly number[];
  readonly startMinute: number;
  /** Not after `startMinute`: on the next day. */
  readonly endMinute: number;
  readonly timeZone: string;
  readonly createdAt: Date;
}

const dayMinutes = 1_440;

/** Whether a window is open at a moment, by the clock of its place, summer time included. */
export function isOpen(
  {
    weekdays,
    startMinute,
    endMinute,
    timeZone,
  }: Omit<MaintenanceWindow, 'id' | 'tenantId' | 'name' | 'matchers' | 'createdAt'>,
  moment: Date,
): boolean {
  const stretch = (days: readonly number[], start: number, end: number): TimeInterval => ({
    times: [{ start, end }],
    weekdays: days.map((day) => ({ first: day, last: day })),
    daysOfMonth: [],
    months: [],
    years: [],
    location: timeZone,
  });
  if (startMinute < endMinute) return containsTime(stretch(weekdays, startMinute, endMinute), moment);
  const nextDays = weekdays.map((day) => (day + 1) % 7);
  return (
    containsTime(stretch(weekdays, startMinute, dayMinutes), moment) ||
    (endMinute > 0 && containsTime(stretch(nextDays, 0, endMinute), moment))
  );
}

/** Says for a label set which open windows keep it quiet, by their ids. */
export function createWindowSilencer(
  windows: readonly MaintenanceWindow[],
  now: Date,
): (labels: LabelSet) => readonly string[] {
  const open = windows
    .filter((window) => isOpen(window, now))
    .map(({ id, matchers }) => ({ id, matchers: matchers.map(compileMatcher) }));
  return (labels) => open.filter(({ matchers }) => matchesAll(matchers, labels)).map(({ id }) => id);
}

/** `22:00` as minutes of the day. */
export function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
}

export function formatMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}
