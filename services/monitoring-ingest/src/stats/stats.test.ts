import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { goldenCases } from '../../test/drift-golden.ts';
import { ksAsymptoticKstwo, ksExact, ksExactTiesAwareInSteps, ksStatistic } from './kolmogorov-smirnov.ts';
import { kolmogorovCdfByMatrix } from './kolmogorov-matrix.ts';
import { kolmogorovCdfBySeries } from './kolmogorov-series.ts';
import { kolmogorovTail } from './kolmogorov-tail.ts';
import { mergeMoments, momentsOf, noMoments } from './moments.ts';
import { benjaminiHochberg } from './multiple-testing.ts';
import { quantile, sorted } from './quantile.ts';
import { finish } from './steps.ts';
import { besselK } from './bessel-k.ts';
import { cramerVonMises } from './cramer-von-mises.ts';
import { studentTwoSided } from './student.ts';
import { chiSquareTail } from './tails.ts';
import { wasserstein } from './wasserstein.ts';

const casesOf = (kind: string) => goldenCases.filter((each) => each.kind === kind);
const smallSample = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 6 });

describe('summary statistics, as the sample file has them', () => {
  it('quantiles are of type 7', () => {
    for (const { values, probs, expected } of casesOf('quantile')) {
      const ascending = sorted(values as number[]);
      const found = (probs as number[]).map((probability) => quantile(ascending, probability));
      found.forEach((value, index) => {
        expect(value).toBeCloseTo((expected['type7'] as number[])[index] ?? Number.NaN, 12);
      });
    }
  });

  it('moments of parts merge into those of the whole, also far from zero', () => {
    for (const { values, partition_sizes: sizes, expected } of casesOf('moments')) {
      let from = 0;
      let merged = noMoments;
      for (const size of sizes as number[]) {
        merged = mergeMoments(merged, momentsOf((values as number[]).slice(from, from + size)));
        from += size;
      }
      const { mean, m2, min, max, count } = expected;
      for (const moments of [merged, momentsOf(values as number[])]) {
        expect(moments).toMatchObject({ mean, min, max, count });
        expect(Math.abs(moments.m2 - Number(m2))).toBeLessThanOrEqual(1e-9 * Number(m2));
      }
    }
  });

  it('p-values are adjusted as Benjamini and Hochberg do', () => {
    for (const { p, expected } of casesOf('multiple-testing')) {
      benjaminiHochberg(p as number[]).forEach((adjusted, index) => {
        expect(adjusted).toBeCloseTo((expected['benjamini_hochberg'] as number[])[index] ?? Number.NaN, 12);
      });
    }
  });
});

describe('the exact distributions of Kolmogorov and Smirnov', () => {
  it('the permutation p equals a count of all orders, with ties and without', () => {
    fc.assert(
      fc.property(smallSample, smallSample, (a, b) => {
        const [reference, current] = [sorted(a), sorted(b)];
        const statistic = ksStatistic(reference, current);
        const pooled = sorted([...a, ...b]);
        const splits = subsets(pooled.length, a.length).map((chosen) => {
          const [left, right] = [[] as number[], [] as number[]];
          pooled.forEach((value, index) => (chosen.has(index) ? left : right).push(value));
          return ksStatistic(sorted(left), sorted(right)).steps >= statistic.steps ? 1 : 0;
        });
        const share = splits.reduce<number>((total, reached) => total + reached, 0) / splits.length;
        expect(finish(ksExactTiesAwareInSteps(statistic, pooled))).toBeCloseTo(share, 10);
        expect(ksExact(statistic)).toBeGreaterThanOrEqual(share - 1e-12);
      }),
      { numRuns: 60 },
    );
  });

  it('the p without ties equals a count of all orders of values that differ', () => {
    for (const [n, m] of [
      [1, 1],
      [3, 5],
      [6, 6],
      [4, 7],
    ] as const) {
      const ranks = Array.from({ length: n + m }, (_, index) => index);
      const all = subsets(n + m, n).map((chosen) => {
        const [left, right] = [ranks.filter((rank) => chosen.has(rank)), ranks.filter((rank) => !chosen.has(rank))];
        return ksStatistic(sorted(left), sorted(right));
      });
      for (const statistic of all.slice(0, 40)) {
        const share = all.filter(({ steps }) => steps >= statistic.steps).length / all.length;
        expect(ksExact(statistic)).toBeCloseTo(share, 10);
      }
    }
  });

  it('keeps its digits where p is tiny', () => {
    // Two samples apart: 2 of all C(n + m, n) orders reach D = 1.
    const [n, m] = [150, 120];
    const apart = ksStatistic(
      Float64Array.from({ length: n }, (_, index) => index),
      Float64Array.from({ length: m }, (_, index) => 1_000 + index),
    );
    let orders = 1;
    for (let k = 1; k <= m; k += 1) orders = (orders * (n + k)) / k;
    expect(ksExact(apart) / (2 / orders)).toBeCloseTo(1, 9);
  });

  it('has the published values of one sample, and the same wherever two of its formulas meet', () => {
    // Marsaglia, Tsang and Wang give K(10, 0.274) = 0.6284796154565.
    expect(kolmogorovCdfByMatrix(10, 0.274)).toBeCloseTo(0.6284796154565, 12);
    expect(1 - kolmogorovCdfBySeries(20_000, 0.005)).toBeCloseTo(1 - kolmogorovCdfByMatrix(20_000, 0.005), 9);
    expect(kolmogorovTail(100, 0.21)).toBeCloseTo(1 - kolmogorovCdfByMatrix(100, 0.21), 9);
    // n!·(2d − 1/n)^n and 2·(1 − d)^n at the ends.
    expect(kolmogorovTail(5, 0.2)).toBeCloseTo(0.9616, 12);
    expect(kolmogorovTail(5, 0.9)).toBeCloseTo(2 * 0.1 ** 5, 12);
    expect([kolmogorovTail(7, 0), kolmogorovTail(7, 1), kolmogorovTail(0, 0.5)]).toEqual([1, 0, Number.NaN]);
  });

  it('falls as D grows, for every size', () => {
    for (const n of [3, 50, 140, 141, 1_000, 50_000]) {
      let previous = 1;
      for (let d = 0.001; d < 1; d += 0.004) {
        const p = kolmogorovTail(n, d);
        expect(p).toBeLessThanOrEqual(previous + 1e-5);
        previous = p;
      }
    }
  });

  it('is near its limit for large samples', () => {
    const shifted = (by: number) => Float64Array.from({ length: 3_000 }, (_, index) => index + by);
    const statistic = ksStatistic(shifted(0), shifted(90.5));
    expect(ksAsymptoticKstwo(statistic) / ksExact(statistic)).toBeCloseTo(1, 1);
  });
});

describe('tails and distances', () => {
  it('chi-square keeps its digits where p is tiny', () => {
    // With two degrees of freedom the tail is exp(−x/2).
    for (const x of [1, 50, 500, 1_400]) expect(chiSquareTail(x, 2) / Math.exp(-x / 2)).toBeCloseTo(1, 9);
    expect([chiSquareTail(0, 3), chiSquareTail(5, 0), chiSquareTail(Infinity, 3)]).toEqual([1, 1, 0]);
  });

  it('W1 of samples of one size is the mean distance of their sorted values', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(values, values, (a, b) => {
        const [reference, current] = [sorted(a), sorted(b)];
        const mean = reference.reduce((total, value, index) => total + Math.abs(value - (current[index] ?? 0)), 0) / 5;
        expect(Math.abs(wasserstein(reference, current) - mean)).toBeLessThanOrEqual(1e-9 * Math.max(1, mean));
      }),
    );
  });
});

/** All ways to choose k of n. */
function subsets(n: number, k: number): Set<number>[] {
  if (k === 0) return [new Set()];
  if (n < k) return [];
  return [...subsets(n - 1, k), ...subsets(n - 1, k - 1).map((chosen) => new Set([...chosen, n - 1]))];
}

describe('tests of two samples that have a closed law', () => {
  it("Student's p is right for few and many degrees of freedom, near 0 and far out", () => {
    for (const [t, df, p] of [
      [0.1, 1, 0.936548965138893],
      [2, 1.5, 0.22418833035605112],
      [-40, 30, 1.3726045194406417e-27],
      [3, 1e6, 0.0026998625414218],
      [0.5, 250, 0.6175148859192405],
    ] as const)
      expect(studentTwoSided(t, df) / p).toBeCloseTo(1, 9);
  });

  it("Bessel's K is right near 0 and far out", () => {
    for (const [x, value] of [
      [1, 0.430739774],
      [20, 5.75000207e-10],
    ] as const)
      expect(besselK(0.25, x) / value).toBeCloseTo(1, 8);
  });

  it("Cramér and von Mises' T does not change when the samples change places, and p falls when they part", () => {
    fc.assert(
      fc.property(smallSample, smallSample, (a, b) => {
        const [reference, current] = [sorted([...a, 1]), sorted([...b, 1])];
        const found = cramerVonMises(reference, current);
        expect(cramerVonMises(current, reference).statistic).toBeCloseTo(found.statistic, 12);
        expect(found.p).toBeGreaterThanOrEqual(0);
        expect(found.p).toBeLessThanOrEqual(1);
      }),
    );
    const apart = (by: number) =>
      cramerVonMises(sorted([1, 2, 3, 4, 5]), sorted([1 + by, 2 + by, 3 + by, 4 + by, 5 + by])).p;
    expect(apart(1)).toBeGreaterThan(apart(3));
    expect(apart(3)).toBeGreaterThan(apart(9));
  });
});
