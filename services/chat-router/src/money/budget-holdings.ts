import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import { askRedis, RedisAway, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import type { Meter, PeriodSpan } from './budget.ts';
import { keysOf, type Counter } from './budget-counter.ts';
import { away, exhausted } from './budget-refusals.ts';
import {
  beginScript,
  countedScript,
  renewScript,
  reserveScript,
  settleScript,
  wakeScript,
  type BudgetScript,
} from './budget-script.ts';
import type { LimitWatch } from './watch-limits.ts';

/** What this process holds, or has yet to settle. */
export interface Holding {
  reservation: string;
  id: string;
  counters: readonly Counter[];
  amounts: readonly bigint[];
  heldAt: number;
  renewedAt: number;
  /** What was spent, once that is known. */
  spent: readonly bigint[] | null;
}

export interface HoldingsOptions {
  /** A connection of use `request` to a Redis that evicts nothing. */
  redis: OpenRedis['redis'];
  /** What the ledger says was spent in a budget's scope and period, in the unit of the meter. */
  countSpent: (meter: Meter, span: PeriodSpan) => Promise<bigint>;
  limits: LimitWatch;
  logger: Logger;
  /** How long what a process holds outlives it. */
  leaseMs: number;
  /** How often a process says that it lives, to a memory that may have forgotten it. */
  tickMs: number;
  keyPrefix: string;
}

/** What is held in Redis, in all counters of a holding or in none, and kept alive as long as this process is. */
export interface Holdings extends AsyncDisposable {
  /**
   * Holds. Throws `budget_exhausted` where a hard budget has no room, `unavailable` where it cannot be told in time, and
   * `RedisAway`.
   */
  hold(holding: Holding, limitsOutput: boolean): Promise<void>;
  /** From now on it is kept alive; with `spent` it is only to be settled. */
  keep(holding: Holding, spent: readonly bigint[] | null): void;
  /** Turns what is held into what was spent; never rejects. */
  settle(holding: Holding, spent: readonly bigint[]): Promise<void>;
}

/** How long a settled reservation is known, so that settling it again does nothing. */
const settledMs = 3_600_000;
const countingMsMax = 5_000;
const reserveMsMax = 8_000;
/** Beyond it, what cannot be settled is left to the leases' end and a counting anew. */
const holdingsMax = 50_000;
/** No request takes as long: whoever holds something still has forgotten it. */
const holdingMsMax = 2 * 3_600_000;

export async function openHoldings(options: HoldingsOptions): Promise<Holdings> {
  const { redis, countSpent, limits, logger, leaseMs, tickMs, keyPrefix } = options;
  const quarantineMs = 3 * tickMs;
  const memoryKey = `${keyPrefix}:memory`;
  const holdings = new Map<string, Holding>();
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
    limits.saw(counter, spent);
  }

  async function countAllAnew(counters: readonly Counter[]): Promise<void> {
    for (const counter of counters) await countAnew(counter);
  }

  async function hold(holding: Holding, limitsOutput: boolean): Promise<void> {
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
            limits.saw(counter, BigInt(details[1] ?? 0), true);
            throw exhausted(
              counter,
              { spent: BigInt(details[1] ?? 0), held: BigInt(details[2] ?? 0) },
              { asked: amounts[Number(details[0]) - 1] ?? 0n, limitsOutput },
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
        if (after !== undefined && after !== '') limits.saw(counter, BigInt(after));
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
    hold,
    keep(holding, spent) {
      if (holdings.size >= holdingsMax) return;
      holding.spent = spent;
      holdings.set(holding.reservation, holding);
    },
    settle,
    async [Symbol.asyncDispose]() {
      closing.abort();
      await alive;
      // What is still held here is nobody's any more when its lease ends.
      holdings.clear();
    },
  };
}
