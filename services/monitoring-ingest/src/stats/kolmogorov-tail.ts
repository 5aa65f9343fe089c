import { kolmogorovCdfByMatrix } from './kolmogorov-matrix.ts';
import { kolmogorovCdfBySeries } from './kolmogorov-series.ts';
import { binomialTerm, stirlingError } from './stirling.ts';

/**
 * P(D_n ≥ d) of the two-sided one-sample statistic for n values (`kstwo.sf`): exact where that is affordable, else by
 * Pelz and Good's series; which where is as in Simard and L'Ecuyer, “Computing the two-sided Kolmogorov-Smirnov
 * distribution” (2011). NaN for n = 0.
 */
export function kolmogorovTail(n: number, d: number): number {
  if (n < 1) return Number.NaN;
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  const steps = n * d;
  if (steps <= 0.5) return 1;
  if (steps <= 1) return 1 - nearSmallest(n, steps);
  if (steps >= n - 1) return 2 * (1 - d) ** n;
  if (d >= 0.5) return clip(2 * smirnovTail(n, d));
  const square = steps * d;
  if (square >= 370) return 0;
  // Beyond, the two sides are never both exceeded, to all digits.
  if (n <= 140 ? square > 4 : square >= 2.2) return clip(2 * smirnovTail(n, d));
  const useMatrix = n <= 140 || (n <= 100_000 && n * d ** 1.5 <= 1.4);
  return clip(1 - (useMatrix ? kolmogorovCdfByMatrix(n, d) : kolmogorovCdfBySeries(n, d)));
}

/** n!·(2d − 1/n)^n for 1/(2n) ≤ d ≤ 1/n. */
function nearSmallest(n: number, steps: number): number {
  return Math.exp(stirlingError(n) + 0.5 * Math.log(2 * Math.PI * n) - n + n * Math.log(2 * steps - 1));
}

/** P(D_n⁺ ≥ d) of the one-sided statistic: Smirnov's sum, of positive terms only. */
function smirnovTail(n: number, d: number): number {
  let sum = Math.exp(n * Math.log1p(-d));
  const last = Math.floor(n * (1 - d));
  for (let j = 1; j <= last; j += 1) {
    const mean = n * d + j;
    if (mean >= n) break;
    sum += (d * n * binomialTerm(j, n, mean)) / mean;
  }
  return sum;
}

function clip(probability: number): number {
  return Math.min(1, Math.max(0, probability));
}
