import * as contracts from '@signalbox/contracts';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { sketchRelativeError } from '../rollups/sketch.ts';
import { countCategories } from './count-categories.ts';
import { groupBy } from './group-by.ts';
import { pointKind } from './point-values-store.ts';
import { isoTime, presentAggregated, presentBuckets } from './present-series.ts';
import { presentDrift, presentSample } from './present-rows.ts';
import { prometheusText } from './prometheus-text.ts';
import { filterOf, spanOf } from './query-span.ts';
import {
  count,
  isSampleMetric,
  keptSince,
  layGrid,
  refuse,
  segmentsMax,
  type BucketGrid,
  type Kept,
} from './query-series.ts';
import { listDriftRows, listSampleRows } from './sample-row-store.ts';
import type { Segmentation } from './series-store.ts';
import type { Resolution } from './step.ts';
import { summarise } from './summarise.ts';

export interface SeriesRoutesDeps {
  /** Apart from what takes measurements in. */
  db: Kysely<Schema>;
  kept: Kept;
  now?: () => Date;
}

const hourMs = 3_600_000;

/** Mounts what is asked of samples and points: charts, sums and the rows themselves. */
export function mountSeriesRoutes(routes: Routes, { db, kept, now = () => new Date() }: SeriesRoutesDeps): void {
  const completeness = (resolution: Resolution, { stepMs, span }: BucketGrid) => {
    const at = now().getTime();
    const since = keptSince(resolution, kept, at);
    return {
      kept_since: since === null ? null : isoTime(since),
      open_since: span.to > at ? isoTime(Math.max(span.from, Math.floor(at / stepMs) * stepMs)) : null,
    };
  };

  const hoursAgo = (hours: number): Date => new Date(now().getTime() - hours * hourMs);

  mountRoute(routes, contracts.getSeries, async ({ principal, query }) => {
    const { metric, aggregate, step } = query;
    const ofPoints = (query.source ?? (isSampleMetric(metric) ? 'samples' : 'points')) === 'points';
    if (!ofPoints && !isSampleMetric(metric)) throw refuse('metric', 'Expected a metric of samples.');
    const segmentBy = segmentationOf(query.segment_by);
    const lines = segmentBy === undefined ? 1 : segmentsMax;
    const grid = layGrid({ step, ...spanOf(query, now(), 6 * hourMs) }, { lines });
    const filter = filterOf(principal.tenantId, query);
    const { cells, resolution } = await count(db, {
      filter,
      metrics: [metric],
      ofPoints,
      span: grid.span,
      stepMs: grid.stepMs,
      quantiles: isQuantile(aggregate),
      ...(segmentBy === undefined ? {} : { segmentBy, segmentsMax: segmentsMax + 1 }),
    });
    // A counter's values are what was added since the one before: their sum, not their number, is what came in a second.
    const kind = ofPoints ? await pointKind(db, principal.tenantId, metric) : null;
    const ratesAreSums = kind === 'counter' || kind === 'delta';
    const bySegment = groupBy(cells, ({ segment }) => segment);
    const segments = segmentBy === undefined ? [''] : [...bySegment.keys()];
    return {
      metric,
      aggregate,
      step,
      from: isoTime(grid.span.from),
      to: isoTime(grid.span.to),
      resolution,
      percentile_error: isQuantile(aggregate) && kind !== 'histogram' ? sketchRelativeError : null,
      completeness: completeness(resolution, grid),
      segments: segments.slice(0, segmentsMax).map((segment) => ({
        segment: segment === '' ? null : segment,
        buckets: presentBuckets(grid, bySegment.get(segment) ?? [], aggregate, ratesAreSums),
      })),
      more_segments: segments.length > segmentsMax,
    };
  });

  mountRoute(routes, contracts.getCategories, async ({ principal, query }) => {
    const grid = layGrid({ step: query.step, ...spanOf(query, now(), 24 * hourMs) });
    const filter = filterOf(principal.tenantId, query);
    const { resolution, buckets } = await countCategories(db, { filter, field: query.field, ...grid });
    return {
      field: query.field,
      step: query.step,
      from: isoTime(grid.span.from),
      to: isoTime(grid.span.to),
      resolution,
      completeness: completeness(resolution, grid),
      buckets,
    };
  });

  mountRoute(routes, contracts.getAggregatedMetrics, async ({ principal, query }) => {
    const to = now().getTime();
    const span = { from: to - query.since_hours * hourMs, to };
    const grid = layGrid({ step: query.window, ...span }, { stepName: 'window' });
    const metrics = ['latency_ms', 'throughput', 'error_rate', 'gpu_memory', 'cpu_usage', 'memory_usage'] as const;
    const { cells, resolution } = await count(db, {
      filter: filterOf(principal.tenantId, query),
      metrics,
      span: grid.span,
      stepMs: grid.stepMs,
      quantiles: true,
    });
    const byMetric = groupBy(cells, ({ metric }) => metric);
    const [latency, throughput, errorRate, gpu, cpu, memory] = metrics.map((metric) =>
      presentAggregated(grid, byMetric.get(metric) ?? []),
    ) as [Buckets, Buckets, Buckets, Buckets, Buckets, Buckets];
    return {
      window: query.window,
      from: isoTime(grid.span.from),
      to: isoTime(grid.span.to),
      resolution,
      percentile_error: sketchRelativeError,
      completeness: completeness(resolution, grid),
      aggregated_metrics: {
        latency,
        throughput,
        error_rate: errorRate,
        gpu_memory: gpu,
        cpu_usage: cpu,
        memory_usage: memory,
      },
    };
  });

  mountRoute(routes, contracts.getSummary, ({ principal, query }) => {
    const to = now().getTime();
    return summarise(db, filterOf(principal.tenantId, query), { from: to - query.since_hours * hourMs, to });
  });

  mountRoute(routes, contracts.listSamples, async ({ principal, query }) => {
    const list = contracts.listSamples.operationId;
    const start = pageStart(list, query, ['date', 'string']);
    const [time, seq] = start.after ?? [];
    const rows = await listSampleRows(db, {
      filter: filterOf(principal.tenantId, query),
      ...rowSpanOf(query, now()),
      after: time instanceof Date && typeof seq === 'string' && /^\d{1,18}$/.test(seq) ? { time, seq } : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ time: at, seq: place }) => [at, place], present: presentSample });
  });

  mountRoute(routes, contracts.listReportedDrift, async ({ principal, query }) => {
    const list = contracts.listReportedDrift.operationId;
    const start = pageStart(list, query, ['date', 'string']);
    const [time, id] = start.after ?? [];
    const rows = await listDriftRows(db, {
      tenantId: principal.tenantId,
      modelId: query.model_id,
      ...rowSpanOf(query, now()),
      after: time instanceof Date && typeof id === 'string' ? { time, id } : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.time, row.id], present: presentDrift });
  });

  mountRoute(routes, contracts.listSamplesAsMetrics, async ({ principal: { tenantId }, query }) => {
    const whole = { to: null, after: null, backwards: false, limit: query.limit };
    const filter = filterOf(tenantId, query);
    const rows = await listSampleRows(db, { filter, from: hoursAgo(query.since_hours), ...whole });
    return { metrics: rows.map(presentSample) };
  });

  mountRoute(routes, contracts.listDriftAsMetrics, async ({ principal: { tenantId }, query }) => {
    const whole = { to: null, after: null, backwards: false, limit: query.limit };
    const from = hoursAgo(query.since_hours);
    const rows = await listDriftRows(db, { tenantId, modelId: query.model_id, from, ...whole });
    return { drift_metrics: rows.map(presentDrift) };
  });

  mountRoute(routes, contracts.getPrometheusMetrics, ({ principal }) =>
    prometheusText(db, principal.tenantId, now().getTime()),
  );
}

type Buckets = contracts.AggregatedBucket[];

function isQuantile(aggregate: contracts.Aggregate): boolean {
  return aggregate === 'p50' || aggregate === 'p95' || aggregate === 'p99';
}

function rowSpanOf(
  { from, to, since_hours: hours }: { from?: string | undefined; to?: string | undefined; since_hours: number },
  now: Date,
): { from: Date; to: Date | null } {
  const begin = from === undefined ? new Date(now.getTime() - hours * hourMs) : new Date(from);
  const end = to === undefined ? null : new Date(to);
  if (end !== null && end <= begin) throw refuse('to', 'Expected a moment after `from`.');
  return { from: begin, to: end };
}

function segmentationOf(text: string | undefined): Segmentation | undefined {
  if (text === undefined) return undefined;
  if (text === 'model_id' || text === 'model_version' || text === 'environment') return text;
  return { tag: text.slice('tag:'.length) };
}
