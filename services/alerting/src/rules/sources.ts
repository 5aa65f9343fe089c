import type { ModelThresholds, SignalKind } from '@signalbox/contracts';
import type { SignalRow } from '../signals/signal-tables.ts';
import type { Aggregate, Bucket } from './window-value.ts';

/** One question to what is measured. */
export interface SeriesQuery {
  metric: string;
  source?: 'samples' | 'points' | undefined;
  aggregate: Aggregate;
  stepMs: number;
  modelId?: string | undefined;
  modelVersion?: string | undefined;
  environment?: string | undefined;
  tag?: string | undefined;
  /** Undefined: everything together. */
  segmentBy?: string | undefined;
}

export interface Segment {
  segment: string | null;
  buckets: readonly Bucket[];
}

export interface Span {
  from: number;
  to: number;
}

export interface BurnRate {
  objectiveId: string;
  name: string;
  modelId: string | null;
  /** Null: nothing was measured. */
  long: number | null;
  short: number | null;
}

/** Where the facts come from that rules look at: the stores of this system, or a unit test. */
export interface Sources {
  series(query: SeriesQuery, span: Span): Promise<readonly Segment[]>;
  /** The limits of the registered models, by their ids. */
  modelThresholds(): Promise<ReadonlyMap<string, ModelThresholds>>;
  burnRates(objectiveId: string | undefined, longWindow: '1h' | '6h' | '3d'): Promise<readonly BurnRate[]>;
  /** What was said last by a moment. */
  signals(signal: SignalKind): Promise<(slot: Date) => readonly SignalRow[]>;
}
