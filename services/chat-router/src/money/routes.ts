import * as contracts from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { Connection, Connections } from '../routing/connection.ts';
import { findTarget } from '../routing/find-target.ts';
import { estimateTokens } from '../routing/request-facts.ts';
import { modelId } from '../routing/target.ts';
import { periodAt, type Budget } from './budget.ts';
import {
  allBudgets,
  deleteBudget,
  findBudget,
  insertBudget,
  listBudgets,
  spentIn,
  updateBudget,
} from './budget-store.ts';
import { budgetsMax, changedBudget, newBudget } from './change-budgets.ts';
import { listCostRecords, sumCosts, sumCostsByGroup, type CostFilter } from './cost-store.ts';
import { formatUsd } from './nano-usd.ts';
import { presentBudget, presentCost, presentSum } from './present-costs.ts';
import { priceExpected } from './price-usage.ts';

export interface MoneyRoutesDeps {
  connections: Connections;
  database: Pick<Database<Schema>, 'db'>;
  tellAudit: TellAudit;
  /** To be called after a commit that changed a tenant's budgets, and messages were put into the outbox. */
  changed: (tenantId: string) => Promise<void>;
  now?: () => Date;
}

const groupsMax = 100;

/** Mounts budgets and costs. Another tenant's budget is as absent as one that never was. */
export function mountMoneyRoutes(
  routes: Routes,
  { database, connections, tellAudit, changed, now = () => new Date() }: MoneyRoutesDeps,
): void {
  const { db } = database;
  const present = async (budget: Budget) =>
    presentBudget(budget, await spentIn(db, budget.tenantId, budget.scope, periodAt(budget.period, now())), now());

  mountRoute(routes, contracts.createBudget, async ({ principal, requestId, body }) => {
    const budget = newBudget(principal.tenantId, body, now());
    await db.transaction().execute(async (trx) => {
      if ((await allBudgets(trx, principal.tenantId)).length >= budgetsMax) {
        throw new AppError('conflict', `A tenant has at most ${String(budgetsMax)} budgets.`);
      }
      await insertBudget(trx, budget);
      const details = { change: 'created', name: budget.name };
      await tellAudit(trx, { action: 'budget.changed', target: budget.id, principal, requestId, details });
    });
    await changed(principal.tenantId);
    return reply(await present(budget), { headers: { location: `/api/v1/budgets/${budget.id}` } });
  });

  mountRoute(routes, contracts.listBudgets, async ({ principal, query }) => {
    const list = contracts.listBudgets.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listBudgets(db, principal.tenantId, {
      after: textOf(start.after?.[0]),
      backwards: start.backwards,
      limit: start.fetch,
    });
    const page = keysetPage({ list, start, rows, keyOf: (budget) => [budget.id], present: (budget) => budget });
    return { ...page, data: await Promise.all(page.data.map(present)) };
  });

  mountRoute(routes, contracts.getBudget, async ({ principal, params }) => {
    const budget = await findBudget(db, principal.tenantId, params.id);
    if (budget === null) throw absent();
    return present(budget);
  });

  mountRoute(routes, contracts.updateBudget, async ({ principal, requestId, params, body }) => {
    const budget = await db.transaction().execute(async (trx) => {
      const before = await findBudget(trx, principal.tenantId, params.id, true);
      if (before === null) throw absent();
      const after = changedBudget(before, body, now());
      await updateBudget(trx, after);
      const details = { change: 'updated', name: after.name, members: Object.keys(body) };
      await tellAudit(trx, { action: 'budget.changed', target: after.id, principal, requestId, details });
      return after;
    });
    await changed(principal.tenantId);
    return present(budget);
  });

  mountRoute(routes, contracts.deleteBudget, async ({ principal, requestId, params }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await deleteBudget(trx, principal.tenantId, params.id))) throw absent();
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'budget.changed', target: params.id, principal, requestId, details });
    });
    await changed(principal.tenantId);
    return undefined;
  });

  mountRoute(routes, contracts.listCosts, async ({ principal, query }) => {
    const list = contracts.listCosts.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listCostRecords(db, principal.tenantId, filterOf(query), {
      after: textOf(start.after?.[0]),
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: presentCost });
  });

  mountRoute(routes, contracts.getCostEstimate, async ({ principal, query }) => {
    if (query.prompt_tokens === undefined && query.characters === undefined) {
      throw new AppError('validation_failed', undefined, {
        fields: [{ path: 'prompt_tokens', message: 'Expected prompt_tokens or characters.' }],
      });
    }
    return estimateCost(await connections.of(principal.tenantId), {
      model: query.model,
      promptTokens: query.prompt_tokens ?? null,
      characters: query.characters ?? 0,
      completionTokens: query.completion_tokens,
    });
  });

  mountRoute(routes, contracts.getCostSummary, async ({ principal, query }) => {
    const present = now();
    const span = {
      from: query.from === undefined ? periodAt(query.period, present).from : new Date(query.from),
      to: query.to === undefined ? present : new Date(query.to),
    };
    if (span.to <= span.from) {
      throw new AppError('validation_failed', undefined, {
        fields: [{ path: 'to', message: 'Expected a moment after `from`.' }],
      });
    }
    const filter = filterOf(query);
    // In one snapshot, so that the whole is the sum of its parts.
    const { total, groups } = await db
      .transaction()
      .setIsolationLevel('repeatable read')
      .setAccessMode('read only')
      .execute(async (trx) => ({
        total: await sumCosts(trx, principal.tenantId, span, filter),
        groups: await sumCostsByGroup(trx, principal.tenantId, span, filter, {
          by: query.group_by,
          groupsMax: groupsMax + 1,
        }),
      }));
    return {
      from: span.from.toISOString(),
      to: span.to.toISOString(),
      group_by: query.group_by,
      total: presentSum(total),
      groups: groups.slice(0, groupsMax).map((row) => ({ group: row.group, ...presentSum(row) })),
      more_groups: groups.length > groupsMax,
    };
  });
}

/** What a call to a tenant's model would cost, by what is known of it today. */
function estimateCost(
  connections: readonly Connection[],
  asked: { model: string; promptTokens: number | null; characters: number; completionTokens: number },
): contracts.CostEstimate {
  const found = findTarget(
    connections.map(({ provider }) => provider),
    asked.model,
  );
  // A price can be told of a model that cannot be asked yet.
  const target = found.kind === 'found' || found.kind === 'not_configured' ? found.target : null;
  const connection = connections.find(({ provider }) => provider.name === target?.provider);
  if (target === null || connection === undefined) {
    throw new AppError('not_found', `The model ${JSON.stringify(asked.model)} is not known here.`);
  }
  const { price, tokenizer, sources } = connection.factsOf(target.model);
  const promptTokens = asked.promptTokens ?? estimateTokens(asked.characters);
  const tokens = { input: promptTokens, output: asked.completionTokens };
  return {
    model: modelId(target),
    prompt_tokens: promptTokens,
    method: asked.promptTokens === null ? 'characters/4' : 'given',
    completion_tokens: asked.completionTokens,
    cost_usd: price === null ? null : formatUsd(priceExpected(tokens, price)),
    price_version: price?.version ?? null,
    tokenizer,
    sources: sources.map(({ url, asOf }) => ({ url, as_of: asOf })),
  };
}

function filterOf(query: {
  model?: string | undefined;
  key_id?: string | undefined;
  system?: string | undefined;
  tag?: string | undefined;
}): CostFilter {
  const { model, key_id: keyId, system, tag } = query;
  const colon = tag?.indexOf(':') ?? -1;
  return {
    model,
    keyId,
    system,
    tag: tag === undefined ? undefined : { name: tag.slice(0, colon), value: tag.slice(colon + 1) },
  };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function absent(): AppError {
  return new AppError('not_found', 'There is no such budget.');
}
