import { AppError } from '@signalbox/errors';
import type { Budget, Meter, PeriodSpan } from './budget.ts';
import { formatUsd } from './nano-usd.ts';

/** A hard budget has no room for what a request may come to. */
export function exhausted(
  { meter, span }: { meter: Meter; span: PeriodSpan },
  { spent, held }: { spent: bigint; held: bigint },
  { asked, limitsOutput }: { asked: bigint; limitsOutput: boolean },
): AppError {
  const { budget, unit, hard } = meter;
  const left = (hard ?? 0n) - spent - held;
  const advice = limitsOutput ? ' A limit of the output (max_tokens) makes that less.' : '';
  return new AppError(
    'budget_exhausted',
    `The budget ${JSON.stringify(budget.name)} has ${shown(unit, left > 0n ? left : 0n)} left for this ${budget.period}, ` +
      `and this request may come to ${shown(unit, asked)}.${advice}`,
    {
      retryAfterMs: Math.max(1_000, span.to.getTime() - Date.now()),
      details: {
        code: 'budget_exhausted',
        budget_id: budget.id,
        budget: budget.name,
        period_end: span.to.toISOString(),
        should_retry: false,
      },
    },
  );
}

/** Nobody knows what any of the models costs, and a budget does not allow that. */
export function unpriced(budgets: readonly Budget[]): AppError {
  const budget = budgets.find(({ ceilingUsd }) => ceilingUsd === null);
  return new AppError(
    'budget_exhausted',
    `What this model costs is not known, and the budget ${JSON.stringify(budget?.name)} allows no unknown costs.`,
    { details: { code: 'price_unknown', budget_id: budget?.id ?? null, should_retry: false } },
  );
}

/** What is left of a hard budget cannot be told. */
export function away(cause?: unknown): AppError {
  return new AppError('unavailable', 'What is left of a budget cannot be told at the moment.', {
    ...(cause === undefined ? {} : { cause }),
    retryAfterMs: 1_000,
  });
}

function shown(unit: Meter['unit'], amount: bigint): string {
  return unit === 'usd' ? `${formatUsd(amount)} USD` : `${String(amount)} tokens`;
}
