import { kolmogorovLimitTail } from './kolmogorov-limit.ts';
import { kolmogorovTail } from './kolmogorov-tail.ts';
import { finish } from './steps.ts';

const cellsPerStep = 2_000_000;

/** The two-sample statistic as a fraction: D = `steps` / `lcm`, in integers, so that equal distances are equal. */
export interface KsStatistic {
  n: number;
  m: number;
  /** Of n and m. */
  lcm: number;
  /** D in steps of 1/lcm. */
  steps: number;
  d: number;
}

/** D of two samples in ascending order, neither of them empty. */
export function ksStatistic(reference: Float64Array, current: Float64Array): KsStatistic {
  const n = reference.length;
  const m = current.length;
  const divisor = gcd(n, m);
  const [perReference, perCurrent] = [m / divisor, n / divisor];
  let [i, j, steps] = [0, 0, 0];
  while (i < n && j < m) {
    const [left, right] = [reference[i] ?? Infinity, current[j] ?? Infinity];
    const value = left < right ? left : right;
    while (i < n && reference[i] === value) i += 1;
    while (j < m && current[j] === value) j += 1;
    const gap = i * perReference - j * perCurrent;
    if (gap > steps) steps = gap;
    else if (-gap > steps) steps = -gap;
  }
  const lcm = n * perReference;
  return { n, m, lcm, steps, d: steps / lcm };
}

/** How many cells of the lattice the exact p takes, ties ignored. */
export function exactCells({ n, m, d }: KsStatistic): number {
  return n * m * Math.min(1, 2 * d);
}

/**
 * P(D ≥ d) over all orders in which the two samples can lie, all equally likely: the share of lattice paths that reach
 * |i/n − j/m| ≥ d. Ties are ignored (conservative). Only positive terms are added, so a tiny p keeps its digits.
 */
export function ksExact(statistic: KsStatistic): number {
  return finish(ksExactInSteps(statistic));
}

/** Nothing of it depends on when it goes on: it pauses after so many cells, for a process that has other things to do. */
export function* ksExactInSteps({ n, m, lcm, steps }: KsStatistic): Generator<undefined, number> {
  if (steps === 0) return 1;
  const [perReference, perCurrent] = [lcm / n, lcm / m];
  // One row of the lattice: the share of paths to (i, j) that have been outside. Outside the strip it is 1.
  const row = new Float64Array(m + 1).fill(1);
  let cells = 0;
  for (let i = 0; i <= n; i += 1) {
    const middle = i * perReference;
    const first = Math.max(0, Math.floor((middle - steps) / perCurrent) + 1);
    const last = Math.min(m, Math.ceil((middle + steps) / perCurrent) - 1);
    if (first > 0) row[first - 1] = 1;
    for (let j = first; j <= last; j += 1) {
      if (i + j === 0) row[j] = 0;
      else row[j] = (i * (row[j] ?? 1) + j * (row[j - 1] ?? 1)) / (i + j);
    }
    cells += last - first + 1;
    if (cells > cellsPerStep) {
      cells = 0;
      yield;
    }
  }
  return Math.min(1, row[m] ?? 1);
}

/** The permutation p given the pooled sample: D can only be reached where the value changes, so ties weigh as they should. */
export function* ksExactTiesAwareInSteps(
  { n, m, lcm, steps }: KsStatistic,
  pooled: Float64Array,
): Generator<undefined, number> {
  if (steps === 0) return 1;
  const [perReference, perCurrent] = [lcm / n, lcm / m];
  const row = new Float64Array(m + 1);
  let cells = 0;
  for (let i = 0; i <= n; i += 1) {
    for (let j = 0; j <= m; j += 1) {
      const taken = i + j;
      const valueChanges = taken === n + m || pooled[taken - 1] !== pooled[taken];
      if (taken === 0) row[j] = 0;
      else if (valueChanges && Math.abs(i * perReference - j * perCurrent) >= steps) row[j] = 1;
      else row[j] = (i * (row[j] ?? 0) + (j === 0 ? 0 : j * (row[j - 1] ?? 0))) / taken;
    }
    cells += m;
    if (cells > cellsPerStep) {
      cells = 0;
      yield;
    }
  }
  return Math.min(1, row[m] ?? 1);
}

/** P(D_en ≥ d) with en = n·m/(n+m) rounded half to even; NaN where that is 0 (one value against one). */
export function ksAsymptoticKstwo({ n, m, d }: KsStatistic): number {
  return kolmogorovTail(roundHalfToEven((n * m) / (n + m)), d);
}

export function ksAsymptoticKolmogorov({ n, m, d }: KsStatistic): number {
  return kolmogorovLimitTail(Math.sqrt((n * m) / (n + m)) * d);
}

/** With Stephens' correction of λ for small samples. */
export function ksAsymptoticStephens({ n, m, d }: KsStatistic): number {
  const root = Math.sqrt((n * m) / (n + m));
  return kolmogorovLimitTail((root + 0.12 + 0.11 / root) * d);
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  if (part !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
