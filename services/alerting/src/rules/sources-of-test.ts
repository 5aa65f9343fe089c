import type { SignalRow } from '../signals/signal-tables.ts';
import type { InputSeries } from './read-input-series.ts';
import type { Segment, SeriesQuery, Sources } from './sources.ts';
import type { Bucket } from './window-value.ts';

export interface TestInput {
  series: readonly InputSeries[];
  signals: readonly SignalRow[];
  intervalMs: number;
  epoch: number;
}

/** The facts of a unit test. Each value is measured a millisecond before the evaluation of its moment. */
export function sourcesOfTest({ series, signals, intervalMs, epoch }: TestInput): Sources {
  return {
    series: (query) => Promise.resolve(segmentsOf(query, series, { intervalMs, epoch })),
    modelThresholds: () => Promise.resolve(new Map()),
    burnRates: (objectiveId, longWindow) => {
      const ofWindow = (window: string) =>
        series.filter(({ metric, labels }) => metric === 'burn_rate' && labels['window'] === window);
      const last = (one: InputSeries | undefined): number | null =>
        one?.values.findLast((value) => value !== null) ?? null;
      const short = { '1h': '5m', '6h': '30m', '3d': '6h' }[longWindow];
      return Promise.resolve(
        ofWindow(longWindow)
          .filter(({ labels }) => objectiveId === undefined || labels['objective_id'] === objectiveId)
          .map((one) => ({
            objectiveId: one.labels['objective_id'] ?? '',
            name: one.labels['objective'] ?? '',
            modelId: one.labels['model_id'] ?? null,
            long: last(one),
            short: last(ofWindow(short).find(({ labels }) => labels['objective_id'] === one.labels['objective_id'])),
          })),
      );
    },
    signals: (signal) =>
      Promise.resolve((slot) =>
        saidBy(
          slot,
          signals.filter((row) => row.signal === signal),
        ),
      ),
  };
}

/** The last word on each subject, with how many times in a row it was said. */
function saidBy(slot: Date, rows: readonly SignalRow[]): SignalRow[] {
  const last = new Map<string, SignalRow>();
  for (const row of rows.filter(({ at }) => at <= slot).toSorted((a, b) => a.at.getTime() - b.at.getTime())) {
    const before = last.get(row.subject);
    last.set(row.subject, { ...row, value: before?.state === row.state ? before.value + 1 : 1 });
  }
  return [...last.values()];
}

function segmentsOf(
  query: SeriesQuery,
  series: readonly InputSeries[],
  { intervalMs, epoch }: { intervalMs: number; epoch: number },
): Segment[] {
  const name = query.segmentBy?.startsWith('tag:') === true ? query.segmentBy.slice('tag:'.length) : query.segmentBy;
  const segments = new Map<string | null, Map<number, number[]>>();
  for (const { metric, labels, values } of series) {
    if (metric !== query.metric || !fits(query, labels)) continue;
    const segment = name === undefined ? null : (labels[name] ?? null);
    const buckets = segments.get(segment) ?? new Map<number, number[]>();
    segments.set(segment, buckets);
    for (const [index, value] of values.entries()) {
      if (value === null) continue;
      const time = Math.floor((epoch + index * intervalMs - 1) / query.stepMs) * query.stepMs;
      buckets.set(time, [...(buckets.get(time) ?? []), value]);
    }
  }
  return [...segments].map(([segment, buckets]) => ({
    segment,
    buckets: [...buckets].map(([time, values]) => bucketOf(query, time, values)),
  }));
}

function fits(query: SeriesQuery, labels: Readonly<Record<string, string>>): boolean {
  const [tag, wanted] = query.tag?.split(/:(.*)/s) ?? [];
  const { modelId, modelVersion, environment } = query;
  return (
    (modelId === undefined || labels['model_id'] === modelId) &&
    (modelVersion === undefined || labels['model_version'] === modelVersion) &&
    (environment === undefined || labels['environment'] === environment) &&
    (tag === undefined || labels[tag] === wanted)
  );
}

function bucketOf({ aggregate, stepMs }: SeriesQuery, time: number, values: readonly number[]): Bucket {
  const sum = values.reduce((total, value) => total + value, 0);
  const sorted = values.toSorted((a, b) => a - b);
  const count = values.length;
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? 0;
  const value = {
    avg: sum / count,
    min: at(0),
    max: at(1),
    count,
    sum,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    rate: (count * 1_000) / stepMs,
  }[aggregate];
  return { time, value, count };
}
