import type { UsageRecord } from '@signalbox/contracts';
import type { SampleRow } from '../intake/rows.ts';

const nanoDigits = 9;
/** A sample has a latency; what a cache answered may have taken none that could be measured. */
const leastLatencyMs = 0.01;

/**
 * A call of chat-router as a sample of the model that answered. Its request id is the record's: one request may make several
 * calls, and be answered by the same model twice. What the client ended says nothing about the model's errors.
 */
export function sampleOfUsage(record: UsageRecord): SampleRow {
  return {
    timeMs: Date.parse(record.at),
    modelId: record.model,
    requestId: record.id,
    modelType: 'llm',
    modelVersion: null,
    environment: null,
    latencyMs: Math.max(record.latency_ms, leastLatencyMs),
    throughput: null,
    errorRate: errorRateOf(record.outcome),
    cpuUsage: null,
    memoryUsage: null,
    gpuMemory: null,
    timeToFirstTokenMs: record.first_token_ms,
    inputTokens: record.prompt_tokens,
    outputTokens: record.completion_tokens,
    costNanos: record.cost_usd == null ? null : nanosOf(record.cost_usd),
    score: null,
    prediction: null,
    actual: null,
    features: null,
    embedding: null,
    tags: {
      ...record.tags,
      request_id: record.request_id,
      provider: record.provider,
      outcome: record.outcome,
      streamed: String(record.streamed),
      ...(record.system == null ? {} : { system: record.system }),
    },
    source: 'usage',
  };
}

function errorRateOf(outcome: UsageRecord['outcome']): number | null {
  switch (outcome) {
    case 'ok':
    case 'cache_hit':
      return 0;
    case 'failed':
      return 1;
    case 'aborted':
    case 'cancelled':
      return null;
  }
}

/** Exact, where a double would round: `0.000077500` is 77,500. */
function nanosOf(usd: string): bigint {
  const [whole = '0', fraction = ''] = usd.split('.');
  return BigInt(whole) * 1_000_000_000n + BigInt(fraction.slice(0, nanoDigits).padEnd(nanoDigits, '0'));
}
