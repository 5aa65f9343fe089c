import type { SystemSpec } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { allBudgets, deleteBudget, insertBudget } from '../money/budget-store.ts';
import { budgetsMax, newBudget } from '../money/change-budgets.ts';

/**
 * Makes the budget that a system says of itself one among the tenant's, and takes away the one it said before. Budgets that
 * somebody set up for the system besides stay as they are. Throws `conflict` where the tenant has as many budgets as it may, or one of that name.
 */
export async function keepSystemBudget(
  trx: Transaction<Schema>,
  tenantId: string,
  system: string,
  budget: SystemSpec['budget'],
): Promise<void> {
  const name = `system ${system}`;
  const all = await allBudgets(trx, tenantId);
  const earlier = all.find((one) => one.name === name && one.scope.kind === 'system' && one.scope.system === system);
  if (earlier !== undefined) await deleteBudget(trx, tenantId, earlier.id);
  if (budget === null) return;
  if (earlier === undefined && all.length >= budgetsMax) {
    throw new AppError('conflict', `A tenant has at most ${String(budgetsMax)} budgets.`);
  }
  const { period, usd, tokens } = budget;
  const input = { name, scope: { kind: 'system' as const, system }, period, hard_usd: usd, hard_tokens: tokens };
  await insertBudget(trx, newBudget(tenantId, input, new Date()));
}
