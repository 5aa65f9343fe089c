import type { ExponentialPoint } from './messages.ts';

export interface ExplicitBuckets {
  /** Ascending; one less than `counts`. */
  bounds: number[];
  counts: number[];
}

const bucketsMax = 2_000;

/**
 * An exponential histogram with its bounds written out. Bucket i reaches from base^i to base^(i + 1), where the base is
 * 2^(2^-scale); those of negative values mirror it, and between both lies what counts as zero. Null where a bound is no double.
 */
export function bucketsOf({
  scale = 0,
  zeroCount = 0,
  zeroThreshold = 0,
  ...point
}: ExponentialPoint): ExplicitBuckets | null {
  const { positive, negative } = point;
  const above = positive?.bucketCounts ?? [];
  const below = negative?.bucketCounts ?? [];
  if (above.length + below.length > bucketsMax) return null;
  const power = (index: number): number => 2 ** (index * 2 ** -scale);
  const bounds: number[] = [];
  const counts: number[] = [];
  if (below.length > 0) {
    const offset = negative?.offset ?? 0;
    bounds.push(-power(offset + below.length));
    // Nothing lies below the lowest bucket.
    counts.push(0);
    for (let index = below.length - 1; index >= 0; index -= 1) {
      bounds.push(-power(offset + index));
      counts.push(below[index] ?? 0);
    }
  }
  if (above.length > 0) {
    const offset = positive?.offset ?? 0;
    const least = power(offset);
    bounds.push(least);
    counts.push(zeroCount);
    above.forEach((count, index) => {
      bounds.push(power(offset + index + 1));
      counts.push(count);
    });
    counts.push(0);
  } else if (below.length > 0) {
    counts.push(zeroCount);
  } else {
    bounds.push(zeroThreshold);
    counts.push(zeroCount, 0);
  }
  const grow = bounds.every((bound, index) => Number.isFinite(bound) && bound > (bounds[index - 1] ?? -Infinity));
  return grow ? { bounds, counts } : null;
}
