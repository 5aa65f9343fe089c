import { besselK } from './bessel-k.ts';

/** Below it the limit law gives 1 to all digits. */
const leastStatistic = 0.003;
/** The series ends behind the first term that is smaller, as the sample file's does. */
const leastTerm = 1e-7;

/** Cramér and von Mises' two-sample statistic T by midranks (Anderson, 1962), and its p by the limit law. */
export function cramerVonMises(reference: Float64Array, current: Float64Array): { statistic: number; p: number } {
  const [n, m] = [reference.length, current.length];
  const [product, size] = [n * m, n + m];
  let [i, j, ofReference, ofCurrent] = [0, 0, 0, 0];
  while (i < n || j < m) {
    const value = Math.min(reference[i] ?? Infinity, current[j] ?? Infinity);
    const [fromI, fromJ] = [i, j];
    while (i < n && reference[i] === value) i += 1;
    while (j < m && current[j] === value) j += 1;
    const rank = (fromI + fromJ + i + j + 1) / 2;
    ofReference += squaresFrom(rank, fromI, i);
    ofCurrent += squaresFrom(rank, fromJ, j);
  }
  const statistic = (n * ofReference + m * ofCurrent) / (product * size) - (4 * product - 1) / (6 * size);
  const mean = (1 + 1 / size) / 6;
  const variance =
    ((size + 1) * (4 * product * size - 3 * (n * n + m * m) - 2 * product)) / (45 * size * size * 4 * product);
  return { statistic, p: limitTail(1 / 6 + (statistic - mean) / Math.sqrt(45 * variance)) };
}

/** Σ (rank − k)² over the places k = from + 1 … to. */
function squaresFrom(rank: number, from: number, to: number): number {
  const [count, apart] = [to - from, rank - from];
  return count * apart ** 2 - apart * count * (count + 1) + (count * (count + 1) * (2 * count + 1)) / 6;
}

/** P(W² ≥ x) of the limit law (Anderson and Darling, 1952). */
function limitTail(x: number): number {
  if (x < leastStatistic) return 1;
  let [below, ratio] = [0, Math.sqrt(Math.PI)];
  for (let k = 0; ; k += 1) {
    if (k > 0) ratio *= (k - 0.5) / k;
    const y = 4 * k + 1;
    const q = y ** 2 / (16 * x);
    const term = (ratio / (Math.PI ** 1.5 * Math.sqrt(x))) * Math.sqrt(y) * Math.exp(-q) * besselK(0.25, q);
    below += term;
    if (term < leastTerm) return Math.max(0, 1 - below);
  }
}
