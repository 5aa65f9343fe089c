import type { ModelType } from '@signalbox/contracts';

type Tags = Readonly<Record<string, string>>;

/** Where a row came from. */
export type RowSource = 'api' | 'batch' | 'otlp' | 'remote_write' | 'usage';

/** A sample as it is stored; null is what was not said. */
export interface SampleRow {
  timeMs: number;
  modelId: string;
  requestId: string;
  modelType: ModelType;
  modelVersion: string | null;
  environment: string | null;
  latencyMs: number;
  throughput: number | null;
  errorRate: number | null;
  cpuUsage: number | null;
  memoryUsage: number | null;
  gpuMemory: number | null;
  timeToFirstTokenMs: number | null;
  inputTokens: number | null;
  outputTokens: number | null;
  costNanos: bigint | null;
  score: number | null;
  prediction: string | null;
  actual: string | null;
  features: Readonly<Record<string, string | number | boolean | null>> | null;
  embedding: readonly number[] | null;
  tags: Tags | null;
  source: RowSource;
}

/** The shape of a histogram or summary; `bounds` has one entry less than `counts`. */
export interface PointHistogram {
  count: number;
  sum: number | null;
  min: number | null;
  max: number | null;
  /** Whether the counts are those of one interval, or since some beginning. */
  temporality?: 'delta' | 'cumulative';
  bounds?: readonly number[];
  counts?: readonly number[];
  /** Of a summary: the value at each quantile. */
  quantiles?: readonly (readonly [quantile: number, value: number])[];
}

/** `counter`: a sum since some beginning. `delta`: the sum of one interval. The value of a histogram or summary is its mean. */
export type PointKind = 'gauge' | 'counter' | 'delta' | 'histogram' | 'summary';

/** One value of a named series. It is finite. */
export interface PointRow {
  timeMs: number;
  metric: string;
  labels: Tags;
  value: number;
  kind: PointKind;
  unit: string | null;
  histogram: PointHistogram | null;
  source: RowSource;
}

export type AttributeValue =
  string | number | boolean | null | readonly AttributeValue[] | { readonly [name: string]: AttributeValue };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** One span of a trace. */
export interface SpanRow {
  timeMs: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  kind: string;
  service: string | null;
  status: 'unset' | 'ok' | 'error';
  statusMessage: string | null;
  durationMs: number;
  attributes: Attributes;
  resource: Attributes;
  events: readonly AttributeValue[] | null;
}

export interface DriftRow {
  id: string;
  timeMs: number;
  modelId: string;
  driftType: 'data' | 'concept';
  severity: 'low' | 'medium' | 'high' | 'critical';
  confidence: number;
  feature: string | null;
  tags: Tags;
}
