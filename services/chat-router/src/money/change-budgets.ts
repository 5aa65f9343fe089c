import type { BudgetChanges, BudgetInput } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import type { Budget } from './budget.ts';
import { parseUsd } from './nano-usd.ts';

/** A tenant's budgets are looked through for every request of it. */
export const budgetsMax = 100;

export function newBudget(tenantId: string, input: BudgetInput, now: Date): Budget {
  const bare: Budget = {
    id: newId('budget', now.getTime()),
    tenantId,
    name: input.name,
    scope: input.scope,
    period: input.period,
    hardUsd: null,
    softUsd: null,
    hardTokens: null,
    softTokens: null,
    ceilingUsd: null,
    createdAt: now,
    updatedAt: now,
  };
  return changedBudget(bare, input, now);
}

/** The budget with these changes. Throws `validation_failed` where it would limit nothing, or warn above where it refuses. */
export function changedBudget(budget: Budget, changes: BudgetChanges, now: Date): Budget {
  const usd = (given: string | null | undefined, before: bigint | null) =>
    given === undefined ? before : given === null ? null : parseUsd(given);
  const tokens = (given: number | null | undefined, before: number | null) => (given === undefined ? before : given);
  const changed: Budget = {
    ...budget,
    name: changes.name ?? budget.name,
    hardUsd: usd(changes.hard_usd, budget.hardUsd),
    softUsd: usd(changes.soft_usd, budget.softUsd),
    hardTokens: tokens(changes.hard_tokens, budget.hardTokens),
    softTokens: tokens(changes.soft_tokens, budget.softTokens),
    ceilingUsd: ceilingOf(changes, budget.ceilingUsd),
    updatedAt: now,
  };
  const { hardUsd, softUsd, hardTokens, softTokens } = changed;
  if ([hardUsd, softUsd, hardTokens, softTokens].every((limit) => limit === null)) {
    throw invalid('hard_usd', 'Expected at least one limit.');
  }
  if (hardUsd !== null && softUsd !== null && softUsd > hardUsd)
    throw invalid('soft_usd', 'Expected at most hard_usd.');
  if (hardTokens !== null && softTokens !== null && softTokens > hardTokens) {
    throw invalid('soft_tokens', 'Expected at most hard_tokens.');
  }
  return changed;
}

function ceilingOf({ unknown_price: given }: BudgetChanges, before: bigint | null): bigint | null {
  switch (given?.kind) {
    case undefined:
      return before;
    case 'refuse':
      return null;
    case 'ceiling':
      return parseUsd(given.usd_per_million_tokens);
  }
}

function invalid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
