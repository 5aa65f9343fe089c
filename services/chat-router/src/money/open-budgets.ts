import { RedisAway, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { concerns, metersOf, type Budget, type Meter, type PeriodSpan } from './budget.ts';
import { counterOf } from './budget-counter.ts';
import { openHoldings, type Holding } from './budget-holdings.ts';
import { away, unpriced } from './budget-refusals.ts';
import type { Budgets, Crossing, PricedTarget, Reservation } from './budgets.ts';
import { chargeAtMost, chargeCall } from './charge-call.ts';
import type { NanoUsd } from './nano-usd.ts';
import type { Charge } from './price-usage.ts';
import { watchLimits } from './watch-limits.ts';

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
  const limits = watchLimits({ crossed, logger });
  const holdings = await openHoldings({ redis, countSpent, limits, logger, leaseMs, tickMs, keyPrefix });

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
        counters: meters.map((meter) => counterOf(keyPrefix, meter, at)),
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
        await holdings.hold(holding, spending.estimate.outputTokensMax === null);
      } catch (error) {
        if (!(error instanceof RedisAway)) throw error;
        // It may be held without our knowing.
        if (error.reason === 'no_answer') holdings.keep(holding, zeros(meters));
        if (meters.some(({ hard }) => hard !== null)) throw away(error);
        logger.warn('budget.not_counted', { tenant_id: spending.tenantId, error });
        return { mayAsk, chargeOf, settle: () => Promise.resolve() };
      }
      holdings.keep(holding, null);
      let settled: Promise<void> | null = null;
      return {
        mayAsk,
        chargeOf,
        settle(charges) {
          settled ??= holdings.settle(
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
      await holdings[Symbol.asyncDispose]();
      await limits.settled();
    },
  };
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
