import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { scoreAnomalies, scoreMax, type SeriesPoint } from './score-anomalies.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const start = Date.parse('2026-01-05T00:00:00Z');

/** Numbers that look random and are the same each time (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Busy by day and on weekdays, with noise of 5 %. */
function seasonal(at: number, random: () => number): number {
  const hour = (at / hourMs) % 24;
  const weekend = (Math.floor(at / dayMs) + 3) % 7 >= 5;
  return (weekend ? 0.4 : 1) * (100 + 80 * Math.sin((2 * Math.PI * (hour - 9)) / 24)) * (1 + 0.05 * normal(random));
}

const hours = (count: number, valueAt: (at: number) => number | null): SeriesPoint[] =>
  Array.from({ length: count }, (_, index) => ({ at: start + index * hourMs, value: valueAt(start + index * hourMs) }));

describe('the seasonal anomaly score (B-22)', () => {
  it('finds labelled anomalies in a seasonal series with a precision and a recall of at least 0.9', () => {
    let [found, missed, falseAlarms] = [0, 0, 0];
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = generator(seed);
      const from = start + 28 * dayMs;
      const labelled = new Set(Array.from({ length: 8 }, () => from + Math.floor(random() * 168) * hourMs));
      const points = hours(
        35 * 24,
        (at) => seasonal(at, random) * (labelled.has(at) ? (random() < 0.5 ? 2.2 : 0.2) : 1),
      );
      for (const { at, score } of scoreAnomalies(points, from)) {
        const flagged = Math.abs(score ?? 0) >= 5;
        if (flagged && labelled.has(at)) found += 1;
        if (flagged && !labelled.has(at)) falseAlarms += 1;
        if (!flagged && labelled.has(at)) missed += 1;
      }
    }
    expect(found / (found + missed)).toBeGreaterThanOrEqual(0.9);
    expect(found / (found + falseAlarms)).toBeGreaterThanOrEqual(0.9);
  });

  it('does not take the morning for an anomaly, which a score without seasons does', () => {
    const random = generator(7);
    const points = hours(35 * 24, (at) => seasonal(at, random));
    const scored = scoreAnomalies(points, start + 28 * dayMs);
    expect(scored.every(({ baseline }) => baseline === 'hour_of_week')).toBe(true);
    expect(scored.filter(({ score }) => Math.abs(score ?? 0) >= 5).length).toBeLessThanOrEqual(2);
  });

  it('falls back from the hour of the week to that of the day to all, and says which, and at last says nothing', () => {
    const flat = (days: number) =>
      scoreAnomalies(
        hours(days * 24 + 1, () => 5),
        start + days * dayMs,
      )[0];
    expect(flat(28)).toMatchObject({ baseline: 'hour_of_week', score: 0 });
    expect(flat(12)).toMatchObject({ baseline: 'hour_of_day', score: 0 });
    expect(flat(2)).toMatchObject({ baseline: 'recent', compared: 48, score: 0 });
    expect(flat(0.5)).toEqual({
      at: start + 12 * hourMs,
      value: 5,
      baseline: null,
      compared: 12,
      expected: null,
      score: null,
    });
  });

  it('scores what never varied by its floor, and a first error after none at the bound', () => {
    const after = (before: number, value: number) =>
      scoreAnomalies([...hours(100, () => before), { at: start + 100 * hourMs, value }], start + 100 * hourMs)[0]
        ?.score;
    expect(after(200, 206)).toBeCloseTo(3, 9);
    expect(after(0, 0.01)).toBe(scoreMax);
    expect(after(0, 0)).toBe(0);
  });

  it('does not change a score when more is known', () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.double({ noNaN: true, min: -1e6, max: 1e6 })), { minLength: 40, maxLength: 300 }),
        fc.nat(),
        (values, cut) => {
          const points = values.map((value, index) => ({ at: start + index * hourMs, value }));
          const known = points.slice(0, 30 + (cut % (points.length - 30)));
          const then = scoreAnomalies(known, start);
          expect(scoreAnomalies(points, start).slice(0, then.length)).toEqual(then);
        },
      ),
    );
  });

  it('neither scores a gap nor compares with one', () => {
    const points = hours(49, (at) => (at < start + dayMs ? null : 3));
    expect(scoreAnomalies(points, start).map(({ at }) => at)).toEqual(points.slice(24).map(({ at }) => at));
    expect(scoreAnomalies(points, start).at(-1)).toMatchObject({ compared: 24, baseline: 'recent' });
  });
});
