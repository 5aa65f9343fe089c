import type { Aggregate } from '@signalbox/contracts';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { pointKind } from '../series/point-values-store.ts';
import { presentBuckets } from '../series/present-series.ts';
import { count, isSampleMetric, layGrid } from '../series/query-series.ts';
import type { SampleFilter } from '../series/sample-filter.ts';
import type { Span } from '../series/step.ts';
import { scoreAnomalies, type Scored } from './score-anomalies.ts';

export interface AnomalySearch {
  filter: SampleFilter;
  metric: string;
  aggregate: Aggregate;
  step: string;
  /** What is scored. */
  span: Span;
  historyDays: number;
}

const dayMs = 86_400_000;

/** Scores the buckets of a series. Those that are not over by `now` are not scored: they are always less than they become. */
export async function findAnomalies(
  db: Kysely<Schema>,
  { filter, metric, aggregate, step, span, historyDays }: AnomalySearch,
  now: number,
): Promise<{ span: Span; scored: Scored[] }> {
  const { span: asked, stepMs } = layGrid({ step, ...span });
  const over = Math.min(asked.to, Math.floor(now / stepMs) * stepMs);
  const grid = layGrid({ step, from: asked.from - historyDays * dayMs, to: Math.max(over, asked.from) });
  const ofPoints = !isSampleMetric(metric);
  const { cells } = await count(db, {
    filter,
    metrics: [metric],
    ofPoints,
    span: grid.span,
    stepMs,
    quantiles: aggregate === 'p50' || aggregate === 'p95' || aggregate === 'p99',
  });
  const kind = ofPoints ? await pointKind(db, filter.tenantId, metric) : null;
  const first = Math.min(...cells.map(({ at }) => at));
  // Before the first value nothing was measured at all, which is not the same as a count of 0.
  const points = presentBuckets(grid, cells, aggregate, kind === 'counter' || kind === 'delta')
    .map(({ time, value }) => ({ at: Date.parse(time), value }))
    .filter(({ at }) => at >= first);
  return { span: { from: asked.from, to: Math.max(over, asked.from) }, scored: scoreAnomalies(points, asked.from) };
}
