import { normalTwoSided } from './tails.ts';

/** Mann and Whitney's U of the reference, and its two-sided p: normal, with ties and continuity corrected. */
export function mannWhitney(reference: Float64Array, current: Float64Array): { u: number; p: number } {
  const [n, m] = [reference.length, current.length];
  const size = n + m;
  let [i, j, before, rankSum, tieTerm] = [0, 0, 0, 0, 0];
  while (i < n || j < m) {
    const value = Math.min(reference[i] ?? Infinity, current[j] ?? Infinity);
    const from = i;
    while (i < n && reference[i] === value) i += 1;
    while (j < m && current[j] === value) j += 1;
    const tied = i + j - before;
    rankSum += (i - from) * (before + (tied + 1) / 2);
    tieTerm += tied ** 3 - tied;
    before = i + j;
  }
  const u = rankSum - (n * (n + 1)) / 2;
  const deviation = Math.sqrt(((n * m) / 12) * (size + 1 - tieTerm / (size * (size - 1))));
  if (!(deviation > 0)) return { u, p: 1 };
  return { u, p: normalTwoSided(Math.max(0, Math.abs(u - (n * m) / 2) - 0.5) / deviation) };
}
