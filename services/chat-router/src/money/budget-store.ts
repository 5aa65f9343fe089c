import type { BudgetScope } from '@signalbox/contracts';
import { isUniqueViolation } from '@signalbox/postgres';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { BudgetsTable, Schema } from '../app/schema.ts';
import type { Budget, Meter, PeriodSpan } from './budget.ts';
import { formatUsd, parseUsd } from './nano-usd.ts';

type Queries = Kysely<Schema> | Transaction<Schema>;

export async function insertBudget(trx: Transaction<Schema>, budget: Budget): Promise<void> {
  await refusingDuplicates(
    trx
      .insertInto('budgets')
      .values({
        id: budget.id,
        tenant_id: budget.tenantId,
        scope_kind: budget.scope.kind,
        scope_of: scopeOf(budget.scope),
        period: budget.period,
        created_at: budget.createdAt,
        updated_at: budget.updatedAt,
        ...columnsOf(budget),
      })
      .execute(),
  );
}

/** Writes what may change of a budget. False when there is none. */
export async function updateBudget(trx: Transaction<Schema>, budget: Budget): Promise<boolean> {
  const result = await refusingDuplicates(
    trx
      .updateTable('budgets')
      .set({ ...columnsOf(budget), updated_at: budget.updatedAt })
      .where('tenant_id', '=', budget.tenantId)
      .where('id', '=', budget.id)
      .executeTakeFirst(),
  );
  return result.numUpdatedRows > 0n;
}

export async function deleteBudget(trx: Transaction<Schema>, tenantId: string, id: string): Promise<boolean> {
  const result = await trx
    .deleteFrom('budgets')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function findBudget(db: Queries, tenantId: string, id: string, lock = false): Promise<Budget | null> {
  const row = await db
    .selectFrom('budgets')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .$if(lock, (query) => query.forUpdate())
    .executeTakeFirst();
  return row === undefined ? null : toBudget(row);
}

/** All of a tenant's: they are few, see `budgetsMax`. */
export async function allBudgets(db: Queries, tenantId: string): Promise<Budget[]> {
  const rows = await db.selectFrom('budgets').selectAll().where('tenant_id', '=', tenantId).orderBy('id').execute();
  return rows.map(toBudget);
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listBudgets(
  db: Queries,
  tenantId: string,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<Budget[]> {
  const rows = await db
    .selectFrom('budgets')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(toBudget);
}

export interface Spent {
  usd: bigint;
  tokens: bigint;
}

/** What the ledger says was spent in a scope between two moments. */
export async function spentIn(db: Queries, tenantId: string, scope: BudgetScope, span: PeriodSpan): Promise<Spent> {
  const row = await db
    .selectFrom('usage_records')
    .select([
      sql<string>`coalesce(sum(cost_usd), 0)::numeric(29, 9)::text`.as('usd'),
      sql<string>`coalesce(sum(coalesce(charged_tokens, prompt_tokens::bigint + completion_tokens, 0)), 0)::text`.as(
        'tokens',
      ),
    ])
    .where('tenant_id', '=', tenantId)
    .where('at', '>=', span.from)
    .where('at', '<', span.to)
    .$if(scope.kind === 'key', (query) => query.where('principal_id', '=', scopeOf(scope) ?? ''))
    .$if(scope.kind === 'system', (query) => query.where('system', '=', scopeOf(scope) ?? ''))
    .executeTakeFirstOrThrow();
  return { usd: parseUsd(row.usd), tokens: BigInt(row.tokens) };
}

/** Notes that a limit was crossed in a period. True when nobody had before. */
export async function insertCrossing(
  trx: Transaction<Schema>,
  { budget, unit }: Meter,
  span: PeriodSpan,
  level: 'soft' | 'hard',
  limit: bigint,
): Promise<boolean> {
  const result = await trx
    .insertInto('budget_crossings')
    .columns(['budget_id', 'period_start', 'unit', 'level', 'limit_at'])
    // Deleted meanwhile: nobody needs to hear of it.
    .expression((from) =>
      from
        .selectFrom('budgets')
        .select((select) => [
          'id',
          select.val(span.from).$castTo<Date>().as('period_start'),
          select.val<string>(unit).as('unit'),
          select.val<string>(level).as('level'),
          select.val(unit === 'usd' ? formatUsd(limit) : String(limit)).as('limit_at'),
        ])
        .where('id', '=', budget.id),
    )
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n;
}

function scopeOf(scope: BudgetScope): string | null {
  switch (scope.kind) {
    case 'tenant':
      return null;
    case 'key':
      return scope.key_id;
    case 'system':
      return scope.system;
  }
}

function columnsOf(budget: Budget) {
  const usd = (amount: bigint | null) => (amount === null ? null : formatUsd(amount));
  const tokens = (amount: number | null) => (amount === null ? null : String(amount));
  return {
    name: budget.name,
    hard_usd: usd(budget.hardUsd),
    soft_usd: usd(budget.softUsd),
    hard_tokens: tokens(budget.hardTokens),
    soft_tokens: tokens(budget.softTokens),
    ceiling_usd: usd(budget.ceilingUsd),
  };
}

function toBudget(row: Selectable<BudgetsTable>): Budget {
  const usd = (text: string | null) => (text === null ? null : parseUsd(text));
  const tokens = (text: string | null) => (text === null ? null : Number(text));
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    scope: toScope(row),
    period: row.period,
    hardUsd: usd(row.hard_usd),
    softUsd: usd(row.soft_usd),
    hardTokens: tokens(row.hard_tokens),
    softTokens: tokens(row.soft_tokens),
    ceilingUsd: usd(row.ceiling_usd),
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toScope({ scope_kind: kind, scope_of: of }: Selectable<BudgetsTable>): BudgetScope {
  switch (kind) {
    case 'tenant':
      return { kind };
    case 'key':
      return { kind, key_id: of ?? '' };
    case 'system':
      return { kind, system: of ?? '' };
  }
}

async function refusingDuplicates<Result>(query: Promise<Result>): Promise<Result> {
  try {
    return await query;
  } catch (thrown) {
    if (isUniqueViolation(thrown, 'budgets_name')) throw new AppError('conflict', 'There is a budget of that name.');
    throw thrown;
  }
}
