import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { startRedisServer, waitFor, type PrivateStore } from '@signalbox/test-kit';
import type { Redis } from 'ioredis';
import { connectRedis, openRedis, type RedisUse } from '../src/connect-redis.ts';
import type { LimitPolicy } from '../src/limit-policy.ts';
import { createLimiter, type Limiter } from '../src/limiter.ts';
import { askRedis, RedisAway } from '../src/redis-away.ts';

const lines: string[] = [];
const logger = createLogger({ service: 'test', write: (line) => lines.push(line) });
const told = (event: string): number => lines.filter((line) => line.includes(`"event":"${event}"`)).length;

let server: PrivateStore;
const opened: Redis[] = [];

beforeEach(async () => {
  server = await startRedisServer();
  lines.length = 0;
});
afterEach(async () => {
  for (const redis of opened.splice(0)) redis.disconnect();
  await server[Symbol.asyncDispose]();
});

async function connect(use: RedisUse): Promise<Redis> {
  const redis = connectRedis({ url: server.url, name: `outage-${use}`, use, logger });
  opened.push(redis);
  await once(redis, 'ready');
  return redis;
}

async function openLimiter({ replicas = 2 } = {}) {
  const redis = await connect('request');
  const metrics = createMetrics({ service: 'test' });
  const limiter = createLimiter({ redis, replicas, logger, metrics });
  const gauge = async (name: string): Promise<number> => {
    const line = (await metrics.text()).split('\n').find((text) => text.startsWith(name));
    return Number(line?.split(' ').at(-1));
  };
  return {
    redis,
    limiter,
    degraded: () => gauge('signalbox_limiter_degraded'),
    breaker: () => gauge('circuit_breaker_state{name="limiter_redis"}'),
  };
}

function policy(changes: Partial<LimitPolicy> = {}): LimitPolicy {
  return {
    name: 'key',
    key: randomUUID(),
    algorithm: 'sliding_window',
    limit: 100,
    windowMs: 60_000,
    unit: 'requests',
    onOutage: 'local',
    ...changes,
  };
}

async function timed(limiter: Limiter, policies: LimitPolicy[]) {
  const startedAt = performance.now();
  const decision = await limiter.take(policies);
  return { decision, ms: performance.now() - startedAt };
}

/** A busy machine may make one answer late; what is asked for is that Redis decides. */
async function decidedByRedis(limiter: Limiter): Promise<boolean> {
  return !(await limiter.take([policy()])).degraded;
}

describe('R6, LA-2: a limiter without its Redis', () => {
  it('answers soon while Redis is frozen, at once afterwards, and recovers by itself', async () => {
    const { limiter, degraded, breaker } = await openLimiter();
    await waitFor(() => decidedByRedis(limiter));
    expect([await degraded(), await breaker()]).toEqual([0, 0]);

    server.freeze();
    const frozenAt = performance.now();
    // How late this process is by itself, on a machine that may be busy with other tests.
    const late = sleep(50).then(() => performance.now() - frozenAt - 50);
    const simultaneous = await Promise.all(Array.from({ length: 20 }, () => timed(limiter, [policy()])));
    for (const { decision, ms } of simultaneous) {
      expect(decision).toMatchObject({ allowed: true, degraded: true });
      // 50 ms of patience; the bound leaves room for a machine whose cores are taken.
      expect(ms - (await late)).toBeLessThan(400);
    }
    const later: Awaited<ReturnType<typeof timed>>[] = [];
    for (let call = 0; call < 101; call += 1) later.push(await timed(limiter, [policy()]));
    expect(later.map(({ ms }) => ms).sort((a, b) => a - b)[50]).toBeLessThan(5);
    expect(later.every(({ decision }) => decision.degraded)).toBe(true);
    expect(await degraded()).toBe(1);
    expect(await breaker()).toBeGreaterThan(0);

    server.thaw();
    await waitFor(async () => (await degraded()) === 0);
    await waitFor(() => decidedByRedis(limiter));
    expect(await breaker()).toBe(0);
    expect(told('limiter.degraded')).toBeGreaterThan(0);
    expect(told('limiter.recovered')).toBe(told('limiter.degraded'));
  });

  it('recovers too from a freeze so long that the connection was given up', async () => {
    const { limiter, degraded } = await openLimiter();
    server.freeze();
    await waitFor(async () => (await limiter.take([policy()])).degraded);
    await waitFor(() => told('redis.away') > 0, { timeoutMs: 8_000 });
    server.thaw();
    await waitFor(async () => (await degraded()) === 0);
    await waitFor(() => decidedByRedis(limiter));
  });

  it('goes on without a 50 ms wait when Redis is killed, and recovers when another one is there', async () => {
    const { limiter, degraded } = await openLimiter();
    await server.kill();
    await waitFor(async () => (await degraded()) === 1 || (await limiter.take([policy()])).degraded);
    const { decision, ms } = await timed(limiter, [policy()]);
    expect(decision).toMatchObject({ allowed: true, degraded: true });
    expect(ms).toBeLessThan(25);
    await server.restart();
    await waitFor(async () => (await degraded()) === 0);
    await waitFor(() => decidedByRedis(limiter));
  });

  it.each(['sliding_window', 'gcra'] as const)(
    'S17: allows each process its share of a limit, by %s',
    async (algorithm) => {
      const { limiter } = await openLimiter({ replicas: 4 });
      await server.kill();
      await waitFor(async () => (await limiter.take([policy()])).degraded);
      const shared = policy({ algorithm, limit: 102, windowMs: 3_600_000 });
      const decisions = await Promise.all(Array.from({ length: 300 }, () => limiter.take([shared])));
      expect(decisions.filter(({ allowed }) => allowed)).toHaveLength(25);
      expect(decisions.at(-1)).toMatchObject({
        allowed: false,
        degraded: true,
        policies: [{ limit: 102, remaining: 0, violated: true }],
      });
      expect(decisions.at(-1)?.retryAfterMs).toBeGreaterThan(0);
      const single = policy({ algorithm, limit: 1 });
      expect((await limiter.take([single])).allowed).toBe(true);
      expect((await limiter.take([single])).allowed).toBe(false);
      const dear = policy({ algorithm, limit: 100, cost: 60 });
      expect([(await limiter.take([dear])).allowed, (await limiter.take([dear])).allowed]).toEqual([true, false]);
    },
  );

  it('refuses what is closed during an outage, with a time to retry, and charges nothing else for it', async () => {
    const { limiter } = await openLimiter({ replicas: 1 });
    await server.kill();
    await waitFor(async () => (await limiter.take([policy()])).degraded);
    const [login, address] = [policy({ name: 'login', onOutage: 'closed' }), policy({ name: 'address', limit: 1 })];
    for (let call = 0; call < 3; call += 1) {
      const decision = await limiter.take([login, address]);
      expect(decision).toMatchObject({
        allowed: false,
        degraded: true,
        retryAfterMs: 5_000,
        policies: [
          { name: 'login', violated: true, remaining: 0 },
          { name: 'address', violated: false, remaining: 1 },
        ],
      });
    }
    expect((await limiter.take([address])).allowed).toBe(true);
  });

  it('takes a Redis that is full, or a replica, for one that is away', async () => {
    const { redis, limiter, degraded } = await openLimiter();
    const admin = await connect('worker');
    await waitFor(() => decidedByRedis(limiter));
    await admin.config('SET', 'maxmemory', '1');
    expect(await limiter.take([policy()])).toMatchObject({ allowed: true, degraded: true });
    expect(told('limiter.recovered')).toBe(0);
    await admin.config('SET', 'maxmemory', '0');
    await waitFor(async () => (await degraded()) === 0);
    await waitFor(() => decidedByRedis(limiter));

    await admin.replicaof('127.0.0.1', 1);
    expect(await limiter.take([policy()])).toMatchObject({ allowed: true, degraded: true });
    await admin.replicaof('NO', 'ONE');
    await waitFor(async () => (await degraded()) === 0 && redis.status === 'ready');
  });

  it('survives SCRIPT FLUSH and FLUSHALL without anybody noticing', async () => {
    const { redis, limiter } = await openLimiter();
    await waitFor(() => decidedByRedis(limiter));
    await redis.script('FLUSH');
    expect(await decidedByRedis(limiter)).toBe(true);
    await redis.flushall();
    expect(await decidedByRedis(limiter)).toBe(true);
  });

  it('stops asking when its connection is closed for good', async () => {
    const { redis, limiter } = await openLimiter();
    redis.disconnect();
    expect(await limiter.take([policy()])).toMatchObject({ allowed: true, degraded: true });
    await sleep(300);
    expect(await limiter.take([policy()])).toMatchObject({ allowed: true, degraded: true });
    expect(told('limiter.degraded')).toBe(1);
  });
});

describe('R6: connections', () => {
  it('for requests fail soon on a frozen Redis and at once on a dead one, saying that Redis is away', async () => {
    const redis = await connect('request');
    server.freeze();
    const frozenAt = performance.now();
    await expect(askRedis(redis.get('x'))).rejects.toMatchObject({ name: 'RedisAway', reason: 'no_answer' });
    // 50 ms, and room for a machine whose cores are taken; without a bound of its own a command waits for ever.
    expect(performance.now() - frozenAt).toBeLessThan(1_000);
    server.thaw();
    await server.kill();
    await waitFor(() => redis.status !== 'ready');
    const deadAt = performance.now();
    await expect(askRedis(redis.get('x'))).rejects.toMatchObject({ name: 'RedisAway', reason: 'not_connected' });
    expect(performance.now() - deadAt).toBeLessThan(500);
  });

  it('tell once that Redis went and once that it came back, however often they tried', async () => {
    const redis = await connect('worker');
    await server.kill();
    await waitFor(() => told('redis.away') === 1);
    await sleep(700);
    await server.restart();
    await waitFor(() => told('redis.back') === 1);
    expect(told('redis.away')).toBe(1);
    expect(await redis.ping()).toBe('PONG');
  });

  it('for workers wait until Redis is back', async () => {
    const redis = await connect('worker');
    await server.kill();
    await waitFor(() => redis.status !== 'ready');
    const answer = redis.set('x', '1');
    await server.restart();
    expect(await answer).toBe('OK');
  });

  it('leave what is wrong with a command as it is', async () => {
    const redis = await connect('queue');
    await redis.set('x', '1');
    const failed = askRedis(redis.lpush('x', '1'));
    await expect(failed).rejects.toThrow('WRONGTYPE');
    await expect(failed).rejects.not.toBeInstanceOf(RedisAway);
  });

  it('waits for a frozen Redis as long as it was told to, and then no longer', async () => {
    const [patient, quick] = [10_000, 300].map((timeoutMs) =>
      connectRedis({ url: server.url, name: 'told', use: 'request', timeoutMs, logger }),
    ) as [Redis, Redis];
    opened.push(patient, quick);
    await Promise.all([once(patient, 'ready'), once(quick, 'ready')]);
    server.freeze();
    const kept = patient.set('x', '1');
    const from = performance.now();
    await expect(askRedis(quick.get('x'))).rejects.toBeInstanceOf(RedisAway);
    expect(performance.now() - from).toBeGreaterThan(250);
    // Longer than a connection that says nothing is usually believed in.
    await waitFor(() => performance.now() - from > 2_500);
    server.thaw();
    expect(await kept).toBe('OK');
  });

  it('can be asked whether Redis answers, for as long as the asker has time', async () => {
    await using connection = openRedis({ url: server.url, name: 'ping', use: 'worker', logger });
    await waitFor(async () => {
      await connection.ping();
      return true;
    });
    server.freeze();
    await expect(connection.ping(AbortSignal.timeout(50))).rejects.toMatchObject({ name: 'TimeoutError' });
    await expect(connection.ping(AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    server.thaw();
  });
});
