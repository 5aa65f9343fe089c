import type { UsedTokens } from '@signalbox/prices';
import type { Attributes, AttributeValue, SampleRow, SpanRow } from '../intake/rows.ts';

/**
 * What instrumentations call the same thing: the GenAI conventions as they are, as they were, and what was in use before
 * there were any. The first that is there counts.
 */
const names = {
  requestModel: ['gen_ai.request.model', 'llm.request.model', 'llm.model_name'],
  responseModel: ['gen_ai.response.model', 'llm.response.model'],
  provider: ['gen_ai.provider.name', 'gen_ai.system', 'llm.provider', 'llm.vendor'],
  // Those of the conventions hold the cached ones: nothing is added to them.
  inputTokens: [
    'gen_ai.usage.input_tokens',
    'gen_ai.usage.prompt_tokens',
    'llm.usage.prompt_tokens',
    'llm.token_count.prompt',
  ],
  outputTokens: [
    'gen_ai.usage.output_tokens',
    'gen_ai.usage.completion_tokens',
    'llm.usage.completion_tokens',
    'llm.token_count.completion',
  ],
  cachedTokens: [
    'gen_ai.usage.cache_read.input_tokens',
    'gen_ai.usage.cache_read_input_tokens',
    'llm.token_count.prompt_details.cache_read',
  ],
  cacheWriteTokens: [
    'gen_ai.usage.cache_write.input_tokens',
    'gen_ai.usage.cache_creation.input_tokens',
    'gen_ai.usage.cache_creation_input_tokens',
    'llm.token_count.prompt_details.cache_write',
  ],
  reasoningTokens: [
    'gen_ai.usage.reasoning.output_tokens',
    'gen_ai.usage.reasoning_tokens',
    'llm.token_count.completion_details.reasoning',
  ],
  costUsd: ['gen_ai.usage.cost', 'gen_ai.usage.total_cost', 'llm.usage.total_cost', 'llm.cost.total'],
  firstTokenSeconds: ['gen_ai.response.time_to_first_chunk', 'gen_ai.server.time_to_first_token'],
  environment: ['deployment.environment.name', 'deployment.environment'],
} as const;

/** Operations that are calls of a model. A tool's, or an agent's around several calls, would count the same tokens again. */
const modelOperations = new Set(['chat', 'text_completion', 'generate_content', 'embeddings', 'completion']);
const environments: Readonly<Record<string, string>> = {
  dev: 'dev',
  development: 'dev',
  staging: 'staging',
  prod: 'prod',
  production: 'prod',
};
/** As in the contract, a model's id holds none. */
const controls = /[\x00-\x1f\x7f-\x9f]/;
const modelCharactersMax = 200;
const leastLatencyMs = 0.001;
const latencyMsMax = 86_400_000;
const tokensMax = Number.MAX_SAFE_INTEGER;
const usdMax = 1_000_000;
const tagCharactersMax = 500;

/** What a call costs by the price table; null where nobody knows. */
export type PriceCall = (call: {
  provider: string | null;
  /** The names of the model, the one that answered first. */
  models: readonly string[];
  timeMs: number;
  used: UsedTokens;
}) => { nanos: bigint; version: string } | null;

/**
 * The call of a model that a span stands for; null where it stands for something else. What it cost is what the span says,
 * and where that says nothing, what the price table does.
 */
export function sampleOfSpan(span: SpanRow, priceCall: PriceCall): SampleRow | null {
  const { attributes, resource, durationMs } = span;
  const operation = textAmong(attributes, ['gen_ai.operation.name']);
  if (operation !== null && !modelOperations.has(operation)) return null;
  const answering = textAmong(attributes, names.responseModel);
  const model = textAmong(attributes, names.requestModel) ?? answering;
  if (model === null || model.length > modelCharactersMax || controls.test(model)) return null;
  const costUsd = numberAmong(attributes, names.costUsd, usdMax);
  const firstTokenSeconds = numberAmong(attributes, names.firstTokenSeconds, latencyMsMax / 1_000);
  const provider = textAmong(attributes, names.provider);
  const used = usedTokensOf(attributes, operation);
  const called = answering === null ? [model] : [answering, model];
  const priced = costUsd === null ? priceCall({ provider, models: called, timeMs: span.timeMs, used }) : null;
  return {
    timeMs: span.timeMs,
    modelId: model,
    requestId: `${span.traceId}:${span.spanId}`,
    modelType: 'llm',
    modelVersion: answering === null || answering === model ? null : answering.slice(0, 100),
    environment: environments[(textAmong(resource, names.environment) ?? '').toLowerCase()] ?? null,
    latencyMs: Math.min(Math.max(durationMs, leastLatencyMs), latencyMsMax),
    throughput: null,
    errorRate: hasFailed(span) ? 1 : 0,
    cpuUsage: null,
    memoryUsage: null,
    gpuMemory: null,
    timeToFirstTokenMs: firstTokenSeconds === null ? null : firstTokenSeconds * 1_000,
    inputTokens: used.promptTokens,
    outputTokens: countAmong(attributes, names.outputTokens),
    costNanos: costUsd === null ? (priced?.nanos ?? null) : BigInt(Math.round(costUsd * 1e9)),
    score: null,
    prediction: null,
    actual: null,
    features: null,
    embedding: null,
    tags: tagsOf({
      ...{ provider, operation, service: span.service, trace_id: span.traceId },
      price_version: priced?.version ?? null,
    }),
    source: 'otlp',
  };
}

function hasFailed({ status, attributes }: SpanRow): boolean {
  return status === 'error' || attributes['error.type'] !== undefined;
}

function usedTokensOf(attributes: Attributes, operation: string | null): UsedTokens {
  return {
    promptTokens: countAmong(attributes, names.inputTokens),
    // A model that makes embeddings writes nothing, and its spans say nothing of that.
    completionTokens: countAmong(attributes, names.outputTokens) ?? (operation === 'embeddings' ? 0 : null),
    cachedTokens: countAmong(attributes, names.cachedTokens),
    cacheWriteTokens: countAmong(attributes, names.cacheWriteTokens),
    reasoningTokens: countAmong(attributes, names.reasoningTokens),
  };
}

function textAmong(attributes: Attributes, candidates: readonly string[]): string | null {
  const found = firstOf(attributes, candidates);
  return typeof found === 'string' && found !== '' ? found : null;
}

function numberAmong(attributes: Attributes, candidates: readonly string[], max: number): number | null {
  const found = firstOf(attributes, candidates);
  return typeof found === 'number' && found >= 0 && found <= max ? found : null;
}

function countAmong(attributes: Attributes, candidates: readonly string[]): number | null {
  const found = numberAmong(attributes, candidates, tokensMax);
  return found === null ? null : Math.trunc(found);
}

function firstOf(attributes: Attributes, candidates: readonly string[]): AttributeValue | undefined {
  const name = candidates.find((candidate) => attributes[candidate] !== undefined);
  return name === undefined ? undefined : attributes[name];
}

function tagsOf(values: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === null ? [] : [[name, value.slice(0, tagCharactersMax).toWellFormed()]],
    ),
  );
}
