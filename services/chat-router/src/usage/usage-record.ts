import type { UsageRecord } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import type { SpendEstimate } from '../money/estimate-spend.ts';
import { formatUsd } from '../money/nano-usd.ts';
import type { Charge } from '../money/price-usage.ts';
import { modelId, type Target } from '../routing/target.ts';
import type { TokenUsage } from './token-usage.ts';

/** One call to a provider, from its beginning. */
export interface Call {
  tenantId: string;
  principalId: string;
  requestId: string;
  target: Target;
  requestedModel: string;
  streamed: boolean;
  startedAt: Date;
}

/** How a call came out. */
export interface CallResult {
  outcome: UsageRecord['outcome'];
  usage: TokenUsage;
  latencyMs: number;
  /** From the beginning of the call to the first part of the answer; null when none came, or when it was not streamed. */
  firstTokenMs: number | null;
}

/** What a call cost, and for whom. */
export interface CallCosts {
  charge: Charge;
  estimate: SpendEstimate;
  /** The system or alias that was asked for; null: a model was. */
  system: string | null;
  tags: Readonly<Record<string, string>>;
  /** How many calls the request had made by then, this one included. */
  attempts: number;
}

/** The row of the ledger that a call becomes. */
export function usageRecordOf(
  call: Call,
  { outcome, usage, latencyMs, firstTokenMs }: CallResult,
  costs: CallCosts | null = null,
): UsageRecord {
  return {
    id: newId('usage'),
    at: call.startedAt.toISOString(),
    tenant_id: call.tenantId,
    principal_id: call.principalId,
    request_id: call.requestId,
    provider: call.target.provider,
    model: modelId(call.target),
    requested_model: call.requestedModel,
    outcome,
    streamed: call.streamed,
    prompt_tokens: usage.promptTokens,
    completion_tokens: usage.completionTokens,
    cached_tokens: usage.cachedTokens,
    reasoning_tokens: usage.reasoningTokens,
    cache_write_tokens: usage.cacheWriteTokens,
    ...(costs === null ? withoutCosts : columnsOf(costs)),
    latency_ms: rounded(latencyMs),
    first_token_ms: firstTokenMs === null ? null : rounded(firstTokenMs),
  };
}

const withoutCosts = {
  cost_usd: null,
  cost_basis: null,
  charged_tokens: null,
  price_version: null,
  system: null,
  tags: null,
  attempts: null,
  estimated_prompt_tokens: null,
  estimate_method: null,
} as const;

function columnsOf({
  charge,
  estimate,
  system,
  tags,
  attempts,
}: CallCosts): Pick<UsageRecord, keyof typeof withoutCosts> {
  return {
    cost_usd: charge.usd === null ? null : formatUsd(charge.usd),
    cost_basis: charge.basis,
    charged_tokens: charge.tokens,
    price_version: charge.priceVersion,
    system,
    tags: { ...tags },
    attempts,
    estimated_prompt_tokens: estimate.inputTokens,
    estimate_method: estimate.method,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
