import type { Aggregate, AggregatedBucket, Series } from '@signalbox/contracts';
import type { BucketGrid, CountedCell } from './query-series.ts';

type Bucket = Series['segments'][number]['buckets'][number];

/** All buckets of a grid in order, with what was counted in them, or as gaps. */
export function presentBuckets(
  { times, stepMs }: BucketGrid,
  cells: readonly CountedCell[],
  aggregate: Aggregate,
  ratesAreSums: boolean,
): Bucket[] {
  const byTime = new Map(cells.map((cell) => [cell.at, cell]));
  return times.map((at) => {
    const cell = byTime.get(at);
    const value = valueOf(cell, aggregate, stepMs / 1_000, ratesAreSums);
    return { time: isoTime(at), value, count: cell?.count ?? 0 };
  });
}

/** As `presentBuckets`, with every aggregate at once. */
export function presentAggregated({ times }: BucketGrid, cells: readonly CountedCell[]): AggregatedBucket[] {
  const byTime = new Map(cells.map((cell) => [cell.at, cell]));
  return times.map((at) => {
    const cell = byTime.get(at);
    const avg = cell === undefined ? null : cell.sum / cell.count;
    return {
      time: isoTime(at),
      value: avg,
      avg,
      min: cell?.min ?? null,
      max: cell?.max ?? null,
      count: cell?.count ?? 0,
      p50: cell?.p50 ?? null,
      p95: cell?.p95 ?? null,
      p99: cell?.p99 ?? null,
    };
  });
}

/** Null is a gap; of nothing there are none, their sum is 0, and so is how many there were a second. */
function valueOf(
  cell: CountedCell | undefined,
  aggregate: Aggregate,
  stepSeconds: number,
  ratesAreSums: boolean,
): number | null {
  if (cell === undefined) return aggregate === 'count' || aggregate === 'sum' || aggregate === 'rate' ? 0 : null;
  switch (aggregate) {
    case 'rate':
      return (ratesAreSums ? cell.sum : cell.count) / stepSeconds;
    case 'avg':
      return cell.sum / cell.count;
    case 'count':
    case 'sum':
    case 'min':
    case 'max':
    case 'p50':
    case 'p95':
    case 'p99':
      return cell[aggregate];
  }
}

export function isoTime(at: number): string {
  return new Date(at).toISOString();
}
