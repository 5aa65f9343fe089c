import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import { askRedis, RedisAway, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { concerns, metersOf, periodAt, type Budget, type Meter, type PeriodSpan } from './budget.ts';
import {
  beginScript,
  countedScript,
  renewScript,
  reserveScript,
  settleScript,
  wakeScript,
  type BudgetScript,
} from './budget-script.ts';
import type { Budgets, PricedTarget, Reservation, Spending } from './budgets.ts';
import { chargeAtMost, chargeCall } from './charge-call.ts';
import { formatUsd, type NanoUsd } from './nano-usd.ts';
import type { Charge } from './price-usage.ts';

export interface BudgetsOptions {
  /** A connection of use `request` to a Redis that evicts nothing. */
  redis: OpenRedis['redis'];
  /** The tenant's budgets, from memory. */
  budgetsOf: (tenantId: string) => Promise<readonly Budget[]>;
  /** What the ledger says was spent in a budget's scope and period, in the unit of the meter. */
  countSpent: (meter: Meter, span: PeriodSpan) => Promise<bigint>;
  /** A limit was reached or a request refused by it. Called at least once for each limit of each period, by each process. */
  crossed: (crossing: Crossing) => Promise<void>;
  logger: Logger;
  /** How long what a process holds outlives it. */
  leaseMs?: number;
  /** How often a process says that it lives, to a memory that may have forgotten it. */
  tickMs?: number;
  keyPrefix?: string;
  now?: () => Date;
}

export interface Crossing {
  meter: Meter;
  span: PeriodSpan;
  level: 'soft' | 'hard';
  spent: bigint;
}

/** Where one meter is counted in one period. */
interface Counter {
  meter: Meter;
  span: PeriodSpan;
  key: string;
  livesMs: number;
}

/** What this process holds, or has yet to settle. */
interface Holding {
  reservation: string;
  id: string;
  counters: readonly Counter[];
  amounts: readonly bigint[];
  heldAt: number;
  renewedAt: number;
  /** What was spent, once that is known. */
  spent: readonly bigint[] | null;
}

/** How long a counter is kept when its period is over: requests that began in it may still be under way. */
const afterPeriodMs = 86_400_000;
/** How long a settled reservation is known, so that settling it again does nothing. */
const settledMs = 3_600_000;
const countingMsMax = 5_000;
const reserveMsMax = 8_000;
/** Beyond it, what cannot be settled is left to the leases' end and a counting anew. */
const holdingsMax = 50_000;
/** No request takes as long: whoever holds something still has forgotten it. */
const holdingMsMax = 2 * 3_600_000;

/**
 * Budgets that hold whatever runs at once: one Lua call holds an amount in all of them or in none, one turns it into what was
 * spent. Redis counts fast; the ledger is the truth, from which a counter that is missing or in doubt is counted anew.
 *
 * While Redis is away, requests that touch a hard budget are refused with `unavailable`: spending that nobody counts is what
 * a hard budget is there to prevent. Those that touch soft ones alone go on. After Redis lost its memory, hard budgets wait a
 * few seconds, in which every process says again what it holds.
 */
export async function openBudgets(options: BudgetsOptions): Promise<Budgets> {
  const { redis, budgetsOf, countSpent, crossed, logger } = options;
  const { leaseMs = 15_000, tickMs = 1_000, keyPrefix = 'chat-router:budgets', now = () => new Date() } = options;
  const quarantineMs = 3 * tickMs;
  const memoryKey = `${keyPrefix}:memory`;
  const holdings = new Map<string, Holding>();
  const told = new Set<string>();
  const telling = new Set<Promise<void>>();
  const closing = new AbortController();
  let memory: string | null = null;

  async function run(script: BudgetScript, keys: readonly string[], args: readonly string[]): Promise<unknown> {
    const given = [keys.length, ...keys, ...args] as const;
    return askRedis(
      redis.evalsha(script.sha1, ...given).catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
        return redis.eval(script.lua, ...given);
      }),
    );
  }

  function counterOf(meter: Meter, at: Date): Counter {
    const span = periodAt(meter.budget.period, at);
    return {
      meter,
      span,
      key: `${keyPrefix}:c:${meter.budget.id}:${meter.unit}:${String(span.from.getTime())}`,
      livesMs: span.to.getTime() - at.getTime() + afterPeriodMs,
    };
  }

  function keysOf(counters: readonly Counter[]): string[] {
    return counters.flatMap(({ key }) => [key, `${key}:leases`]);
  }

  /** Tells of every limit that so much spent has reached, once for each in this process. */
  function watch(counter: Counter, spent: bigint, refused = false): void {
    for (const level of ['soft', 'hard'] as const) {
      const limit = counter.meter[level];
      if (limit === null || (spent < limit && !(refused && level === 'hard'))) continue;
      const mark = `${counter.key}:${level}:${String(limit)}`;
      if (told.has(mark)) continue;
      told.add(mark);
      if (told.size > 10_000) told.clear();
      const tell = crossed({ meter: counter.meter, span: counter.span, level, spent })
        .catch((error: unknown) => {
          told.delete(mark);
          logger.warn('budget.crossing_not_told', { budget_id: counter.meter.budget.id, level, error });
        })
        .finally(() => telling.delete(tell));
      telling.add(tell);
    }
  }

  /** Counts from the ledger. Whoever else is at it, or has done it, is left in peace. */
  async function countAnew(counter: Counter): Promise<void> {
    const token = randomUUID();
    const begun = await run(beginScript, [counter.key], [token, String(counter.livesMs), String(countingMsMax)]);
    if (begun !== 1) {
      await sleep(20);
      return;
    }
    const spent = await countSpent(counter.meter, counter.span);
    await run(countedScript, [counter.key], [token, String(spent)]);
    watch(counter, spent);
  }

  async function countAllAnew(counters: readonly Counter[]): Promise<void> {
    for (const counter of counters) await countAnew(counter);
  }

  async function hold(holding: Holding, spending: Spending): Promise<void> {
    const { counters, amounts } = holding;
    const keys = [memoryKey, holding.reservation, ...keysOf(counters)];
    const args = [
      holding.id,
      String(leaseMs),
      String(quarantineMs),
      ...counters.flatMap(({ meter, livesMs }, index) => [
        String(amounts[index] ?? 0n),
        meter.hard === null ? '' : String(meter.hard),
        String(livesMs),
      ]),
    ];
    const deadline = performance.now() + reserveMsMax;
    let timeouts = 0;
    for (;;) {
      try {
        const [kind, ...details] = (await run(reserveScript, keys, args)) as [string, ...(string | number)[]];
        switch (kind) {
          case 'held':
            return;
          case 'over':
            throw new AppError('conflict', 'A request of this id is over.');
          case 'refused': {
            const counter = counters[Number(details[0]) - 1];
            if (counter === undefined) throw new TypeError('the script refused by a counter that is none');
            watch(counter, BigInt(details[1] ?? 0), true);
            throw exhausted(
              counter,
              { spent: BigInt(details[1] ?? 0), held: BigInt(details[2] ?? 0) },
              {
                asked: amounts[Number(details[0]) - 1] ?? 0n,
                limitsOutput: spending.estimate.outputTokensMax === null,
              },
            );
          }
          case 'young':
            if (performance.now() > deadline) throw away();
            await sleep(Math.min(Number(details[0]) + 5, tickMs), undefined, { signal: closing.signal });
            break;
          case 'count':
            if (performance.now() > deadline) throw away();
            await countAllAnew(counters.filter((_, index) => details.map(Number).includes(index + 1)));
            break;
          default:
            throw new TypeError('the script gave an answer that is none');
        }
      } catch (error) {
        // A busy moment, perhaps; the same id is the same reservation, so it may be asked for again.
        if (error instanceof RedisAway && error.reason === 'no_answer' && (timeouts += 1) < 2) continue;
        throw error;
      }
    }
  }

  async function settle(holding: Holding, spent: readonly bigint[]): Promise<void> {
    const { counters, reservation, id } = holding;
    holding.spent = spent;
    try {
      const args = [
        id,
        String(settledMs),
        ...counters.flatMap(({ livesMs }, index) => [String(spent[index] ?? 0n), String(livesMs)]),
      ];
      const answer = (await run(settleScript, [reservation, ...keysOf(counters)], args)) as string[];
      holdings.delete(reservation);
      for (const [index, counter] of counters.entries()) {
        const after = answer[2 + 2 * index];
        if (after !== undefined && after !== '') watch(counter, BigInt(after));
      }
    } catch (error) {
      // The next tick tries again. A lease that ends before has its counters counted anew from the ledger.
      if (!(error instanceof RedisAway)) {
        holdings.delete(reservation);
        logger.error('budget.not_settled', { reservation: id, error });
      }
    }
  }

  async function renew(holding: Holding, at: number): Promise<void> {
    holding.renewedAt = at;
    const args = [
      holding.id,
      String(leaseMs),
      ...holding.counters.flatMap(({ livesMs }, index) => [String(holding.amounts[index] ?? 0n), String(livesMs)]),
    ];
    await run(renewScript, [holding.reservation, ...keysOf(holding.counters)], args);
  }

  /** Says what this process holds: at once to a memory that is new, now and then to one that knows. */
  async function tick(): Promise<void> {
    if (holdings.size === 0) return;
    const at = performance.now();
    const remembered = await askRedis(redis.get(memoryKey));
    const isNew = remembered === null || remembered !== memory;
    if (remembered === null) await run(wakeScript, [memoryKey], []);
    for (const [name, { heldAt, spent }] of holdings) {
      if (spent === null && at - heldAt > holdingMsMax) holdings.delete(name);
    }
    const due = [...holdings.values()].filter(({ renewedAt }) => isNew || at - renewedAt > leaseMs / 3);
    await Promise.all(
      due.map((holding) => (holding.spent === null ? renew(holding, at) : settle(holding, holding.spent))),
    );
    memory = remembered;
  }

  async function keepAlive(): Promise<void> {
    for (;;) {
      try {
        await sleep(tickMs, undefined, { signal: closing.signal, ref: false });
      } catch {
        return;
      }
      try {
        await tick();
      } catch (error) {
        // Redis' own listener tells that it is away.
        if (!(error instanceof RedisAway)) logger.warn('budget.tick_failed', { error });
      }
    }
  }

  // So that the first request does not wait for a memory to age; with Redis away it will.
  await run(wakeScript, [memoryKey], []).catch(() => undefined);
  const alive = keepAlive();

  return {
    async reserve(spending, candidates) {
      const budgets = (await budgetsOf(spending.tenantId)).filter((budget) => concerns(budget, spending));
      const meters = budgets.flatMap(metersOf);
      const inUsd = meters.filter(({ unit }) => unit === 'usd').map(({ budget }) => budget);
      const ceilingUsd = highestCeiling(inUsd);
      const refusesUnknown = inUsd.some((budget) => budget.ceilingUsd === null);
      const mayAsk = (target: PricedTarget): boolean => target.price !== null || !refusesUnknown;
      const chargeOf: Reservation['chargeOf'] = (call) => chargeCall(call, spending.estimate, ceilingUsd);
      if (meters.length === 0) return { mayAsk, chargeOf, settle: () => Promise.resolve() };

      const affordable = candidates.filter(mayAsk);
      if (affordable.length === 0) throw unpriced(inUsd);
      const most = affordable.map((target) => chargeAtMost(target, spending.estimate, ceilingUsd));
      const at = now();
      const holding: Holding = {
        reservation: `${keyPrefix}:r:${spending.tenantId}:${spending.id}`,
        id: spending.id,
        counters: meters.map((meter) => counterOf(meter, at)),
        amounts: meters.map(
          ({ unit }) =>
            BigInt(spending.callsMax) *
            greatest(most.map(({ usd, tokens }) => (unit === 'usd' ? (usd ?? 0n) : BigInt(tokens)))),
        ),
        heldAt: performance.now(),
        renewedAt: performance.now(),
        spent: null,
      };
      try {
        await hold(holding, spending);
      } catch (error) {
        if (!(error instanceof RedisAway)) throw error;
        // It may be held without our knowing.
        if (error.reason === 'no_answer') keep(holding, zeros(meters));
        if (meters.some(({ hard }) => hard !== null)) throw away(error);
        logger.warn('budget.not_counted', { tenant_id: spending.tenantId, error });
        return { mayAsk, chargeOf, settle: () => Promise.resolve() };
      }
      keep(holding, null);
      let settled: Promise<void> | null = null;
      return {
        mayAsk,
        chargeOf,
        settle(charges) {
          settled ??= settle(
            holding,
            meters.map(({ unit }, index) =>
              sumOf(charges, unit, (holding.amounts[index] ?? 0n) / BigInt(spending.callsMax)),
            ),
          );
          return settled;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      await alive;
      await Promise.all(telling);
      // What is still held here is nobody's any more when its lease ends.
      holdings.clear();
    },
  };

  function keep(holding: Holding, spent: readonly bigint[] | null): void {
    if (holdings.size >= holdingsMax) return;
    holding.spent = spent;
    holdings.set(holding.reservation, holding);
  }
}

function zeros(meters: readonly Meter[]): bigint[] {
  return meters.map(() => 0n);
}

function greatest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}

/** What is unknown counts as much as was held for it: it is not free. */
function sumOf(charges: readonly Charge[], unit: Meter['unit'], heldPerCall: bigint): bigint {
  return charges.reduce((sum, { usd, tokens }) => {
    const amount = unit === 'usd' ? usd : tokens === null ? null : BigInt(tokens);
    return sum + (amount ?? heldPerCall);
  }, 0n);
}

function highestCeiling(budgets: readonly Budget[]): NanoUsd | null {
  const ceilings = budgets.map(({ ceilingUsd }) => ceilingUsd).filter((ceiling) => ceiling !== null);
  return ceilings.length === 0 ? null : greatest(ceilings);
}

function shown(unit: Meter['unit'], amount: bigint): string {
  return unit === 'usd' ? `${formatUsd(amount)} USD` : `${String(amount)} tokens`;
}

function exhausted(
  { meter, span }: Counter,
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

function unpriced(budgets: readonly Budget[]): AppError {
  const budget = budgets.find(({ ceilingUsd }) => ceilingUsd === null);
  return new AppError(
    'budget_exhausted',
    `What this model costs is not known, and the budget ${JSON.stringify(budget?.name)} allows no unknown costs.`,
    { details: { code: 'price_unknown', budget_id: budget?.id ?? null, should_retry: false } },
  );
}

function away(cause?: unknown): AppError {
  return new AppError('unavailable', 'What is left of a budget cannot be told at the moment.', {
    ...(cause === undefined ? {} : { cause }),
    retryAfterMs: 1_000,
  });
}
