import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { startRedisServer, testStore, waitFor } from '@signalbox/test-kit';
import fc from 'fast-check';
import { closedBreaker, stepBreaker, type Breaker, type BreakerEvent } from '../src/breaker.ts';
import { breakerArguments, breakerScriptToldTheTime, readBreaker } from '../src/breaker-script.ts';
import { createBreakers, type Admission, type BreakerChange, type Breakers } from '../src/breakers.ts';
import { connectRedis } from '../src/connect-redis.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const shared = testStore('SIGNALBOX_TEST_REDIS_URL');
const redis = connectRedis({ url: shared, name: 'breakers-test', use: 'worker', logger });
beforeAll(async () => {
  if (redis.status !== 'ready') await once(redis, 'ready');
});
afterAll(() => redis.disconnect());

interface Replica extends AsyncDisposable {
  breakers: Breakers;
  changes: BreakerChange[];
  metrics: ReturnType<typeof createMetrics>;
}

async function startReplica(prefix: string, url = shared): Promise<Replica> {
  const own = connectRedis({ url, name: 'replica', use: 'request', logger });
  const subscriber = connectRedis({ url, name: 'replica-events', use: 'worker', logger });
  const changes: BreakerChange[] = [];
  const metrics = createMetrics({ service: 'test' });
  if (own.status !== 'ready') await once(own, 'ready');
  const breakers = createBreakers({
    redis: own,
    subscriber,
    prefix,
    logger,
    metrics,
    onChange: (change) => changes.push(change),
    syncEveryMs: 50,
  });
  return {
    breakers,
    changes,
    metrics,
    async [Symbol.asyncDispose]() {
      await breakers[Symbol.asyncDispose]();
      own.disconnect();
      subscriber.disconnect();
    },
  };
}

async function passes(breakers: Breakers, id: string, openMs = 300): Promise<Admission | null> {
  const asked = await breakers.ask(id, { openMs });
  return asked.admitted ? asked : null;
}

async function failTimes(breakers: Breakers, id: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) (await passes(breakers, id))?.failed();
}

describe('LA-3: the script in Redis', () => {
  const event = fc.record({
    laterMs: fc.integer({ min: 0, max: 40_000 }),
    ticket: fc.constantFrom('a', 'b', 'c', ''),
    kind: fc.constantFrom<BreakerEvent['kind'][]>('asked', 'succeeded', 'failed', 'abandoned', 'reset'),
  });
  const settings = { failuresMax: 3, windowMs: 60_000, openMs: 30_000, probeMs: 10_000 };

  it('says of every event exactly what the step says', async () => {
    const script = breakerScriptToldTheTime();
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 40 }), async (events) => {
        const key = `test:breaker:${randomUUID()}`;
        let breaker: Breaker = closedBreaker;
        let now = 1_790_000_000_000;
        let revision = 0;
        for (const { laterMs, ticket, kind } of events) {
          now += laterMs;
          const told = { kind, ticket } as BreakerEvent;
          breaker = stepBreaker(breaker, told, now, settings);
          const reading = readBreaker(await redis.eval(script.lua, ...breakerArguments(key, told, settings), now));
          expect(reading.breaker).toEqual(breaker);
          expect(reading.now).toBe(now);
          expect(reading.revision).toBeGreaterThanOrEqual(revision);
          ({ revision } = reading);
        }
        await redis.del(key);
      }),
      { numRuns: 60 },
    );
  });
});

describe('LA-3: one breaker, several replicas', () => {
  it('opens for all when all together saw enough failures, and one alone of 20 calls then tries', async () => {
    const prefix = `test-${randomUUID()}`;
    await using first = await startReplica(prefix);
    await using second = await startReplica(prefix);
    await failTimes(first.breakers, 'openai', 3);
    await failTimes(second.breakers, 'openai', 2);
    await waitFor(() => [first, second].every(({ breakers }) => breakers.view('openai').state === 'open'));
    expect(await passes(first.breakers, 'openai')).toBeNull();
    expect(first.breakers.view('openai').restsMs).toBeGreaterThan(0);

    await waitFor(() => first.breakers.view('openai').restsMs === 0 && second.breakers.view('openai').restsMs === 0);
    const asked = await Promise.all(
      Array.from({ length: 20 }, (_, index) => passes((index % 2 === 0 ? first : second).breakers, 'openai')),
    );
    const trying = asked.filter((admission) => admission !== null);
    expect(trying).toHaveLength(1);
    trying[0]?.succeeded();
    await waitFor(() => [first, second].every(({ breakers }) => breakers.view('openai').state === 'closed'));
    expect(await second.metrics.text()).toContain('circuit_breaker_state{name="openai"} 0');
  });

  it('opens again when the one that tries fails', async () => {
    await using replica = await startReplica(`test-${randomUUID()}`);
    const { breakers } = replica;
    await failTimes(breakers, 'p', 5);
    await waitFor(() => breakers.view('p').state === 'open' && breakers.view('p').restsMs === 0);
    (await passes(breakers, 'p'))?.failed();
    await waitFor(() => breakers.view('p').state === 'open' && breakers.view('p').restsMs > 0);
    expect(await replica.metrics.text()).toContain('circuit_breaker_state{name="p"} 2');
  });

  it('is known to a replica that starts later, before its first call passes', async () => {
    const prefix = `test-${randomUUID()}`;
    await using first = await startReplica(prefix);
    await failTimes(first.breakers, 'p', 5);
    await waitFor(() => first.breakers.view('p').state === 'open');
    await using second = await startReplica(prefix);
    expect(await second.breakers.ask('p', { openMs: 300 })).toMatchObject({ admitted: false });
  });

  it('is reset for all, and one provider says nothing of another (LA-29)', async () => {
    const prefix = `test-${randomUUID()}`;
    await using first = await startReplica(prefix);
    await using second = await startReplica(prefix);
    await failTimes(first.breakers, 'p', 5);
    await waitFor(() => first.breakers.view('p').state === 'open');
    expect(await passes(first.breakers, 'q')).not.toBeNull();
    await second.breakers.reset('p');
    await waitFor(() => first.breakers.view('p').state === 'closed');
    expect(await passes(first.breakers, 'p')).not.toBeNull();
    expect(second.changes.every(({ id }) => id === 'p')).toBe(true);
  });
});

describe('LA-3, R6: with Redis away', () => {
  it('goes by what each process sees, and shares again when Redis is back', async () => {
    await using server = await startRedisServer();
    const prefix = `test-${randomUUID()}`;
    await using first = await startReplica(prefix, server.url);
    await using second = await startReplica(prefix, server.url);
    expect(await passes(first.breakers, 'p', 60_000)).not.toBeNull();
    await server.kill();
    for (let time = 0; time < 5; time += 1) (await passes(first.breakers, 'p', 60_000))?.failed();
    await waitFor(() => first.breakers.view('p').state === 'open');
    expect(await passes(second.breakers, 'p', 60_000)).not.toBeNull();
    await expect(first.breakers.reset('p')).rejects.toThrow('Redis is away');
    await server.restart();
    await failTimes(second.breakers, 'q', 1);
    await waitFor(async () => {
      await first.breakers.reset('p');
      return first.breakers.view('p').state === 'closed';
    });
    await waitFor(async () => {
      await failTimes(second.breakers, 'q', 1);
      return first.breakers.view('q').state === 'open';
    });
  });
});
