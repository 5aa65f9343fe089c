import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Redis } from 'ioredis';
import { termsOf, type LimitDecision, type LimitPolicy, type LimitTerms } from './limit-policy.ts';
import { limitScript, scriptArguments, verdictsOf } from './limit-script.ts';
import { createLocalLimiter } from './local-limiter.ts';
import { stepOutage, type Outage, type OutageEvent } from './outage.ts';
import { askRedis } from './redis-away.ts';
import { decisionOf, type Verdict } from './verdict.ts';

export interface LimiterOptions {
  /** A connection of use `request`. */
  redis: Redis;
  /** How many processes share the limits while Redis is away. */
  replicas: number;
  logger: Logger;
  metrics: Metrics;
}

/**
 * Holds calls against limits that all replicas share. Never waits long and never fails because of Redis: while that is
 * away, each process goes on alone with its share of every limit, and says so in the answer, in `signalbox_limiter_degraded`,
 * in `circuit_breaker_state{name="limiter_redis"}` and in the log.
 */
export interface Limiter {
  /** Charges every policy or none. Rejects with a `RangeError` for a policy with which nothing can be counted. */
  take(policies: readonly LimitPolicy[]): Promise<LimitDecision>;
}

/** What a policy says that does not go on without Redis. */
const closedVerdict: Verdict = { allowed: false, remaining: 0, resetMs: 5_000, retryAfterMs: 5_000 };

/** It writes, since a Redis that is full or a replica still answers to reading. */
const probeTerms = termsOf({
  name: 'limiter',
  key: 'probe',
  algorithm: 'gcra',
  limit: 1_000_000,
  windowMs: 60_000,
  unit: 'requests',
  onOutage: 'local',
});

export function createLimiter({ redis, replicas, logger, metrics }: LimiterOptions): Limiter {
  const script = limitScript();
  const local = createLocalLimiter();
  const degraded = metrics.gauge({
    name: 'signalbox_limiter_degraded',
    help: '1 while Redis is away and each process counts alone for its share of every limit.',
  });
  let outage: Outage = { kind: 'closed' };
  show();

  async function decide(terms: readonly LimitTerms[]): Promise<Verdict[]> {
    const given = scriptArguments(terms);
    try {
      return verdictsOf(await redis.evalsha(script.sha1, ...given), terms.length);
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return verdictsOf(await redis.eval(script.lua, ...given), terms.length);
    }
  }

  function decideAlone(policies: readonly LimitPolicy[]): LimitDecision {
    const shares = policies.map((policy) => termsOf(shareOf(policy, replicas)));
    const refused = policies.some((policy) => policy.onOutage === 'closed');
    const asked = refused ? shares.map((terms) => ({ ...terms, cost: 0 })) : shares;
    const verdicts = local
      .take(asked, Math.floor(performance.now() * 1_000))
      .map((verdict, index) => (policies[index]?.onOutage === 'closed' ? closedVerdict : verdict));
    return decisionOf(policies, verdicts, true);
  }

  function step(event: OutageEvent, cause?: unknown): void {
    const before = outage;
    outage = stepOutage(before, event, performance.now());
    if (outage === before) return;
    show();
    if (before.kind === 'closed') logger.warn('limiter.degraded', { error: cause });
    if (outage.kind === 'closed') logger.info('limiter.recovered');
    if (outage.kind === 'open') {
      // Nobody's call waits for a probe. Unreferenced, the timer keeps no process from ending.
      setTimeout(() => void probe(), outage.probeAt - performance.now()).unref();
    }
  }

  async function probe(): Promise<void> {
    // The connection was closed for good, by whoever opened it.
    if (redis.status === 'end') return;
    step('probed');
    try {
      await decide([probeTerms]);
      step('answered');
    } catch (error) {
      step('failed', error);
    }
  }

  function show(): void {
    degraded.set({}, outage.kind === 'closed' ? 0 : 1);
    metrics.breakerState('limiter_redis', outage.kind);
  }

  return {
    async take(policies) {
      const terms = policies.map(termsOf);
      if (new Set(terms.map((each) => each.storageKey)).size < terms.length)
        throw new RangeError('two limit policies of one call have the same name and key');
      if (terms.length === 0) return decisionOf([], [], false);
      if (outage.kind !== 'closed') return decideAlone(policies);
      try {
        return decisionOf(policies, await askRedis(decide(terms)), false);
      } catch (error) {
        step('failed', error);
        return decideAlone(policies);
      }
    },
  };
}

/**
 * One process's share of a limit, at least 1. A call that fits into the whole limit may take the whole share: better that
 * than that some calls never pass while Redis is away.
 */
function shareOf(policy: LimitPolicy, replicas: number): LimitPolicy {
  const { limit, burst = limit, cost = 1, algorithm } = policy;
  const share = (whole: number): number => Math.max(1, Math.floor(whole / replicas));
  const whole = algorithm === 'gcra' ? burst : limit;
  return {
    ...policy,
    limit: share(limit),
    burst: share(burst),
    cost: cost > whole ? cost : Math.min(cost, share(whole)),
  };
}
