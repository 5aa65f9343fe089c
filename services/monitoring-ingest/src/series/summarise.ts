import type { Summary } from '@signalbox/contracts';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { sketchRelativeError } from '../rollups/sketch.ts';
import { isoTime } from './present-series.ts';
import { count } from './query-series.ts';
import type { SampleFilter } from './sample-filter.ts';
import type { Span } from './step.ts';

/** Sums a span up, to the millisecond. What nobody measured is null and in no mean. */
export async function summarise(db: Kysely<Schema>, filter: SampleFilter, span: Span): Promise<Summary> {
  const metrics = [
    ...(['requests', 'latency_ms', 'error_rate', 'gpu_memory', 'cpu_usage', 'memory_usage'] as const),
    ...(['input_tokens', 'output_tokens', 'cost_usd'] as const),
  ];
  const { cells } = await count(db, {
    ...{ filter, metrics, span, stepMs: null, quantiles: true },
    quantilesOf: ['latency_ms'],
  });
  const of = (metric: (typeof metrics)[number]) => cells.find((cell) => cell.metric === metric);
  const mean = (metric: (typeof metrics)[number]) => {
    const cell = of(metric);
    return cell === undefined ? null : cell.sum / cell.count;
  };
  const latency = of('latency_ms');
  return {
    from: isoTime(span.from),
    to: isoTime(span.to),
    total_requests: of('requests')?.count ?? 0,
    average_latency: mean('latency_ms'),
    error_rate: mean('error_rate'),
    p50_latency: latency?.p50 ?? null,
    p95_latency: latency?.p95 ?? null,
    p99_latency: latency?.p99 ?? null,
    percentile_error: sketchRelativeError,
    average_gpu_memory: mean('gpu_memory'),
    average_cpu_usage: mean('cpu_usage'),
    average_memory_usage: mean('memory_usage'),
    total_input_tokens: of('input_tokens')?.sum ?? 0,
    total_output_tokens: of('output_tokens')?.sum ?? 0,
    total_cost_usd: of('cost_usd')?.sum ?? 0,
    active_alerts: null,
  };
}
