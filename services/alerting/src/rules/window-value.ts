import type { SeriesCondition } from '@signalbox/contracts';

export type Aggregate = NonNullable<SeriesCondition['aggregate']>;

/** What was measured in one stretch of time. */
export interface Bucket {
  /** Its beginning, in milliseconds since 1970. */
  time: number;
  value: number | null;
  count: number;
}

/** Percentiles cannot be put together from parts. */
function isWhole(aggregate: Aggregate): boolean {
  return aggregate === 'p50' || aggregate === 'p95' || aggregate === 'p99';
}

/** How long the buckets are that a window is put together from: a thirtieth, whole seconds, at least one. */
export function stepMsOf(windowMs: number, aggregate: Aggregate): number {
  const seconds = Math.max(1, Math.round(windowMs / 1_000));
  if (isWhole(aggregate)) return seconds * 1_000;
  return Math.max(1, Math.floor(seconds / 30)) * 1_000;
}

/**
 * The value of a window that ends at `end`, from the buckets that begin in it. A percentile is that of the window of the
 * clock that is open at `end` once half of it is over, and of the one before until then. Null: nothing was measured.
 */
export function windowValue(
  buckets: readonly Bucket[],
  { end, windowMs, aggregate }: { end: number; windowMs: number; aggregate: Aggregate },
): number | null {
  const stepMs = stepMsOf(windowMs, aggregate);
  if (isWhole(aggregate)) {
    const open = Math.floor(end / stepMs) * stepMs;
    const wanted = end - open >= stepMs / 2 ? [open, open - stepMs] : [open - stepMs, open];
    const found = wanted
      .map((time) => buckets.find((bucket) => bucket.time === time))
      .filter((one) => one !== undefined);
    return found.find(({ count, value }) => count > 0 && value !== null)?.value ?? null;
  }
  // Buckets begin at multiples of their step, so the window does, too.
  const start = Math.floor((end - windowMs) / stepMs) * stepMs;
  const inside = buckets.filter(({ time, count, value }) => time >= start && time < end && count > 0 && value !== null);
  const values = inside.map(({ value }) => value ?? 0);
  const sum = values.reduce((total, value) => total + value, 0);
  const count = inside.reduce((total, bucket) => total + bucket.count, 0);
  switch (aggregate) {
    case 'count':
    case 'sum':
      return inside.length === 0 ? null : sum;
    case 'rate':
      return inside.length === 0 ? null : (sum * stepMs) / windowMs;
    case 'avg':
      return count === 0
        ? null
        : inside.reduce((total, bucket) => total + (bucket.value ?? 0) * bucket.count, 0) / count;
    case 'min':
      return inside.length === 0 ? null : Math.min(...values);
    case 'max':
      return inside.length === 0 ? null : Math.max(...values);
    case 'p50':
    case 'p95':
    case 'p99':
      return null;
  }
}
