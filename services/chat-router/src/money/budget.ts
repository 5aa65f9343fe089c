import type { BudgetScope } from '@signalbox/contracts';
import type { NanoUsd } from './nano-usd.ts';

export type BudgetPeriod = 'hour' | 'day' | 'month';
export type BudgetUnit = 'usd' | 'tokens';

/** A limit on what is spent in each period of the calendar. */
export interface Budget {
  id: string;
  tenantId: string;
  name: string;
  scope: BudgetScope;
  period: BudgetPeriod;
  hardUsd: NanoUsd | null;
  softUsd: NanoUsd | null;
  hardTokens: number | null;
  softTokens: number | null;
  /** What a million tokens of an unknown price are charged at; null: such requests are refused. */
  ceilingUsd: NanoUsd | null;
  createdAt: Date;
  updatedAt: Date;
}

/** One stretch of the calendar in UTC, its end not included. */
export interface PeriodSpan {
  from: Date;
  to: Date;
}

export function periodAt(period: BudgetPeriod | 'week', now: Date): PeriodSpan {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
  const at = (y: number, m: number, d = 1, h = 0): Date => new Date(Date.UTC(y, m, d, h));
  switch (period) {
    case 'hour':
      return { from: at(year, month, day, now.getUTCHours()), to: at(year, month, day, now.getUTCHours() + 1) };
    case 'day':
      return { from: at(year, month, day), to: at(year, month, day + 1) };
    case 'week': {
      const monday = day - ((now.getUTCDay() + 6) % 7);
      return { from: at(year, month, monday), to: at(year, month, monday + 7) };
    }
    case 'month':
      return { from: at(year, month), to: at(year, month + 1) };
  }
}

/** True when what this caller spends counts in the budget. */
export function concerns({ scope }: Budget, spender: { principalId: string; system: string | null }): boolean {
  switch (scope.kind) {
    case 'tenant':
      return true;
    case 'key':
      return scope.key_id === spender.principalId;
    case 'system':
      return scope.system === spender.system;
  }
}

/** One number that is counted: a budget has one for dollars and one for tokens, where it limits them. */
export interface Meter {
  budget: Budget;
  unit: BudgetUnit;
  /** In nano-dollars or tokens; both are whole. */
  hard: bigint | null;
  soft: bigint | null;
}

export function metersOf(budget: Budget): Meter[] {
  const meters: Meter[] = [];
  if (budget.hardUsd !== null || budget.softUsd !== null) {
    meters.push({ budget, unit: 'usd', hard: budget.hardUsd, soft: budget.softUsd });
  }
  if (budget.hardTokens !== null || budget.softTokens !== null) {
    const whole = (tokens: number | null) => (tokens === null ? null : BigInt(tokens));
    meters.push({ budget, unit: 'tokens', hard: whole(budget.hardTokens), soft: whole(budget.softTokens) });
  }
  return meters;
}
