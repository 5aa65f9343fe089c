import type { Budget as BudgetAnswer, CostRecord, CostSummary } from '@signalbox/contracts';
import type { UsageRecordRow } from '../app/schema.ts';
import { periodAt, type Budget } from './budget.ts';
import type { Spent } from './budget-store.ts';
import type { CostSumRow } from './cost-store.ts';
import { estimateError } from './estimate-spend.ts';
import { formatUsd } from './nano-usd.ts';

export function presentBudget(budget: Budget, spent: Spent, now: Date): BudgetAnswer {
  const { from, to } = periodAt(budget.period, now);
  const usd = (amount: bigint | null) => (amount === null ? null : formatUsd(amount));
  return {
    id: budget.id,
    name: budget.name,
    scope: budget.scope,
    period: budget.period,
    hard_usd: usd(budget.hardUsd),
    soft_usd: usd(budget.softUsd),
    hard_tokens: budget.hardTokens,
    soft_tokens: budget.softTokens,
    unknown_price:
      budget.ceilingUsd === null
        ? { kind: 'refuse' }
        : { kind: 'ceiling', usd_per_million_tokens: formatUsd(budget.ceilingUsd) },
    created_at: budget.createdAt.toISOString(),
    updated_at: budget.updatedAt.toISOString(),
    current: {
      from: from.toISOString(),
      to: to.toISOString(),
      spent_usd: formatUsd(spent.usd),
      spent_tokens: Number(spent.tokens),
    },
  };
}

export function presentCost(row: UsageRecordRow): CostRecord {
  const { estimated_prompt_tokens: estimated, estimate_method: method } = row;
  return {
    id: row.id,
    at: row.at.toISOString(),
    request_id: row.request_id,
    key_id: row.principal_id,
    system: row.system,
    provider: row.provider,
    model: row.model,
    outcome: row.outcome,
    prompt_tokens: row.prompt_tokens,
    completion_tokens: row.completion_tokens,
    cached_tokens: row.cached_tokens,
    reasoning_tokens: row.reasoning_tokens,
    cost_usd: row.cost_usd,
    cost_basis: row.cost_basis,
    price_version: row.price_version,
    tags: row.tags ?? {},
    attempts: row.attempts,
    estimate:
      estimated === null || method === null
        ? null
        : { prompt_tokens: estimated, method, error: estimateError(estimated, row.prompt_tokens) },
  };
}

export function presentSum(row: CostSumRow): CostSummary['total'] {
  const billed = row.billed_tokens === null ? null : Number(row.billed_tokens);
  return {
    requests: row.requests,
    prompt_tokens: row.prompt_tokens,
    completion_tokens: row.completion_tokens,
    cost_usd: row.cost_usd,
    unpriced_requests: row.unpriced_requests,
    estimate_error: row.estimated_tokens === null ? null : estimateError(Number(row.estimated_tokens), billed),
  };
}
