/**
 * A quantile sketch is a count for each key: values are put into buckets whose edges grow by a constant factor, so that the
 * middle of a bucket is within 1 % of everything in it (Masson, Rim, Lee: DDSketch, VLDB 2019, without its bound on the
 * number of buckets). Counts of the same key add up, so merging any parts in any order gives the sketch of the whole.
 *
 * Keys keep the order of values: 0 is zero, positive values have positive keys, negative values negative ones. The database
 * makes the same keys by `sketch_key(float8)`.
 */

/** A quantile is within this part of a value that was measured: 0.01 is 1 %. */
export const sketchRelativeError = 0.01;

/** The edges of two neighbouring buckets are this far apart. */
const gamma = (1 + sketchRelativeError) / (1 - sketchRelativeError);
const logGamma = Math.log(gamma);

/** Above the power of any finite double, so that the keys of 0.001 and of 1000 are both positive. */
const keyOffset = 40_000;

/** The key of a finite value; null of what no sketch can hold (NaN and the infinities). */
export function sketchKey(value: number): number | null {
  if (!Number.isFinite(value)) return null;
  if (value === 0) return 0;
  const key = keyOffset + Math.ceil(Math.log(Math.abs(value)) / logGamma);
  return value > 0 ? key : -key;
}

/** The value that stands for all values of a key: none of them is further from it than `sketchRelativeError`. */
export function sketchValue(key: number): number {
  if (key === 0) return 0;
  // The middle by the relative error: 2 / (1 / lower + 1 / upper). The last bucket reaches beyond what a double can hold.
  const middle = Math.exp((Math.abs(key) - keyOffset) * logGamma + Math.log(2 / (gamma + 1)));
  return Math.min(middle, Number.MAX_VALUE) * Math.sign(key);
}

/** The largest value of a positive key: what is told apart exactly is what is at most this, and what is more. */
export function sketchEdge(key: number): number {
  return Math.exp((key - keyOffset) * logGamma);
}

/** A quantile from a sketch, held to what is known exactly: no quantile lies outside of the extremes. */
export function quantileOf(key: number, { min, max }: { min: number; max: number }): number {
  return Math.min(max, Math.max(min, sketchValue(key)));
}
