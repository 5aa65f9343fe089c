import { Sample } from '@signalbox/contracts';
import type { z } from 'zod';
import { isPlainSample } from './plain-sample.ts';
import type { RowSource, SampleRow } from './rows.ts';
import { timeProblem, type TimeWindow } from './time-window.ts';

export type ReadSample =
  | { kind: 'sample'; row: SampleRow }
  | { kind: 'misfit'; error: z.core.$ZodError }
  | { kind: 'untimely'; message: string }
  /** It is no JSON at all. */
  | { kind: 'unreadable'; message: string };

const nanosPerUsd = 1e9;
/** What is smaller is no `real`, and as good as nothing. */
const leastReal = 1.2e-38;

/** Holds what somebody sent against the contract. `nowMs` is the time of a sample that says none. */
export function readSample(value: unknown, nowMs: number, window: TimeWindow): ReadSample {
  const parsed = isPlainSample(value) ? { success: true as const, data: value } : Sample.safeParse(value);
  if (!parsed.success) return { kind: 'misfit', error: parsed.error };
  const row = sampleRowOf(parsed.data, nowMs, 'batch');
  const message = timeProblem(row.timeMs, window);
  return message === null ? { kind: 'sample', row } : { kind: 'untimely', message };
}

/** A sample that fits the contract, as it is stored. */
export function sampleRowOf(sample: Sample, nowMs: number, source: RowSource): SampleRow {
  const usage = sample.resource_usage ?? {};
  return {
    timeMs: isAbsent(sample.timestamp) ? nowMs : Date.parse(sample.timestamp),
    modelId: sample.model_id,
    requestId: sample.request_id,
    modelType: sample.model_type,
    modelVersion: orNull(sample.model_version),
    environment: orNull(sample.environment),
    latencyMs: sample.latency,
    throughput: orNull(sample.throughput),
    errorRate: orNull(sample.error_rate),
    cpuUsage: orNull(usage.cpu_usage),
    memoryUsage: orNull(usage.memory_usage),
    gpuMemory: orNull(usage.gpu_memory),
    timeToFirstTokenMs: orNull(sample.time_to_first_token_ms),
    inputTokens: orNull(sample.input_tokens),
    outputTokens: orNull(sample.output_tokens),
    costNanos: isAbsent(sample.cost_usd) ? null : BigInt(Math.round(sample.cost_usd * nanosPerUsd)),
    score: orNull(sample.score),
    prediction: isAbsent(sample.prediction) ? null : String(sample.prediction),
    actual: isAbsent(sample.actual) ? null : String(sample.actual),
    features: orNull(sample.features),
    embedding: sample.embedding?.map((value) => (Math.abs(value) < leastReal ? 0 : value)) ?? null,
    tags: orNull(sample.tags),
    source,
  };
}

function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

function orNull<Value>(value: Value | null | undefined): Value | null {
  return value ?? null;
}
