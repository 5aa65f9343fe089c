import { momentsOf } from './moments.ts';
import { studentTwoSided } from './student.ts';

/** Welch's t of two means, its degrees of freedom (Satterthwaite) and its two-sided p. */
export function welch(reference: Float64Array, current: Float64Array): { t: number; df: number; p: number } {
  const [first, second] = [momentsOf(reference), momentsOf(current)];
  const [v, w] = [first.m2 / (first.count - 1) / first.count, second.m2 / (second.count - 1) / second.count];
  const t = (first.mean - second.mean) / Math.sqrt(v + w);
  if (v + w === 0) return ofConstants(first.mean - second.mean);
  const df = (v + w) ** 2 / (v ** 2 / (first.count - 1) + w ** 2 / (second.count - 1));
  return { t, df, p: studentTwoSided(t, df) };
}

/** Where nothing varies the means are one, or they cannot be; there are no degrees of freedom. */
function ofConstants(difference: number): { t: number; df: number; p: number } {
  return difference === 0 ? { t: 0, df: Number.NaN, p: 1 } : { t: difference * Infinity, df: Number.NaN, p: 0 };
}
