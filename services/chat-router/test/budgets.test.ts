import { newId } from '@signalbox/ids';
import { openDatabase, type Database } from '@signalbox/postgres';
import { openRedis, type OpenRedis } from '@signalbox/redis';
import { createLogger } from '@signalbox/telemetry';
import {
  createTestDatabase,
  startRedisServer,
  waitFor,
  type PrivateStore,
  type TestDatabase,
} from '@signalbox/test-kit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import type { Budget } from '../src/money/budget.ts';
import { spentIn } from '../src/money/budget-store.ts';
import type { Budgets, PricedTarget, Spending } from '../src/money/budgets.ts';
import { parseUsd } from '../src/money/nano-usd.ts';
import type { Crossing } from '../src/money/budgets.ts';
import { openBudgets, type BudgetsOptions } from '../src/money/open-budgets.ts';
import type { Charge } from '../src/money/price-usage.ts';
import { unknownUsage } from '../src/usage/token-usage.ts';
import { usageRecordOf } from '../src/usage/usage-record.ts';
import { insertUsageRecords } from '../src/usage/usage-store.ts';

const logger = createLogger({ service: 'chat-router', level: 'silent' });
const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** A dollar for a million tokens, in or out. */
const target: PricedTarget = {
  price: {
    prices: { input: parseUsd('1'), output: parseUsd('1'), cachedInput: null, cacheWrite: null, reasoning: null },
    longInput: null,
    version: 'test',
  },
  outputTokensMax: 50_000,
};
const unpriced: PricedTarget = { price: null, outputTokensMax: 50_000 };

let store: PrivateStore;
let testDatabase: TestDatabase;
let database: Database<Schema>;
let owned: AsyncDisposableStack;
let budgets: Budget[];
let crossings: Crossing[];

beforeAll(async () => {
  [store, testDatabase] = await Promise.all([
    startRedisServer(),
    createTestDatabase({ service: 'chat-router', migrations }),
  ]);
  database = openDatabase<Schema>({ url: testDatabase.url, applicationName: 'test', logger });
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await testDatabase[Symbol.asyncDispose]();
  await store[Symbol.asyncDispose]();
});
beforeEach(() => {
  owned = new AsyncDisposableStack();
  budgets = [];
  crossings = [];
});
afterEach(async () => {
  await owned.disposeAsync();
});

function aBudget(given: Partial<Budget> = {}): Budget {
  const budget: Budget = {
    id: newId('budget'),
    tenantId: newId('tenant'),
    name: 'team',
    scope: { kind: 'tenant' },
    period: 'month',
    hardUsd: null,
    softUsd: null,
    hardTokens: null,
    softTokens: null,
    ceilingUsd: null,
    createdAt: new Date(),
    updatedAt: new Date(),
    ...given,
  };
  budgets.push(budget);
  return budget;
}

/** Asks one of two replicas in turn. */
function turn(replicas: readonly [Budgets, Budgets], index: number): Budgets {
  return index % 2 === 0 ? replicas[0] : replicas[1];
}

async function aReplica(options: Partial<BudgetsOptions> = {}): Promise<Budgets & { redis: OpenRedis['redis'] }> {
  const { redis } = owned.use(openRedis({ url: store.url, name: 'test', use: 'request', logger }));
  await waitFor(() => redis.status === 'ready', { what: 'redis' });
  const opened = await openBudgets({
    redis,
    budgetsOf: (tenantId) => Promise.resolve(budgets.filter((budget) => budget.tenantId === tenantId)),
    countSpent: async ({ budget, unit }, span) =>
      (await spentIn(database.db, budget.tenantId, budget.scope, span))[unit],
    crossed: (crossing) => {
      crossings.push(crossing);
      return Promise.resolve();
    },
    logger,
    leaseMs: 2_000,
    tickMs: 100,
    ...options,
  });
  owned.use(opened);
  return Object.assign(opened, { redis });
}

/** One request of 1,000 tokens at most: 500 in, 500 out. */
function aRequest(budget: Pick<Budget, 'tenantId'>, given: Partial<Spending> = {}): Spending {
  return {
    id: newId('req'),
    tenantId: budget.tenantId,
    principalId: 'key_1',
    system: null,
    estimate: { method: 'characters/4', inputTokens: 125, inputTokensMax: 500, outputTokensMax: 500, answers: 1 },
    callsMax: 1,
    ...given,
  };
}

const charge = (usd: string, tokens: number): Charge => ({
  usd: parseUsd(usd),
  basis: 'price',
  priceVersion: 'test',
  tokens,
});

/** Puts what a call cost into the ledger. */
async function record(budget: Budget, usd: string, tokens: number, given: { key?: string; system?: string } = {}) {
  const traced = usageRecordOf(
    {
      tenantId: budget.tenantId,
      principalId: given.key ?? 'key_1',
      requestId: newId('req'),
      target: { provider: 'sim', model: 'small' },
      requestedModel: 'small',
      streamed: false,
      startedAt: new Date(),
    },
    {
      outcome: 'ok',
      usage: { ...unknownUsage, promptTokens: tokens, completionTokens: 0 },
      latencyMs: 1,
      firstTokenMs: null,
    },
    {
      charge: charge(usd, tokens),
      estimate: aRequest(budget).estimate,
      system: given.system ?? null,
      tags: {},
      attempts: 1,
    },
  );
  await insertUsageRecords(database.pool, [{ record: traced, traceparent }]);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'ok',
    (error: unknown) => (error as { code: string }).code,
  );

describe('a budget (LA-21)', () => {
  it('is never overshot by 200 requests at once on two replicas, and is used up to the last one that fits', async () => {
    // 0.001 USD each at most: 50 fit.
    const budget = aBudget({ hardUsd: parseUsd('0.05') });
    const replicas = await Promise.all([aReplica(), aReplica()]);
    const reserved = await Promise.allSettled(
      Array.from({ length: 200 }, (_, index) => turn(replicas, index).reserve(aRequest(budget), [target])),
    );
    const held = reserved.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(held).toHaveLength(50);
    for (const result of reserved) {
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'budget_exhausted' });
    }
    // Half of what was held was spent; the rest is free again.
    await Promise.all(held.map((reservation) => reservation.settle([charge('0.0005', 500)])));
    const again = await Promise.all(
      Array.from({ length: 60 }, (_, index) => codeOf(turn(replicas, index).reserve(aRequest(budget), [target]))),
    );
    expect(again.filter((code) => code === 'ok')).toHaveLength(25);
  });

  it('holds a random crowd of requests of all sizes that settle, fail and repeat below its limit at every moment', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.02'), hardTokens: 15_000 });
    const replicas = await Promise.all([aReplica(), aReplica()]);
    let spentTokens = 0;
    await Promise.all(
      Array.from({ length: 300 }, async (_, index) => {
        const output = 100 + ((index * 37) % 900);
        const spending = aRequest(budget, {
          estimate: {
            method: 'characters/4',
            inputTokens: 10,
            inputTokensMax: 100,
            outputTokensMax: output,
            answers: 1,
          },
        });
        const replica = turn(replicas, index);
        const reservation = await replica.reserve(spending, [target]).catch(() => null);
        if (!reservation) return;
        const used = index % 5 === 0 ? 0 : Math.floor(output / 2);
        spentTokens += used;
        const charges = used === 0 ? [] : [charge(`0.${String(used).padStart(6, '0')}`, used)];
        await Promise.all([reservation.settle(charges), reservation.settle(charges)]);
      }),
    );
    expect(spentTokens).toBeLessThanOrEqual(15_000);
    const [key] = await replicas[0].redis.keys(`*:c:${budget.id}:tokens:*[0-9]`);
    expect(await replicas[0].redis.hmget(key ?? '', 'spent', 'held')).toEqual([String(spentTokens), '0']);
  });

  it('counts one id once, held or settled, however often it is asked for', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.003') });
    const replica = await aReplica();
    const spending = aRequest(budget);
    const same = await Promise.all([replica.reserve(spending, [target]), replica.reserve(spending, [target])]);
    await replica.reserve(aRequest(budget), [target]);
    await replica.reserve(aRequest(budget), [target]);
    expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
    for (const reservation of same) await reservation.settle([charge('0.001', 1_000)]);
    expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
    expect(await codeOf(replica.reserve(spending, [target]))).toBe('conflict');
  });

  it('concerns its key, its system or the whole tenant, and holds in all that are concerned or in none', async () => {
    const tenant = aBudget({ hardTokens: 10_000 });
    aBudget({ tenantId: tenant.tenantId, scope: { kind: 'key', key_id: 'key_1' }, hardTokens: 1_000 });
    aBudget({ tenantId: tenant.tenantId, scope: { kind: 'system', system: 'support' }, hardTokens: 2_000 });
    const replica = await aReplica();
    await replica.reserve(aRequest(tenant), [target]);
    expect(await codeOf(replica.reserve(aRequest(tenant), [target]))).toBe('budget_exhausted');
    const other = { principalId: 'key_2', system: 'support' };
    await replica.reserve(aRequest(tenant, other), [target]);
    await replica.reserve(aRequest(tenant, other), [target]);
    expect(await codeOf(replica.reserve(aRequest(tenant, other), [target]))).toBe('budget_exhausted');
    // What the refused ones asked for was held nowhere: seven more fit into the tenant's.
    const rest = await Promise.all(
      Array.from({ length: 9 }, () => codeOf(replica.reserve(aRequest(tenant, { principalId: 'key_3' }), [target]))),
    );
    expect(rest.filter((code) => code === 'ok')).toHaveLength(7);
  });

  it('of another tenant is not touched', async () => {
    const budget = aBudget({ hardTokens: 1_000 });
    const replica = await aReplica();
    await replica.reserve(aRequest(budget), [target]);
    const elsewhere = aRequest({ tenantId: newId('tenant') });
    expect(await codeOf(replica.reserve(elsewhere, [target]))).toBe('ok');
  });

  it('counts what was spent before it was made', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.01') });
    await record(budget, '0.0095', 9_500);
    const replica = await aReplica();
    expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
  });

  it('says what is left, what the request may come to, and when there is more', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.0005'), period: 'hour' });
    const replica = await aReplica();
    const open = aRequest(budget, {
      estimate: { method: 'characters/4', inputTokens: 1, inputTokensMax: 500, outputTokensMax: null, answers: 1 },
    });
    const refused = replica.reserve(open, [target]);
    await expect(refused).rejects.toMatchObject({
      code: 'budget_exhausted',
      message: `The budget "team" has 0.000500000 USD left for this hour, and this request may come to 0.050500000 USD. A limit of the output (max_tokens) makes that less.`,
      details: { code: 'budget_exhausted', budget_id: budget.id, should_retry: false },
    });
  });
});

describe('a price that nobody knows', () => {
  it('is refused by a budget in dollars, and asked for where another candidate is known', async () => {
    const budget = aBudget({ softUsd: parseUsd('1') });
    const replica = await aReplica();
    await expect(replica.reserve(aRequest(budget), [unpriced])).rejects.toMatchObject({
      code: 'budget_exhausted',
      details: { code: 'price_unknown' },
    });
    const reservation = await replica.reserve(aRequest(budget), [unpriced, target]);
    expect([reservation.mayAsk(unpriced), reservation.mayAsk(target)]).toEqual([false, true]);
  });

  it('is charged at the ceiling where a budget states one, and never at 0', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.2'), ceilingUsd: parseUsd('100') });
    const replica = await aReplica();
    const reservation = await replica.reserve(aRequest(budget), [unpriced]);
    const usage = { ...unknownUsage, promptTokens: 400, completionTokens: 100 };
    const charged = reservation.chargeOf({ price: null, usage, outputCharacters: 0, answered: true });
    expect(charged).toEqual({ usd: parseUsd('0.05'), basis: 'ceiling', priceVersion: null, tokens: 500 });
    await reservation.settle([charged]);
    await replica.reserve(aRequest(budget), [unpriced]);
    expect(await codeOf(replica.reserve(aRequest(budget), [unpriced]))).toBe('budget_exhausted');
  });

  it('stays unknown without a budget in dollars', async () => {
    const budget = aBudget({ hardTokens: 1_000_000 });
    const reservation = await (await aReplica()).reserve(aRequest(budget), [unpriced]);
    const usage = { ...unknownUsage, promptTokens: 1, completionTokens: 1 };
    expect(reservation.chargeOf({ price: null, usage, outputCharacters: 0, answered: true })).toMatchObject({
      usd: null,
      basis: 'unknown',
      tokens: 2,
    });
  });

  it('is no reason to guess where there was no answer, and what the provider did not count is estimated and called so', async () => {
    const budget = aBudget({ hardUsd: parseUsd('1') });
    const reservation = await (await aReplica()).reserve(aRequest(budget), [target]);
    const of = (outputCharacters: number, answered: boolean) =>
      reservation.chargeOf({ price: target.price, usage: unknownUsage, outputCharacters, answered });
    expect(of(0, false)).toMatchObject({ usd: 0n, basis: 'not_billed' });
    expect(of(400, true)).toMatchObject({ usd: parseUsd('0.000225'), basis: 'estimate', tokens: 225 });
  });
});

describe('when processes and Redis fail (R20)', () => {
  it('a process that dies gives back what it held when its lease ends, and what it spent is counted from the ledger', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.001') });
    const died = await aReplica({ leaseMs: 500 });
    await died.reserve(aRequest(budget), [target]);
    await died[Symbol.asyncDispose]();
    const other = await aReplica({ leaseMs: 500 });
    expect(await codeOf(other.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
    // Its last breath was a row in the ledger.
    await record(budget, '0.0001', 100);
    const small = () =>
      aRequest(budget, {
        estimate: { method: 'characters/4', inputTokens: 1, inputTokensMax: 400, outputTokensMax: 500, answers: 1 },
      });
    await waitFor(async () => (await codeOf(other.reserve(small(), [target]))) === 'ok', { timeoutMs: 5_000 });
    expect(await codeOf(other.reserve(small(), [target]))).toBe('budget_exhausted');
  });

  it('a process that lives keeps what it holds for longer than a lease', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.001') });
    const replica = await aReplica({ leaseMs: 600 });
    const reservation = await replica.reserve(aRequest(budget), [target]);
    const until = performance.now() + 1_500;
    await waitFor(
      async () => {
        expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
        return performance.now() > until;
      },
      { intervalMs: 100 },
    );
    await reservation.settle([]);
    expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('ok');
  });

  it('FLUSHALL loses neither what was spent nor what is held', async () => {
    const budget = aBudget({ hardUsd: parseUsd('0.004') });
    const replicas = await Promise.all([aReplica(), aReplica()]);
    const held = await replicas[0].reserve(aRequest(budget), [target]);
    const spent = await replicas[1].reserve(aRequest(budget), [target]);
    await record(budget, '0.0015', 1_500);
    await spent.settle([charge('0.0015', 1_500)]);
    await replicas[0].redis.flushall();
    // 0.0015 spent, 0.001 held: one fits, and no second.
    const asked = await Promise.all(
      Array.from({ length: 10 }, (_, index) => codeOf(turn(replicas, index).reserve(aRequest(budget), [target]))),
    );
    expect(asked.filter((code) => code === 'ok')).toHaveLength(1);
    expect(asked.filter((code) => code === 'budget_exhausted')).toHaveLength(9);
    await held.settle([]);
    expect(await codeOf(replicas[1].reserve(aRequest(budget), [target]))).toBe('ok');
  });

  it('without Redis a hard budget refuses with 503 and a soft one lets pass; afterwards everything is settled', async () => {
    const hard = aBudget({ hardUsd: parseUsd('0.002') });
    const soft = aBudget({ softUsd: parseUsd('0.002') });
    const replica = await aReplica();
    const reservation = await replica.reserve(aRequest(hard), [target]);
    store.freeze();
    try {
      expect(await codeOf(replica.reserve(aRequest(hard), [target]))).toBe('unavailable');
      const passed = await replica.reserve(aRequest(soft), [target]);
      await passed.settle([charge('0.001', 1_000)]);
      await record(hard, '0.0005', 500);
      await reservation.settle([charge('0.0005', 500)]);
    } finally {
      store.thaw();
    }
    await waitFor(async () => {
      const [key] = await replica.redis.keys(`*:c:${hard.id}:usd:*[0-9]`);
      return (await replica.redis.hget(key ?? '', 'held')) === '0';
    });
    expect(await codeOf(replica.reserve(aRequest(hard), [target]))).toBe('ok');
    expect(await codeOf(replica.reserve(aRequest(hard), [target]))).toBe('budget_exhausted');
  });
});

describe('crossing a limit', () => {
  it('is told for soft and for hard, by what was spent and by the first refusal', async () => {
    const budget = aBudget({ softUsd: parseUsd('0.001'), hardUsd: parseUsd('0.0025') });
    const replica = await aReplica();
    const levels = () => crossings.map(({ level, spent }) => [level, spent]);
    await (await replica.reserve(aRequest(budget), [target])).settle([charge('0.0009', 900)]);
    expect(levels()).toEqual([]);
    await (await replica.reserve(aRequest(budget), [target])).settle([charge('0.0008', 800)]);
    expect(levels()).toEqual([['soft', parseUsd('0.0017')]]);
    for (const _ of [1, 2]) {
      expect(await codeOf(replica.reserve(aRequest(budget), [target]))).toBe('budget_exhausted');
    }
    expect(levels()).toEqual([
      ['soft', parseUsd('0.0017')],
      ['hard', parseUsd('0.0017')],
    ]);
  });
});
