import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findTrend } from './trend.ts';

const oneSeason = (): number => 0;
const line = (values: readonly number[]) => values.map((value, at) => ({ at, value }));

describe('a trend (B-22)', () => {
  it('is the median of all slopes, and as likely as its pairs say', () => {
    // Every pair counted by hand: 0, 1, 3, 4 rise by 6 of 6 pairs.
    const trend = findTrend(line([0, 1, 3, 4]), oneSeason);
    expect(trend?.slope).toBeCloseTo((4 / 3 + 1.5) / 2, 12);
    // S = 6, Var S = 4·3·13/18, Z = 5/√Var.
    expect(trend?.pValue).toBeCloseTo(0.0894, 4);
  });

  it('is exactly the line that values lie on, whatever a fifth of them says instead', () => {
    const values = fc.record({
      slope: fc.integer({ min: -50, max: 50 }),
      offset: fc.integer({ min: -1_000, max: 1_000 }),
      wild: fc.uniqueArray(fc.integer({ min: 0, max: 39 }), { maxLength: 5 }),
    });
    fc.assert(
      fc.property(values, ({ slope, offset, wild }) => {
        const points = line(Array.from({ length: 40 }, (_, at) => (wild.includes(at) ? 1e6 : offset + slope * at)));
        const trend = findTrend(points, oneSeason);
        expect(trend?.slope).toBeCloseTo(slope, 6);
        expect(trend?.levelAt(40)).toBeCloseTo(offset + slope * 40, 6);
        expect(trend?.low).toBeLessThanOrEqual(slope + 1e-9);
        expect(trend?.high).toBeGreaterThanOrEqual(slope - 1e-9);
      }),
    );
  });

  it('is none where nothing changes, and none that comes and goes with the season', () => {
    expect(findTrend(line(Array.from({ length: 30 }, () => 7)), oneSeason)).toMatchObject({ slope: 0, pValue: 1 });
    const waves = line(Array.from({ length: 24 * 7 }, (_, at) => 100 + 50 * Math.sin((at / 24) * 2 * Math.PI)));
    const trend = findTrend(
      waves.map(({ at, value }) => ({ at, value: Math.round(value * 1e6) / 1e6 })),
      (at) => at % 24,
    );
    expect(trend).toMatchObject({ slope: 0, pValue: 1 });
    expect(findTrend(line([1]), oneSeason)).toBeNull();
  });

  it('is found by chance no more often than is said', () => {
    let found = 0;
    let state = 7;
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state / 2 ** 32;
    };
    for (let round = 0; round < 400; round += 1) {
      const trend = findTrend(line(Array.from({ length: 48 }, random)), oneSeason);
      if ((trend?.pValue ?? 1) < 0.05) found += 1;
    }
    expect(found / 400).toBeLessThan(0.08);
  });
});
