import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { quantileOf, sketchEdge, sketchKey, sketchRelativeError, sketchValue } from './sketch.ts';

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
// Rounding of the logarithm may put a value that lies on an edge into the neighbouring bucket.
const rounding = 1e-9;

describe('the quantile sketch (MX-3, MX-4)', () => {
  it('stands for every finite value with an error of at most 1 %', () => {
    fc.assert(
      fc.property(finite, (value) => {
        const key = sketchKey(value) ?? Number.NaN;
        // Below what a double can hold to 16 digits, the value itself is the error.
        if (Math.abs(value) < 1e-300) return;
        expect(Math.abs(sketchValue(key) - value)).toBeLessThanOrEqual(
          Math.abs(value) * (sketchRelativeError + rounding),
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the order of values in that of their keys, below zero as well', () => {
    fc.assert(
      fc.property(finite, finite, (one, other) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        expect(sketchKey(low)).toBeLessThanOrEqual(sketchKey(high) ?? Number.NaN);
      }),
      { numRuns: 2_000 },
    );
    expect([sketchKey(-5), sketchKey(0), sketchKey(5)].map((key) => Math.sign(key ?? 0))).toEqual([-1, 0, 1]);
  });

  it('is the same however the values are cut into parts: merging adds counts', () => {
    const countsOf = (values: readonly number[]): Map<number, number> => {
      const counts = new Map<number, number>();
      for (const value of values) {
        const key = sketchKey(value);
        if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      return counts;
    };
    fc.assert(
      fc.property(fc.array(finite), fc.nat(), (values, at) => {
        const cut = values.length === 0 ? 0 : at % values.length;
        const merged = countsOf(values.slice(cut));
        for (const [key, count] of countsOf(values.slice(0, cut))) merged.set(key, (merged.get(key) ?? 0) + count);
        expect(merged).toEqual(countsOf(values));
      }),
    );
  });

  it('holds neither NaN nor an infinity', () => {
    expect([Number.NaN, Infinity, -Infinity].map(sketchKey)).toEqual([null, null, null]);
  });

  it('tells apart exactly at its edges', () => {
    const key = sketchKey(250) ?? Number.NaN;
    const edge = sketchEdge(key);
    expect(edge).toBeGreaterThanOrEqual(250);
    expect(edge).toBeLessThan(250 * 1.0203);
    expect(sketchKey(edge * (1 - rounding))).toBe(key);
    expect(sketchKey(edge * (1 + rounding))).toBe(key + 1);
  });

  it('never gives a quantile outside of what was measured', () => {
    const key = sketchKey(100) ?? Number.NaN;
    expect(quantileOf(key, { min: 100, max: 100 })).toBe(100);
    expect(quantileOf(key, { min: 0, max: 200 })).toBe(sketchValue(key));
  });
});
