import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { testStore } from '@signalbox/test-kit';
import { connectRedis } from '../src/connect-redis.ts';
import { termsOf, type LimitPolicy } from '../src/limit-policy.ts';
import { createLimiter } from '../src/limiter.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

function openReplica() {
  const redis = connectRedis({
    url: testStore('SIGNALBOX_TEST_REDIS_URL'),
    name: 'limiter-test',
    use: 'request',
    logger,
  });
  // Two busy cores must not turn a late answer into a degraded one: what is tested here is the counting.
  redis.options.commandTimeout = 5_000;
  return { redis, limiter: createLimiter({ redis, replicas: 2, logger, metrics: createMetrics({ service: 'test' }) }) };
}

const [one, two] = [openReplica(), openReplica()];

beforeAll(async () => {
  for (const { redis } of [one, two]) if (redis.status !== 'ready') await once(redis, 'ready');
});
afterAll(() => {
  for (const { redis } of [one, two]) redis.disconnect();
});

function policy(changes: Partial<LimitPolicy> = {}): LimitPolicy {
  return {
    name: 'key',
    key: randomUUID(),
    algorithm: 'sliding_window',
    limit: 100,
    windowMs: 3_600_000,
    unit: 'requests',
    onOutage: 'local',
    ...changes,
  };
}

describe('LA-2: limits that replicas share', () => {
  it.each(['sliding_window', 'gcra'] as const)(
    'let exactly 100 of 300 simultaneous calls pass by %s',
    async (algorithm) => {
      const shared = policy({ algorithm });
      const decisions = await Promise.all(
        Array.from({ length: 300 }, (_, call) => (call % 2 === 0 ? one : two).limiter.take([shared])),
      );
      expect(decisions.filter((decision) => decision.allowed)).toHaveLength(100);
      expect(decisions.some((decision) => decision.degraded)).toBe(false);
      const remaining = decisions.filter(({ allowed }) => allowed).map(({ policies }) => policies[0]?.remaining ?? -1);
      expect(remaining.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, left) => left));
    },
  );

  it('charge every policy of a call or none, and say which refused', async () => {
    const [narrow, wide] = [policy({ name: 'narrow', limit: 2 }), policy({ name: 'wide', algorithm: 'gcra' })];
    for (let call = 0; call < 2; call += 1) expect((await one.limiter.take([narrow, wide])).allowed).toBe(true);
    for (let call = 0; call < 5; call += 1) {
      const refused = await two.limiter.take([narrow, wide]);
      expect(refused).toMatchObject({
        allowed: false,
        policies: [
          { name: 'narrow', limit: 2, remaining: 0, violated: true },
          { name: 'wide', remaining: 98, violated: false },
        ],
      });
      expect(refused.retryAfterMs).toBeGreaterThan(3_590_000);
    }
  });

  it('S17: give nothing away at the edge of a window', async () => {
    const [limit, windowMs] = [20, 800];
    const edge = policy({ limit, windowMs });
    const taken: { sent: number; received: number }[] = [];
    const startedAt = performance.now();
    while (performance.now() - startedAt < 2_600) {
      const sent = performance.now();
      const decisions = await Promise.all(Array.from({ length: 10 }, () => one.limiter.take([edge])));
      const received = performance.now();
      for (const { allowed } of decisions) if (allowed) taken.push({ sent, received });
    }
    for (let first = 0; first + limit < taken.length; first += 1) {
      const between = (taken[first + limit]?.received ?? 0) - (taken[first]?.sent ?? 0);
      expect(between).toBeGreaterThanOrEqual(windowMs);
    }
    expect(taken.length).toBeGreaterThanOrEqual(3 * limit);
    expect(taken.length).toBeLessThanOrEqual(4 * limit);
  });

  it.each(['sliding_window', 'gcra'] as const)('keep their word on when to retry, by %s', async (algorithm) => {
    const brief = policy({ algorithm, limit: 5, windowMs: 500 });
    let refused = await one.limiter.take([brief]);
    while (refused.allowed) refused = await one.limiter.take([brief]);
    await sleep(refused.retryAfterMs + 1);
    expect((await one.limiter.take([brief])).allowed).toBe(true);
  });

  it.each(['sliding_window', 'gcra'] as const)(
    'leave nothing behind in Redis when they would say nothing, by %s',
    async (algorithm) => {
      const brief = policy({ algorithm, limit: 5, windowMs: 60_000 });
      const { policies } = await one.limiter.take([brief]);
      const ttl = await one.redis.pttl(termsOf(brief).storageKey);
      expect(ttl).toBeGreaterThan(0);
      expect(ttl).toBeLessThanOrEqual(policies[0]?.resetMs ?? 0);
    },
  );

  it('take nothing for a cost of 0, and refuse for ever what costs more than there is', async () => {
    const asked = policy({ limit: 3 });
    expect(await one.limiter.take([{ ...asked, cost: 0 }])).toMatchObject({
      allowed: true,
      policies: [{ remaining: 3 }],
    });
    expect(await one.redis.exists(termsOf(asked).storageKey)).toBe(0);
    expect(await one.limiter.take([{ ...asked, cost: 4 }])).toMatchObject({ allowed: false, retryAfterMs: 3_600_000 });
    expect(await one.limiter.take([{ ...asked, cost: 3 }])).toMatchObject({
      allowed: true,
      policies: [{ remaining: 0 }],
    });
  });

  it('S21: never mistake one caller for another, whatever their names hold', async () => {
    const run = randomUUID();
    const names = ['a:b', 'a', 'b', '{}', '}{', '\n', '","', '', 'a\u0000b', '💡'];
    for (const name of names) {
      for (const key of names) {
        const once = policy({ name, key: `${key}${run}`, limit: 1 });
        expect((await one.limiter.take([once])).allowed).toBe(true);
        expect((await one.limiter.take([once])).allowed).toBe(false);
      }
    }
  });

  it('allow a call without policies, and refuse to count two of one name and key', async () => {
    expect(await one.limiter.take([])).toEqual({ allowed: true, degraded: false, policies: [], retryAfterMs: 0 });
    const twice = policy();
    await expect(one.limiter.take([twice, { ...twice, limit: 5 }])).rejects.toThrow(RangeError);
  });
});
