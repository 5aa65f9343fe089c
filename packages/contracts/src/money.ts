import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Costs';

/** US dollars as a decimal text: exact, where a JSON number would be rounded on its way. */
export const UsdAmount = z
  .string()
  .regex(/^\d{1,11}(\.\d{1,9})?$/, 'Expected a decimal of at most nine places.')
  .describe('US dollars as a decimal text: `0.000012500`.')
  .meta({ id: 'UsdAmount' });

/** The labels that a request was given, by their names. */
export const CostTags = z
  .record(z.string().min(1).max(64), z.string().max(128))
  .describe('The labels that a request was given.')
  .meta({ id: 'CostTags' });

export const CostBasis = z
  .enum(['price', 'ceiling', 'estimate', 'not_billed', 'unknown'])
  .describe(
    'How a cost is known: what the provider counted at the price of the registry; or at the ceiling of a budget; or what ' +
      'we counted, where the provider said nothing; nothing, since there was no answer; not at all.',
  )
  .meta({ id: 'CostBasis' });
export type CostBasis = z.infer<typeof CostBasis>;

export const BudgetScope = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('tenant') }),
    z.strictObject({ kind: z.literal('key'), key_id: z.string().min(1).max(64).describe('The API key or the user.') }),
    z.strictObject({ kind: z.literal('system'), system: z.string().min(1).max(200).describe('The system or alias.') }),
  ])
  .describe('Whose spending counts.')
  .meta({ id: 'BudgetScope' });
export type BudgetScope = z.infer<typeof BudgetScope>;

/** What a budget holds back or warns of, in dollars or in tokens. At most a million dollars, a quadrillion tokens. */
const limitTokensMax = 1_000_000_000_000_000;
const LimitTokens = z.int().min(1).max(limitTokensMax);
const LimitUsd = UsdAmount.refine((text) => Number(text) <= 1_000_000 && Number(text) > 0, 'Expected 0 to 1000000.');

const limits = {
  hard_usd: LimitUsd.nullable()
    .optional()
    .describe('Nothing is spent beyond it: requests are refused before they are made.'),
  soft_usd: LimitUsd.nullable().optional().describe('Told of when it is crossed; nothing is refused.'),
  hard_tokens: LimitTokens.nullable().optional(),
  soft_tokens: LimitTokens.nullable().optional(),
};

const unknownPrice = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('refuse') }),
    z.strictObject({ kind: z.literal('ceiling'), usd_per_million_tokens: LimitUsd }),
  ])
  .describe('What a budget in dollars does about a model whose price nobody knows.');

export const BudgetInput = z
  .strictObject({
    name: z.string().trim().min(1).max(100),
    scope: BudgetScope,
    period: z.enum(['hour', 'day', 'month']).describe('Of the calendar, in UTC.'),
    ...limits,
    unknown_price: unknownPrice.optional().describe('Absent: such requests are refused.'),
  })
  .meta({ id: 'BudgetInput' });
export type BudgetInput = z.infer<typeof BudgetInput>;

export const BudgetChanges = z
  .strictObject({ name: BudgetInput.shape.name.optional(), ...limits, unknown_price: unknownPrice.optional() })
  .meta({ id: 'BudgetChanges' });
export type BudgetChanges = z.infer<typeof BudgetChanges>;

export const Budget = z
  .object({
    id: z.string(),
    name: z.string(),
    scope: BudgetScope,
    period: z.enum(['hour', 'day', 'month']),
    hard_usd: UsdAmount.nullable(),
    soft_usd: UsdAmount.nullable(),
    hard_tokens: z.int().nullable(),
    soft_tokens: z.int().nullable(),
    unknown_price: unknownPrice,
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    current: z
      .object({
        from: z.iso.datetime(),
        to: z.iso.datetime(),
        spent_usd: UsdAmount,
        spent_tokens: z.int(),
      })
      .describe('The present period, counted from the ledger.'),
  })
  .meta({ id: 'Budget' });
export type Budget = z.infer<typeof Budget>;

const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the budget: `budget_…`.') });

export const createBudget = defineRoute({
  operationId: 'createBudget',
  service: 'chat-router',
  method: 'post',
  path: '/api/v1/budgets',
  tag,
  summary: 'Create a budget',
  scope: 'budgets:write',
  body: BudgetInput,
  response: { status: 201, description: 'The budget', schema: Budget },
});

export const listBudgets = defineRoute({
  operationId: 'listBudgets',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/budgets',
  tag,
  summary: "List the tenant's budgets, newest first",
  scope: 'budgets:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of budgets', schema: pageOf(Budget) },
});

export const getBudget = defineRoute({
  operationId: 'getBudget',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/budgets/{id}',
  tag,
  summary: 'Get one budget and what is spent of it',
  scope: 'budgets:read',
  params: IdParams,
  response: { status: 200, description: 'The budget', schema: Budget },
});

export const updateBudget = defineRoute({
  operationId: 'updateBudget',
  service: 'chat-router',
  method: 'patch',
  path: '/api/v1/budgets/{id}',
  tag,
  summary: 'Change the name or the limits of a budget; every replica holds to it within a second',
  scope: 'budgets:write',
  params: IdParams,
  body: BudgetChanges,
  response: { status: 200, description: 'The budget as it is now', schema: Budget },
});

export const deleteBudget = defineRoute({
  operationId: 'deleteBudget',
  service: 'chat-router',
  method: 'delete',
  path: '/api/v1/budgets/{id}',
  tag,
  summary: 'Delete a budget',
  scope: 'budgets:write',
  params: IdParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

/** What one call cost, and what was expected of it. */
export const CostRecord = z
  .object({
    id: z.string(),
    at: z.iso.datetime(),
    request_id: z.string(),
    key_id: z.string().describe('The API key or user that asked.'),
    system: z.string().nullable(),
    provider: z.string(),
    model: z.string(),
    outcome: z.string().describe('How the call came out, as in the usage records.'),
    prompt_tokens: z.int().nullable(),
    completion_tokens: z.int().nullable(),
    cached_tokens: z.int().nullable(),
    reasoning_tokens: z.int().nullable(),
    cost_usd: UsdAmount.nullable().describe('Null: unknown, which is not 0.'),
    cost_basis: CostBasis.nullable(),
    price_version: z.string().nullable(),
    tags: CostTags,
    attempts: z.int().nullable().describe('How many calls the request had made by then.'),
    estimate: z
      .object({
        prompt_tokens: z.int(),
        method: z.string().describe('How it was estimated.'),
        error: z.number().nullable().describe('Estimated less billed, in parts of the billed: 0.1 is 10 % too much.'),
      })
      .nullable()
      .describe('What was expected before the call.'),
  })
  .meta({ id: 'CostRecord' });
export type CostRecord = z.infer<typeof CostRecord>;

const filters = {
  model: z.string().max(200).optional().describe('Only calls to this model.'),
  key_id: z.string().max(64).optional().describe('Only calls of this API key or user.'),
  tag: z
    .string()
    .regex(/^[^:]{1,64}:[^]{0,128}$/)
    .optional()
    .describe('Only calls with this tag: `name:value`.'),
  system: z.string().max(200).optional().describe('Only calls of this system.'),
};

export const listCosts = defineRoute({
  operationId: 'listCosts',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/costs',
  tag,
  summary: 'List what each call cost, newest first',
  scope: 'usage:read',
  query: PageQuery.extend(filters),
  response: { status: 200, description: 'One page of calls', schema: pageOf(CostRecord) },
});

const CostSum = z
  .object({
    requests: z.int(),
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    cost_usd: UsdAmount,
    unpriced_requests: z.int().describe('Calls whose cost is unknown; they are in no sum of dollars.'),
    estimate_error: z
      .number()
      .nullable()
      .describe('Estimated less billed prompt tokens, in parts of the billed; null where nothing was estimated.'),
  })
  .meta({ id: 'CostSum' });

export const CostSummary = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    group_by: z.enum(['model', 'key', 'tag', 'day']),
    total: CostSum,
    groups: z
      .array(
        CostSum.extend({
          group: z.string().nullable().describe('Null: the calls without a tag. A tag reads `name:value`.'),
        }),
      )
      .describe('The dearest first, days by date. A call with several tags counts in each of them.'),
    more_groups: z.boolean().describe('There are more groups than are shown.'),
  })
  .meta({ id: 'CostSummary' });
export type CostSummary = z.infer<typeof CostSummary>;

export const getCostSummary = defineRoute({
  operationId: 'getCostSummary',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/costs/summary',
  tag,
  summary: 'Sum up what was spent; the sums are those of the rows, to the billionth of a dollar',
  scope: 'usage:read',
  query: z.strictObject({
    period: z
      .enum(['hour', 'day', 'week', 'month'])
      .default('month')
      .describe('The present one of the calendar (UTC; weeks begin on Monday), unless `from` is given.'),
    from: z.iso.datetime().optional().describe('From this moment.'),
    to: z.iso.datetime().optional().describe('Until before this moment. Absent: until now.'),
    group_by: z.enum(['model', 'key', 'tag', 'day']).default('model').describe('What one sum is of.'),
    ...filters,
  }),
  response: { status: 200, description: 'The sums', schema: CostSummary },
});

export const CostEstimate = z
  .object({
    model: z.string(),
    prompt_tokens: z.int(),
    method: z.string().describe('How the prompt tokens were found: `given`, or an estimate of that name.'),
    completion_tokens: z.int(),
    cost_usd: UsdAmount.nullable().describe('Null: nobody knows the price.'),
    price_version: z.string().nullable(),
    tokenizer: z.string().nullable().describe('By what the vendor counts, which is not what estimated here.'),
    sources: z.array(z.object({ url: z.string(), as_of: z.iso.date() })).describe('Who said so, and on which day.'),
  })
  .meta({ id: 'CostEstimate' });
export type CostEstimate = z.infer<typeof CostEstimate>;

export const getCostEstimate = defineRoute({
  operationId: 'getCostEstimate',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/costs/estimate',
  tag,
  summary: 'Estimate what a call would cost, before it is made',
  scope: 'usage:read',
  query: z.strictObject({
    model: z.string().min(1).max(200).describe('`provider/model`, or a bare name where only one provider has it.'),
    prompt_tokens: z.coerce.number().int().min(0).max(1_000_000_000).optional().describe('How many tokens it reads.'),
    characters: z.coerce
      .number()
      .int()
      .min(0)
      .max(1_000_000_000)
      .optional()
      .describe('In place of `prompt_tokens`, which are then estimated: four characters to a token.'),
    completion_tokens: z.coerce
      .number()
      .int()
      .min(0)
      .max(1_000_000_000)
      .default(0)
      .describe('How many tokens it writes.'),
  }),
  response: { status: 200, description: 'The estimate', schema: CostEstimate },
});

/** A budget was crossed: once for each limit of each of its periods. */
export const budgetCrossed = defineEvent({
  name: 'budget.crossed',
  version: 1,
  emitter: 'chat-router',
  subscribers: ['chat-router', 'alerting'],
  payload: z.object({
    tenant_id: z.string(),
    budget_id: z.string(),
    name: z.string(),
    scope: BudgetScope,
    period: z.enum(['hour', 'day', 'month']),
    period_start: z.iso.datetime(),
    level: z.enum(['soft', 'hard']),
    unit: z.enum(['usd', 'tokens']),
    limit: z.string(),
    spent: z.string(),
    at: z.iso.datetime(),
  }),
});
export type BudgetCrossed = z.infer<typeof budgetCrossed.payload>;

export const moneyRoutes = [
  createBudget,
  listBudgets,
  getBudget,
  updateBudget,
  deleteBudget,
  listCosts,
  getCostSummary,
  getCostEstimate,
] as const;
