import type { AlertCondition, ModelThresholds, SeriesCondition, SignalKind } from '@signalbox/contracts';
import type { LabelSet } from '../labels/label-set.ts';
import type { SignalRow } from '../signals/signal-tables.ts';
import { msOf } from './rule.ts';
import type { BurnRate, Segment, SeriesQuery, Sources, Span } from './sources.ts';
import { stepMsOf, windowValue, type Aggregate } from './window-value.ts';

/** What a condition found of one subject at one moment. */
export interface Reading {
  labels: LabelSet;
  /** What else texts may speak of as labels, which tells nothing apart. */
  details?: LabelSet;
  /** Null: nothing was measured. */
  value: number | null;
  comparator: '>' | '>=' | '<' | '<=' | '==' | '!=';
  threshold: number;
  clearThreshold: number;
}

/**
 * A condition as a query. Preview, evaluation and unit tests read by it, and by nothing else: once for all moments of a span,
 * and then one moment after the other.
 */
export interface CompiledCondition {
  read(sources: Sources, slots: Span): Promise<(slot: Date) => readonly Reading[]>;
}

export function compileCondition(condition: AlertCondition): CompiledCondition {
  switch (condition.kind) {
    case 'series':
      return compileSeries(condition);
    case 'signal':
      return {
        read: async (sources) => {
          const saidBy = await sources.signals(condition.signal);
          return (slot) => signalReadings(condition, saidBy(slot), slot);
        },
      };
    case 'burn_rate':
      return {
        read: async (sources) => {
          const rates = await sources.burnRates(condition.objective_id, condition.long_window);
          return () => rates.map((rate) => burnReading(rate, condition.factor, condition.long_window));
        },
      };
    case 'watchdog':
      return { read: () => Promise.resolve(() => [plainReading({}, 1)]) };
  }
}

function compileSeries(condition: SeriesCondition): CompiledCondition {
  const aggregate: Aggregate = condition.aggregate ?? 'avg';
  const windowMs = msOf(condition.window ?? '1m');
  const lagMs = msOf(condition.lag ?? '0');
  const segmentBy = condition.segment_by ?? 'model_id';
  const query: SeriesQuery = {
    metric: condition.metric,
    source: condition.source,
    aggregate,
    stepMs: stepMsOf(windowMs, aggregate),
    modelId: condition.model_id,
    modelVersion: condition.model_version,
    environment: condition.environment,
    tag: condition.tag,
    segmentBy: segmentBy === 'none' ? undefined : segmentBy,
  };
  return {
    async read(sources, { from, to }) {
      // A percentile may be that of the window before the open one.
      const span = { from: from - lagMs - 2 * windowMs, to: Math.max(to - lagMs, from - lagMs - windowMs + 1) };
      const [segments, limits] = await Promise.all([
        sources.series(query, span),
        condition.threshold_of_model === undefined ? new Map<string, ModelThresholds>() : sources.modelThresholds(),
      ]);
      return (slot) =>
        segments.map(({ segment, buckets }: Segment) => {
          const threshold = thresholdOf(condition, segment, limits);
          return {
            labels: labelsOf(condition, segmentBy, segment),
            value: windowValue(buckets, { end: slot.getTime() - lagMs, windowMs, aggregate }),
            comparator: condition.comparator,
            threshold,
            clearThreshold: condition.clear_threshold ?? threshold,
          };
        });
    },
  };
}

function thresholdOf(
  { threshold, threshold_of_model: limit }: SeriesCondition,
  segment: string | null,
  limits: ReadonlyMap<string, ModelThresholds>,
): number {
  const ofModel = segment === null ? undefined : limits.get(segment);
  return limit === undefined || ofModel === undefined ? threshold : ofModel[limit];
}

function labelsOf(condition: SeriesCondition, segmentBy: string, segment: string | null): LabelSet {
  const name = segmentBy.startsWith('tag:') ? segmentBy.slice('tag:'.length) : segmentBy;
  return {
    ...(condition.model_id === undefined ? {} : { model_id: condition.model_id }),
    ...(condition.model_version === undefined ? {} : { model_version: condition.model_version }),
    ...(condition.environment === undefined ? {} : { environment: condition.environment }),
    ...(segment === null || segmentBy === 'none' ? {} : { [name]: segment }),
  };
}

const subjectLabels: Readonly<Record<SignalKind, string>> = {
  model_health: 'model_id',
  drift: 'model_id',
  provider_state: 'provider',
  budget: 'budget',
  research: 'subject',
  dependency: 'dependency',
  queue: 'queue',
};

function signalReadings(
  { signal, states, subject, at_least: atLeast = 1 }: Extract<AlertCondition, { kind: 'signal' }>,
  rows: readonly SignalRow[],
  slot: Date,
): Reading[] {
  return rows
    .filter((row) => subject === undefined || row.subject === subject)
    .map((row) => {
      const isOver = row.expires_at !== null && row.expires_at <= slot;
      const count = !isOver && states.includes(row.state) ? row.value : 0;
      const labels = { ...row.labels, [subjectLabels[signal]]: row.subject };
      const reading = { ...plainReading(labels, count), details: row.details };
      return { ...reading, threshold: atLeast, clearThreshold: atLeast };
    });
}

function burnReading({ objectiveId, name, modelId, long, short }: BurnRate, factor: number, window: string): Reading {
  const labels = {
    objective_id: objectiveId,
    objective: name,
    window,
    ...(modelId === null ? {} : { model_id: modelId }),
  };
  // Both windows have to burn faster than the factor: the slower one decides.
  const value = long === null || short === null ? null : Math.min(long, short);
  return { labels, value, comparator: '>', threshold: factor, clearThreshold: factor };
}

function plainReading(labels: LabelSet, value: number): Reading {
  return { labels, value, comparator: '>=', threshold: 1, clearThreshold: 1 };
}
