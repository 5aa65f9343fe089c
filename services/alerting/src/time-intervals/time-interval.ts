/** From `first` to `last`, both included. */
export interface InclusiveRange {
  readonly first: number;
  readonly last: number;
}

/** A recurring piece of time: a moment is inside if it fits every part that is given; a part fits if one of its ranges does. */
export interface TimeInterval {
  /** Minutes of the day, `end` excluded. */
  readonly times: readonly { readonly start: number; readonly end: number }[];
  /** 0 is Sunday. */
  readonly weekdays: readonly InclusiveRange[];
  /** -1 is the last day of the month. */
  readonly daysOfMonth: readonly InclusiveRange[];
  readonly months: readonly InclusiveRange[];
  readonly years: readonly InclusiveRange[];
  /** An IANA time zone, whose clock decides. */
  readonly location: string;
}

/** What the clock and the calendar on a wall say. */
interface WallClock {
  minute: number;
  weekday: number;
  day: number;
  month: number;
  year: number;
}

/** Whether a moment lies inside an interval, by the clock of the interval's place, summer time included. */
export function containsTime(interval: TimeInterval, moment: Date): boolean {
  const { minute, weekday, day, month, year } = wallClock(moment, interval.location);
  const { times } = interval;
  return (
    (times.length === 0 || times.some(({ start, end }) => minute >= start && minute < end)) &&
    fits(interval.weekdays, weekday) &&
    fitsDay(interval.daysOfMonth, day, new Date(Date.UTC(year, month, 0)).getUTCDate()) &&
    fits(interval.months, month) &&
    fits(interval.years, year)
  );
}

/**
 * The names of the intervals for which a route must be silent now: those that mute it and contain the moment; and if it is
 * active in certain intervals only and this moment is in none of them, all of those.
 */
export function intervalsMuting(
  route: { readonly muteTimeIntervals: readonly string[]; readonly activeTimeIntervals: readonly string[] },
  intervals: ReadonlyMap<string, readonly TimeInterval[]>,
  moment: Date,
): string[] {
  const inside = (name: string): boolean =>
    (intervals.get(name) ?? []).some((interval) => containsTime(interval, moment));
  const { activeTimeIntervals: active, muteTimeIntervals: mute } = route;
  if (active.length > 0 && !active.some(inside)) return [...active];
  return mute.filter(inside);
}

/** Whether this machine knows a time zone by that name. */
export function isTimeZone(name: string): boolean {
  try {
    formatOf(name);
    return true;
  } catch {
    return false;
  }
}

function fits(ranges: readonly InclusiveRange[], value: number): boolean {
  return ranges.length === 0 || ranges.some(({ first, last }) => value >= first && value <= last);
}

function fitsDay(ranges: readonly InclusiveRange[], day: number, daysInMonth: number): boolean {
  const counted = (from: number): number => (from < 0 ? daysInMonth + from + 1 : from);
  // What begins after the end of a short month is not in it; what reaches beyond either end of it is cut off there.
  return fits(
    ranges.map(({ first, last }) => ({ first: counted(first), last: counted(last) })),
    day,
  );
}

function wallClock(moment: Date, location: string): WallClock {
  const parts = Object.fromEntries(
    formatOf(location)
      .formatToParts(moment)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
  return {
    year,
    month,
    day,
    minute: hour * 60 + minute,
    weekday: new Date(Date.UTC(year, month - 1, day)).getUTCDay(),
  };
}

function formatOf(location: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: location === 'Local' ? undefined : location,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
}
