import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Body, Query } from '../calls/operations.ts';

export interface Budgets {
  create(budget: Body<'createBudget'>, options?: CallOptions): Promise<Answer<'createBudget'>>;
  list(query?: Query<'listBudgets'>, options?: CallOptions): Promise<Answer<'listBudgets'>>;
  get(id: string, options?: CallOptions): Promise<Answer<'getBudget'>>;
  update(id: string, changes: Body<'updateBudget'>, options?: CallOptions): Promise<Answer<'updateBudget'>>;
  delete(id: string, options?: CallOptions): Promise<null>;
}

export interface Costs {
  /** What each call cost, newest first. Dollars are decimal texts, since a JSON number would round them. */
  list(query?: Query<'listCosts'>, options?: CallOptions): Promise<Answer<'listCosts'>>;
  each(query?: Query<'listCosts'>, options?: CallOptions): AsyncGenerator<CostRow, void, undefined>;
  summary(query?: Query<'getCostSummary'>, options?: CallOptions): Promise<Answer<'getCostSummary'>>;
  /** What a call would cost, before it is made. */
  estimate(query: Query<'getCostEstimate'>, options?: CallOptions): Promise<Answer<'getCostEstimate'>>;
  budgets: Budgets;
}

type CostRow = Answer<'listCosts'>['data'][number];

export function openCosts(caller: Caller): Costs {
  const list: Costs['list'] = (query = {}, options) => caller.call('listCosts', { query }, options);
  return {
    list,
    each: (query = {}, options) => eachRow((cursor) => list({ limit: 100, ...query, ...cursor }, options)),
    summary: (query = {}, options) => caller.call('getCostSummary', { query }, options),
    estimate: (query, options) => caller.call('getCostEstimate', { query }, options),
    budgets: {
      create: (body, options) => caller.call('createBudget', { body }, options),
      list: (query = {}, options) => caller.call('listBudgets', { query }, options),
      get: (id, options) => caller.call('getBudget', { params: { id } }, options),
      update: (id, body, options) => caller.call('updateBudget', { params: { id }, body }, options),
      delete: (id, options) => caller.call('deleteBudget', { params: { id } }, options),
    },
  };
}
