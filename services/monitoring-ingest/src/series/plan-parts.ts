import { resolutionMs, resolutions, type Resolution, type Rollup, type Span } from './step.ts';

/** What is to be read from one table. */
export interface Part {
  resolution: Resolution;
  spans: readonly Span[];
}

/** The buckets (by their beginnings) that a rollup does not show as they are: rows came that it has not seen yet. */
export type StaleBuckets = Readonly<Record<Rollup, ReadonlySet<number>>>;

export interface PlanRequest {
  span: Span;
  /** Nothing coarser is read than this. */
  coarsest: Resolution;
  stale: StaleBuckets;
}

/**
 * Says which table answers for which stretch, so that together they cover the span once: rollups where they are whole and
 * fresh, the next finer ones at the ends and in place of those that are stale, at last the rows themselves. What is read so
 * is what a count of the rows would give, however far behind the rollups are.
 */
export function planParts({ span, coarsest, stale }: PlanRequest): Part[] {
  const spans: Record<Resolution, Span[]> = { raw: [], '1m': [], '1h': [], '1d': [] };
  cover(span, coarsest);
  return resolutions
    .filter((resolution) => spans[resolution].length > 0)
    .map((resolution) => ({
      resolution,
      spans: joined(spans[resolution]),
    }));

  function cover({ from, to }: Span, resolution: Resolution): void {
    if (from >= to) return;
    if (resolution === 'raw') {
      spans.raw.push({ from, to });
      return;
    }
    const ms = resolutionMs[resolution];
    const finer = finerThan[resolution];
    const first = Math.ceil(from / ms) * ms;
    const end = Math.floor(to / ms) * ms;
    if (first >= end) {
      cover({ from, to }, finer);
      return;
    }
    cover({ from, to: first }, finer);
    let freshFrom = first;
    for (const bucket of staleWithin(stale[resolution], first, end)) {
      if (freshFrom < bucket) spans[resolution].push({ from: freshFrom, to: bucket });
      cover({ from: bucket, to: bucket + ms }, finer);
      freshFrom = bucket + ms;
    }
    if (freshFrom < end) spans[resolution].push({ from: freshFrom, to: end });
    cover({ from: end, to }, finer);
  }
}

const finerThan: Readonly<Record<Rollup, Resolution>> = { '1d': '1h', '1h': '1m', '1m': 'raw' };

function staleWithin(stale: ReadonlySet<number>, from: number, to: number): number[] {
  return [...stale].filter((bucket) => bucket >= from && bucket < to).sort((one, other) => one - other);
}

/** In order, and without seams. */
function joined(spans: readonly Span[]): Span[] {
  const whole: Span[] = [];
  for (const span of [...spans].sort((one, other) => one.from - other.from)) {
    const last = whole.at(-1);
    if (last?.to === span.from) last.to = span.to;
    else whole.push({ ...span });
  }
  return whole;
}
