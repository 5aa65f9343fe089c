import { sampleMetrics } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { staleBuckets } from '../rollups/rollup-store.ts';
import { quantileOf } from '../rollups/sketch.ts';
import { planParts } from './plan-parts.ts';
import type { SampleFilter } from './sample-filter.ts';
import { readCells, type Cell, type CellRequest, type Segmentation } from './series-store.ts';
import { alignedTo, parseStep, resolutionOf, type Resolution, type Span } from './step.ts';

/** How long rows and rollups are kept, in days. Days are kept for good. */
export interface Kept {
  rowsDays: number;
  minutesDays: number;
  hoursDays: number;
}

const dayMs = 86_400_000;
/** More buckets than these, in all lines together, are no chart any more. */
const bucketsMax = 10_000;
export const segmentsMax = 50;

export interface BucketGrid {
  stepMs: number;
  span: Span;
  /** The beginnings of all buckets, in order. */
  times: readonly number[];
}

/** Lays whole buckets over a span. Throws `validation_failed`, naming the query's `stepName`, for what makes no sensible grid. */
export function layGrid(
  { step, from, to }: { step: string; from: number; to: number },
  { stepName = 'step', lines = 1 }: { stepName?: string; lines?: number } = {},
): BucketGrid {
  const stepMs = parseStep(step);
  if (stepMs === null) throw refuse(stepName, 'Expected a length such as 30s, 5m or 1h, from 1s to 168h.');
  if (from >= to) throw refuse('to', 'Expected a moment after `from`.');
  const span = alignedTo(stepMs, { from, to });
  const count = (span.to - span.from) / stepMs;
  if (count * lines > bucketsMax) {
    const most = Math.floor(bucketsMax / lines);
    throw refuse(stepName, `Expected at most ${String(most)} buckets: a longer step, or a shorter time.`);
  }
  return { stepMs, span, times: Array.from({ length: count }, (_, index) => span.from + index * stepMs) };
}

export interface CountRequest extends Omit<CellRequest, 'parts' | 'stepMs' | 'filter'> {
  filter: SampleFilter;
  span: Span;
  stepMs: number | null;
}

/** What was counted, with quantiles as values, and the coarsest rollup that helped. */
export interface Counted {
  cells: CountedCell[];
  resolution: Resolution;
}

export interface CountedCell extends Omit<Cell, 'p50' | 'p95' | 'p99'> {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Counts what the rows say, in one snapshot, with the help of rollups where there are any. */
export async function count(db: Kysely<Schema>, request: CountRequest): Promise<Counted> {
  const { span, filter } = request;
  const resolution = coarsestFor(request);
  const cells = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const stale = await staleBuckets(trx, {
        tenantId: filter.tenantId,
        modelId: filter.modelId,
        from: new Date(span.from),
        to: new Date(span.to),
      });
      return readCells(trx, { ...request, parts: planParts({ span, coarsest: resolution, stale }) });
    });
  return { resolution, cells: cells.map(withQuantiles) };
}

/** The coarsest rollup that can tell what is asked. */
function coarsestFor({ stepMs, filter, segmentBy, ofPoints }: CountRequest): Resolution {
  if (ofPoints === true || filter.tag !== undefined || isTag(segmentBy)) return 'raw';
  return stepMs === null ? '1d' : resolutionOf(stepMs);
}

/** Since when what is so fine is kept. Null: for good. */
export function keptSince(resolution: Resolution, kept: Kept, now: number): number | null {
  const days = { raw: kept.rowsDays, '1m': kept.minutesDays, '1h': kept.hoursDays, '1d': null }[resolution];
  return days === null ? null : (Math.floor(now / dayMs) - days) * dayMs;
}

export function refuse(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}

function withQuantiles(cell: Cell): CountedCell {
  const value = (key: number | null) => (key === null ? null : quantileOf(key, cell));
  return { ...cell, p50: value(cell.p50), p95: value(cell.p95), p99: value(cell.p99) };
}

/** Whether it is measured of samples. */
export function isSampleMetric(name: string): boolean {
  return (sampleMetrics as readonly string[]).includes(name);
}

function isTag(segmentBy: Segmentation | undefined): boolean {
  return typeof segmentBy === 'object';
}
