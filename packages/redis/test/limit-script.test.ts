import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { testStore } from '@signalbox/test-kit';
import fc from 'fast-check';
import { connectRedis } from '../src/connect-redis.ts';
import { termsOf, type LimitPolicy } from '../src/limit-policy.ts';
import { limitScript, limitScriptToldTheTime, scriptArguments, verdictsOf } from '../src/limit-script.ts';
import { createLocalLimiter } from '../src/local-limiter.ts';
import { arbitraryCalls, type ArbitraryCall } from './arbitrary-calls.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const redis = connectRedis({
  url: testStore('SIGNALBOX_TEST_REDIS_URL'),
  name: 'limit-script-test',
  use: 'worker',
  logger,
});
const script = limitScriptToldTheTime();
const start = 1_790_000_000_000_000;

beforeAll(async () => {
  if (redis.status !== 'ready') await once(redis, 'ready');
});
afterAll(() => redis.disconnect());

async function takeAt(policies: readonly LimitPolicy[], now: number) {
  const answer = await redis.eval(script.lua, ...scriptArguments(policies.map(termsOf)), now);
  return verdictsOf(answer, policies.length);
}

async function agrees(calls: readonly ArbitraryCall[]): Promise<void> {
  const local = createLocalLimiter();
  const run = randomUUID();
  let now = start;
  for (const { laterUs, policies } of calls) {
    now += laterUs;
    const own = policies.map((policy) => ({ ...policy, key: `${run}:${policy.key}` }));
    const keys = own.map((policy) => termsOf(policy).storageKey);
    const before = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
    const verdicts = await takeAt(own, now);
    expect(verdicts).toEqual(local.take(own.map(termsOf), now));
    if (verdicts.every((verdict) => verdict.allowed) && own[0]?.cost !== 0) continue;
    expect(await Promise.all(keys.map((key) => redis.dumpBuffer(key)))).toEqual(before);
  }
}

describe('OP-17, LA-2: the script in Redis', () => {
  it('says of every call exactly what the local limiter says, and writes nothing for a refused one', async () => {
    await fc.assert(fc.asyncProperty(arbitraryCalls(), agrees), { numRuns: 100 });
  });

  it('does so too when the clock goes back', async () => {
    await fc.assert(fc.asyncProperty(arbitraryCalls({ clockMayGoBack: true }), agrees), { numRuns: 100 });
  });

  it('counts on the clock of Redis, and takes no other', async () => {
    const key = randomUUID();
    const policy: LimitPolicy = {
      name: 'clock',
      key,
      algorithm: 'sliding_window',
      limit: 1,
      windowMs: 60_000,
      unit: 'requests',
      onOutage: 'local',
    };
    const given = scriptArguments([termsOf(policy)]);
    expect(verdictsOf(await redis.eval(limitScript().lua, ...given, start), 1)[0]?.allowed).toBe(true);
    expect(verdictsOf(await redis.eval(limitScript().lua, ...given, start + 3_600_000_000), 1)[0]?.allowed).toBe(false);
    const [seconds = 0] = await redis.time();
    const [, , at] = await redis.lrange(termsOf(policy).storageKey, 0, -1);
    expect(Math.abs(Number(at) / 1e6 - seconds)).toBeLessThan(5);
  });
});

describe('the size of a window with very many calls', () => {
  const calls = 200_000;
  const policy: LimitPolicy = {
    name: 'many',
    key: randomUUID(),
    algorithm: 'sliding_window',
    limit: 1_000_000,
    windowMs: 60_000,
    unit: 'requests',
    onOutage: 'local',
  };
  const { storageKey } = termsOf(policy);

  beforeAll(async () => {
    await takeAt([policy], start);
    for (let from = 1; from < calls; from += 10_000) {
      const rows = Array.from({ length: 10_000 }, (_, index) => [
        start + (from + index) * 100,
        from + index + 1,
      ]).flat();
      await redis.rpush(storageKey, ...rows);
    }
  });
  afterAll(() => redis.del(storageKey));

  it('is less than 20 bytes a call', async () => {
    const bytes = (await redis.memory('USAGE', storageKey, 'SAMPLES', 0)) ?? Infinity;
    expect(bytes / calls).toBeLessThan(20);
  });

  it('hardly matters to a call, even where many calls have left the window or must be waited for', async () => {
    const end = start + calls * 100;
    const timed = async (cost: number, now: number) => {
      const startedAt = performance.now();
      const [verdict] = await takeAt([{ ...policy, cost }], now);
      return { verdict, ms: performance.now() - startedAt };
    };
    const waits = await timed(900_000, end);
    expect(waits.verdict).toMatchObject({ allowed: false, remaining: 800_000 - 1, retryAfterMs: 50_000 });
    const passed = await timed(990_000, end + 51_000_000);
    expect(passed.verdict).toMatchObject({ allowed: false });
    const cuts = await timed(1, end + 59_000_000);
    expect(cuts.verdict).toMatchObject({ allowed: true });
    expect(await redis.llen(storageKey)).toBeLessThan(25_000);
    for (const { ms } of [waits, passed, cuts]) expect(ms).toBeLessThan(50);
  });
});
