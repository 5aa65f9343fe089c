import { randomUUID } from 'node:crypto';
import type { BreakerState, Logger, Metrics } from '@signalbox/telemetry';
import type { Redis } from 'ioredis';
import {
  admits,
  closedBreaker,
  stepBreaker,
  usualBreaker,
  type Breaker,
  type BreakerEvent,
  type BreakerSettings,
} from './breaker.ts';
import { breakerArguments, breakerScript, readBreaker, type BreakerReading } from './breaker-script.ts';
import { stepOutage, type Outage } from './outage.ts';
import { askRedis } from './redis-away.ts';

export interface BreakersOptions {
  /** A connection of use `request`. */
  redis: Redis;
  /** A connection of use `worker` that is nothing else's: it subscribes. */
  subscriber: Redis;
  /** Stands before the names in Redis, so that two services' breakers are two. */
  prefix: string;
  logger: Logger;
  metrics: Metrics;
  /** Called when a call of this process changed a breaker; in one process for each change, while Redis is there. */
  onChange?: (change: BreakerChange) => void;
  /** How often what may have been missed is read again. Default 1,000. */
  syncEveryMs?: number;
}

export interface BreakerChange {
  id: string;
  from: BreakerState;
  to: BreakerState;
}

export interface BreakerView {
  state: BreakerState;
  /** Within the window; 0 when it is not closed. */
  failures: number;
  /** How long until a call may pass or try; 0: now. */
  restsMs: number;
}

/** Leave to make one call, whose outcome is to be told. */
export interface Admission {
  readonly admitted: true;
  succeeded(): void;
  /** It was the provider's fault. */
  failed(): void;
  /** It proved nothing. */
  abandoned(): void;
}

export type Admittance = Admission | { readonly admitted: false; readonly restsMs: number };

/**
 * Circuit breakers whose state all replicas share. Whether a call may pass is known from memory: Redis is asked only when a
 * call failed, and for who may try after a rest, which exactly one process in all may. While Redis is away each process
 * goes by what it sees itself.
 */
export interface Breakers extends AsyncDisposable {
  /** From memory, at once, unless a rest is over and somebody has to be the one to try. */
  ask(id: string, settings?: Partial<BreakerSettings>): Admittance | Promise<Admittance>;
  view(id: string): BreakerView;
  /** Closes a breaker for all replicas. Rejects with `RedisAway` when the others cannot be told. */
  reset(id: string): Promise<void>;
}

interface Known {
  id: string;
  settings: BreakerSettings;
  breaker: Breaker;
  /** On whose clock `breaker` counts: this plus `performance.now()`. */
  clockAheadMs: number;
  revision: number;
  /** False until it was read from Redis once, or Redis could not be asked. */
  isRead: boolean;
  /** How many events are on their way to Redis. */
  untold: number;
  /** When a call was last asked for, by `performance.now()`. */
  askedAt: number;
}

/** Each name is a series of its own for whoever collects the metrics. */
const metricNamesMax = 500;

/** What nobody has asked for that long is read no more, and forgotten unless there is something to remember. */
const usedMs = 60_000;

function nothing(): void {
  // Says that nothing is to be told.
}

export function createBreakers(options: BreakersOptions): Breakers {
  const { redis, subscriber, prefix, logger, metrics, onChange, syncEveryMs = 1_000 } = options;
  const script = breakerScript();
  const known = new Map<string, Known>();
  const keyPrefix = `${prefix}:breaker:`;
  let outage: Outage = { kind: 'closed' };
  let closed = false;

  function find(id: string, settings?: Partial<BreakerSettings>): Known {
    let one = known.get(id);
    if (one === undefined) {
      one = {
        id,
        settings: usualBreaker,
        breaker: closedBreaker,
        clockAheadMs: 0,
        revision: 0,
        isRead: false,
        untold: 0,
        askedAt: performance.now(),
      };
      known.set(id, one);
      show(one);
    }
    if (settings !== undefined) one.settings = { ...usualBreaker, ...settings };
    return one;
  }

  function show(one: Known): void {
    if (known.size <= metricNamesMax) metrics.breakerState(one.id, one.breaker.kind);
  }

  function change(one: Known, next: Breaker): void {
    const from = one.breaker.kind;
    one.breaker = next;
    if (from === next.kind) return;
    show(one);
    logger[next.kind === 'open' ? 'warn' : 'info']('breaker.changed', { breaker: one.id, from, to: next.kind });
  }

  function tellChange(id: string, from: BreakerState, to: BreakerState): void {
    if (from !== to) onChange?.({ id, from, to });
  }

  /** What Redis holds counts, unless something later is known already. */
  function learn(one: Known, reading: BreakerReading): void {
    if (reading.revision < one.revision) return;
    // It does not hold what is still on its way there.
    if (one.untold > 0 && one.breaker.kind === 'open' && reading.breaker.kind === 'closed') return;
    one.revision = reading.revision;
    one.clockAheadMs = reading.now - performance.now();
    change(one, reading.breaker);
  }

  function nowOf(one: Known): number {
    return performance.now() + one.clockAheadMs;
  }

  function stepAlone(one: Known, event: BreakerEvent): void {
    const from = one.breaker.kind;
    change(one, stepBreaker(one.breaker, event, nowOf(one), one.settings));
    tellChange(one.id, from, one.breaker.kind);
  }

  function stepOutageBy(event: 'answered' | 'failed' | 'probed', error?: unknown): void {
    const before = outage;
    outage = stepOutage(before, event, performance.now());
    if (before.kind === 'closed' && outage.kind === 'open') logger.warn('breakers.alone', { error });
    if (before.kind !== 'closed' && outage.kind === 'closed') logger.info('breakers.shared');
    metrics.breakerState('breakers_redis', outage.kind);
  }

  function learnFrom(one: Known, reading: BreakerReading): void {
    learn(one, reading);
    // The news of it may have come on the other connection before.
    if (reading.changedFrom !== null) tellChange(one.id, reading.changedFrom, reading.breaker.kind);
  }

  async function run(one: Known, event: BreakerEvent): Promise<BreakerReading> {
    const given = breakerArguments(keyPrefix + one.id, event, one.settings);
    try {
      return readBreaker(await askRedis(redis.evalsha(script.sha1, ...given)));
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return readBreaker(await askRedis(redis.eval(script.lua, ...given)));
    }
  }

  /** Steps in Redis, or alone while that is away. */
  async function step(one: Known, event: BreakerEvent): Promise<void> {
    if (outage.kind !== 'closed') {
      stepAlone(one, event);
      return;
    }
    try {
      learnFrom(one, await run(one, event));
    } catch (error) {
      stepOutageBy('failed', error);
      stepAlone(one, event);
    }
  }

  /** Counts here at once, so that not even the next call slips through; then for all. */
  async function tell(one: Known, event: BreakerEvent): Promise<void> {
    const from = one.breaker.kind;
    change(one, stepBreaker(one.breaker, event, nowOf(one), one.settings));
    const here = one.breaker.kind;
    if (outage.kind !== 'closed') {
      tellChange(one.id, from, here);
      return;
    }
    one.untold += 1;
    try {
      const reading = await run(one, event);
      one.untold -= 1;
      learnFrom(one, reading);
    } catch (error) {
      one.untold -= 1;
      stepOutageBy('failed', error);
      tellChange(one.id, from, here);
    }
  }

  /** Leave for the one that tries, which alone can close the breaker. */
  function leaveToTry(one: Known, ticket: string): Admission {
    return {
      admitted: true,
      succeeded: () => {
        void tell(one, { kind: 'succeeded', ticket });
      },
      failed: () => {
        void tell(one, { kind: 'failed', ticket });
      },
      abandoned: () => {
        void tell(one, { kind: 'abandoned', ticket });
      },
    };
  }

  /** Leave while the breaker is closed: only a failure is news. */
  function leave(one: Known): Admission {
    return {
      admitted: true,
      succeeded: nothing,
      failed: () => {
        void tell(one, { kind: 'failed', ticket: '' });
      },
      abandoned: nothing,
    };
  }

  function restsMs(one: Known): number {
    return one.breaker.kind === 'closed' ? 0 : Math.max(0, Math.ceil(one.breaker.until - nowOf(one)));
  }

  async function askToTry(one: Known): Promise<Admittance> {
    const ticket = randomUUID();
    await step(one, { kind: 'asked', ticket });
    if (one.breaker.kind === 'closed') return leave(one);
    if (admits(one.breaker, ticket)) return leaveToTry(one, ticket);
    return { admitted: false, restsMs: Math.max(1, restsMs(one)) };
  }

  /** Those that calls are made by, or that hold calls back; the others go. */
  function inUse(): Known[] {
    const before = performance.now() - usedMs;
    const used: Known[] = [];
    for (const [id, one] of known) {
      const isClean = one.breaker.kind === 'closed' && one.breaker.failures.length === 0 && one.untold === 0;
      if (one.askedAt > before || !isClean) used.push(one);
      else known.delete(id);
    }
    return used;
  }

  function decide(one: Known): Admittance | Promise<Admittance> {
    if (one.breaker.kind === 'closed') return leave(one);
    const rest = restsMs(one);
    return rest > 0 ? { admitted: false, restsMs: rest } : askToTry(one);
  }

  /** Learns what was missed: while it was not subscribed, or before this process began. */
  async function sync(all: readonly Known[]): Promise<void> {
    if (outage.kind === 'open') {
      if (performance.now() < outage.probeAt) return;
      stepOutageBy('probed');
    }
    const asked = all.length === 0 ? ['none'] : all.map(({ id }) => id);
    try {
      const [time, states] = await askRedis(Promise.all([redis.time(), redis.mget(asked.map((id) => keyPrefix + id))]));
      const now = Number(time[0]) * 1_000 + Math.floor(Number(time[1]) / 1_000);
      stepOutageBy('answered');
      for (const [index, one] of all.entries()) {
        one.isRead = true;
        const state = states[index];
        if (typeof state === 'string') learn(one, readBreaker(`${String(now)} ${state}`));
        // It was forgotten there: after its time, or with everything else.
        else if (one.revision > 0) {
          one.revision = 0;
          change(one, closedBreaker);
        }
        if (one.breaker.kind === 'closed' && one.breaker.failures.length === 0)
          one.clockAheadMs = now - performance.now();
      }
    } catch (error) {
      stepOutageBy('failed', error);
    }
  }

  subscriber.on('pmessage', (_pattern: string, channel: string, message: string) => {
    const one = find(channel.slice(keyPrefix.length));
    try {
      learn(one, readBreaker(message));
    } catch (error) {
      logger.warn('breakers.message_not_understood', { error });
    }
  });
  subscriber.psubscribe(`${keyPrefix}*`).catch((error: unknown) => {
    if (!closed) logger.warn('breakers.not_subscribed', { error });
  });
  let syncing: Promise<void> | null = null;
  const timer = setInterval(() => {
    syncing ??= sync(inUse()).finally(() => {
      syncing = null;
    });
  }, syncEveryMs).unref();

  return {
    ask(id, settings) {
      const one = find(id, settings);
      one.askedAt = performance.now();
      return one.isRead || outage.kind !== 'closed' ? decide(one) : sync([one]).then(() => decide(one));
    },
    view(id) {
      const one = known.get(id);
      if (one === undefined) return { state: 'closed', failures: 0, restsMs: 0 };
      const now = nowOf(one);
      const { breaker, settings } = one;
      const failures =
        breaker.kind === 'closed' ? breaker.failures.filter((at) => at > now - settings.windowMs).length : 0;
      return { state: breaker.kind, failures, restsMs: restsMs(one) };
    },
    async reset(id) {
      const one = find(id);
      learnFrom(one, await run(one, { kind: 'reset' }));
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearInterval(timer);
      await syncing;
    },
  };
}
