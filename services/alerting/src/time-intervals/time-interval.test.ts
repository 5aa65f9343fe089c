import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { containsTime, intervalsMuting, isTimeZone, type TimeInterval } from './time-interval.ts';

type Pair = [number, number];
interface Vector {
  comment: string;
  times?: Pair[];
  weekdays?: Pair[];
  days_of_month?: Pair[];
  months?: Pair[];
  years?: Pair[];
  location: string;
  inside: string[];
  outside: string[];
}
const { time_interval: vectors } = JSON.parse(
  readFileSync(new URL('../../test/vectors/am-unit-vectors.json', import.meta.url), 'utf8'),
) as { time_interval: Vector[] };

function intervalOf({ times, weekdays, days_of_month: days, months, years, location }: Partial<Vector>): TimeInterval {
  const ranges = (pairs: Pair[] = []) => pairs.map(([first, last]) => ({ first, last }));
  return {
    times: (times ?? []).map(([start, end]) => ({ start, end })),
    weekdays: ranges(weekdays),
    daysOfMonth: ranges(days),
    months: ranges(months),
    years: ranges(years),
    location: location ?? 'UTC',
  };
}

/** `04 May 20 15:04 +0000` */
function momentOf(text: string): Date {
  const [day, month, year, time, zone = ''] = text.split(' ');
  return new Date(`${String(day)} ${String(month)} 20${String(year)} ${String(time)} GMT${zone}`);
}

describe('time intervals (B-45)', () => {
  it('contain and exclude the moments of the 8 cases, summer time in Sydney and New York among them', () => {
    expect(vectors).toHaveLength(8);
    for (const vector of vectors) {
      const contained = (moments: string[]) =>
        moments.map((text) => [text, containsTime(intervalOf(vector), momentOf(text))]);
      expect([vector.comment, contained(vector.inside)]).toEqual([
        vector.comment,
        vector.inside.map((text) => [text, true]),
      ]);
      expect([vector.comment, contained(vector.outside)]).toEqual([
        vector.comment,
        vector.outside.map((text) => [text, false]),
      ]);
    }
  });

  it('begin with the first minute of a range and end before its last', () => {
    const hours = intervalOf({ times: [[540, 1020]] });
    expect(containsTime(hours, new Date('2026-11-20T09:00:00Z'))).toBe(true);
    expect(containsTime(hours, new Date('2026-11-20T16:59:59Z'))).toBe(true);
    expect(containsTime(hours, new Date('2026-11-20T17:00:00Z'))).toBe(false);
    expect(containsTime(intervalOf({ times: [[0, 1440]] }), new Date('2026-11-20T23:59:00Z'))).toBe(true);
  });

  it('mute a route while it must be silent, or is not active', () => {
    const weekend = intervalOf({
      weekdays: [
        [6, 6],
        [0, 0],
      ],
    });
    const office = intervalOf({ times: [[540, 1020]] });
    const intervals = new Map([
      ['weekend', [weekend]],
      ['office', [office]],
    ]);
    const saturdayNoon = new Date('2026-11-21T12:00:00Z');
    const fridayNight = new Date('2026-11-20T23:00:00Z');
    const route = (mute: string[], active: string[]) => ({ muteTimeIntervals: mute, activeTimeIntervals: active });
    expect(intervalsMuting(route(['weekend'], []), intervals, saturdayNoon)).toEqual(['weekend']);
    expect(intervalsMuting(route(['weekend'], []), intervals, fridayNight)).toEqual([]);
    expect(intervalsMuting(route([], ['office']), intervals, fridayNight)).toEqual(['office']);
    expect(intervalsMuting(route(['weekend'], ['office']), intervals, saturdayNoon)).toEqual(['weekend']);
    expect(intervalsMuting(route([], []), intervals, fridayNight)).toEqual([]);
  });

  it('know time zones by their names', () => {
    expect([isTimeZone('Australia/Sydney'), isTimeZone('UTC'), isTimeZone('Mars/Olympus')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
