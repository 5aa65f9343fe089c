import type { ListedDrift, ListedSample } from '@signalbox/contracts';
import type { DriftRecord, SampleRecord } from './sample-row-store.ts';

/** A stored sample under the names that it was sent with. */
export function presentSample(row: SampleRecord): ListedSample {
  return {
    model_id: row.model_id,
    model_type: row.model_type,
    request_id: row.request_id,
    timestamp: row.time.toISOString(),
    latency: row.latency_ms,
    throughput: row.throughput,
    error_rate: row.error_rate,
    resource_usage: { gpu_memory: row.gpu_memory, cpu_usage: row.cpu_usage, memory_usage: row.memory_usage },
    model_version: row.model_version,
    environment: row.environment,
    time_to_first_token_ms: row.time_to_first_token_ms,
    input_tokens: numberOf(row.input_tokens),
    output_tokens: numberOf(row.output_tokens),
    cost_usd: usdOf(row.cost_nanos),
    score: row.score,
    prediction: row.prediction,
    actual: row.actual,
    features: row.features ?? {},
    tags: row.tags ?? {},
    source: row.source,
  };
}

export function presentDrift({ time, ...row }: DriftRecord): ListedDrift {
  return { ...row, timestamp: time.toISOString() };
}

export function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text);
}

export function usdOf(nanos: string | null): number | null {
  return nanos === null ? null : Number(nanos) / 1e9;
}
