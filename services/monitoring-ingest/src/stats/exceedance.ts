import { homogeneity } from './chi-square.ts';
import { lnFactorial } from './stirling.ts';

/**
 * P(all of `count` marked rows fall into the current sample) when n reference and m current rows are mixed at random: how
 * likely it is that so many current rows lie beyond every reference row, or have a value that no reference row has.
 */
export function allInCurrent(count: number, n: number, m: number): number {
  let probability = 1;
  for (let taken = 0; taken < count; taken += 1) probability *= (m - taken) / (n + m - taken);
  return probability;
}

/** Fisher's exact two-sided p that `a` of n and `b` of m come from one share: the tables no more likely than this one. */
function fisherExact(a: number, n: number, b: number, m: number): number {
  const marked = a + b;
  const lnTable = (inReference: number): number =>
    lnChoose(n, inReference) + lnChoose(m, marked - inReference) - lnChoose(n + m, marked);
  const observed = lnTable(a);
  let p = 0;
  for (let k = Math.max(0, marked - m); k <= Math.min(n, marked); k += 1) {
    const ln = lnTable(k);
    if (ln <= observed + 1e-7) p += Math.exp(ln);
  }
  return Math.min(1, p);
}

function lnChoose(n: number, k: number): number {
  return lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

/** The two-sided p that two shares are one: Fisher's where a cell expects less than 5, else chi-square. */
export function shareDifferenceP(a: number, n: number, b: number, m: number): number {
  const marked = a + b;
  const leastExpected = (Math.min(n, m) * Math.min(marked, n + m - marked)) / (n + m);
  if (leastExpected < 5) return fisherExact(a, n, b, m);
  return homogeneity({ reference: [a, n - a], current: [b, m - b] }).p;
}
