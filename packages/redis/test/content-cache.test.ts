import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { startRedisServer, testStore, waitFor } from '@signalbox/test-kit';
import { connectRedis } from '../src/connect-redis.ts';
import { canonicalJson, createContentCache, type CacheKey } from '../src/content-cache.ts';

const logger = createLogger({ service: 'test', level: 'silent' });
const redis = connectRedis({ url: testStore('SIGNALBOX_TEST_REDIS_URL'), name: 'cache', use: 'request', logger });
const second = connectRedis({ url: testStore('SIGNALBOX_TEST_REDIS_URL'), name: 'cache-2', use: 'request', logger });
beforeAll(async () => {
  for (const each of [redis, second]) if (each.status !== 'ready') await once(each, 'ready');
});
afterAll(() => {
  redis.disconnect();
  second.disconnect();
});

const namespaces = { answers: { schema: 1, ttlMs: 60_000 }, other: { schema: 3, ttlMs: 60_000 } };
const prefix = `test-${randomUUID()}`;
function open(connection = redis, more: Partial<Parameters<typeof createContentCache>[0]> = {}) {
  const metrics = createMetrics({ service: 'test' });
  const cache = createContentCache({
    redis: connection,
    prefix,
    namespaces,
    logger,
    metrics,
    bytesMax: 1_000,
    ...more,
  });
  return { cache, metrics };
}
const key = (overrides: Partial<CacheKey> = {}): CacheKey => ({
  tenantId: 'tenant_1',
  model: 'openai/gpt',
  promptVersion: '1',
  input: randomUUID(),
  ...overrides,
});
const signal = new AbortController().signal;
const keysOf = (pattern: string) => redis.keys(pattern);

describe('LA-4: a cache by content', () => {
  it('keeps under namespace, schema and a hash, for as long as the namespace says', async () => {
    const { cache, metrics } = open();
    const one = key();
    expect(await cache.get('answers', one)).toBeNull();
    await cache.set('answers', one, Buffer.from('kept'));
    expect((await cache.get('answers', one))?.toString()).toBe('kept');
    const [stored] = await keysOf(`${prefix}:answers:*`);
    expect(stored).toMatch(/^test-[0-9a-f-]+:answers:v1:[0-9a-f]{16}:[0-9a-f]{64}$/);
    expect(await redis.pttl(stored ?? '')).toBeGreaterThan(50_000);
    expect(await metrics.text()).toContain('cache_hits_total{cache="answers"} 1');
    expect(await metrics.text()).toContain('cache_misses_total{cache="answers"} 1');
  });

  it('misses for another tenant, model, prompt, input or schema, and for names that only look alike', async () => {
    const { cache } = open();
    const one = key({ tenantId: 'a:b', model: 'c' });
    await cache.set('answers', one, Buffer.from('kept'));
    for (const other of [
      { tenantId: 'a' },
      { tenantId: 'a', model: 'b:c' },
      { model: 'other' },
      { promptVersion: '2' },
      { input: `${String(one.input)} ` },
    ]) {
      expect(await cache.get('answers', { ...one, ...other })).toBeNull();
    }
    const newer = open(redis, { namespaces: { ...namespaces, answers: { schema: 2, ttlMs: 1_000 } } });
    expect(await newer.cache.get('answers', one)).toBeNull();
    expect(await cache.get('other', one)).toBeNull();
  });

  it('keeps nothing above its size, and takes a damaged entry for none', async () => {
    const { cache } = open();
    const one = key();
    await cache.set('answers', one, Buffer.alloc(1_001));
    expect(await cache.get('answers', one)).toBeNull();
    await cache.set('answers', one, Buffer.from('kept'));
    for (const stored of await keysOf(`${prefix}:answers:*`)) await redis.append(stored, '!');
    expect(await cache.get('answers', one)).toBeNull();
    const [stored] = await keysOf(`${prefix}:answers:*`);
    await redis.set(stored ?? '', 'short');
    expect(await cache.get('answers', one)).toBeNull();
  });

  it('writes equal values as equal texts', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: null })).toBe('{"a":null,"b":[{"c":2,"d":1}]}');
  });
});

describe('LA-4: single flight', () => {
  it('makes one of 50 at once, in two replicas together', async () => {
    const [here, there] = [open(redis).cache, open(second).cache];
    const one = key();
    let made = 0;
    const make = async () => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return { result: 'made', keep: Buffer.from('kept') };
    };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? here : there).getOrMake('answers', one, make, signal),
      ),
    );
    expect(made).toBe(1);
    expect(answers.filter((answer) => 'made' in answer)).toHaveLength(1);
    expect(answers.filter((answer) => 'kept' in answer)).toHaveLength(49);
    await waitFor(async () => (await keysOf(`${prefix}:answers:*:making`)).length === 0);
  });

  it('lets everybody who waited for a failure try alone, and the next in line follow one who left', async () => {
    const { cache } = open();
    let made = 0;
    const failing = () => {
      made += 1;
      return Promise.reject(new Error('no answer'));
    };
    const one = key();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => cache.getOrMake('answers', one, failing, signal)),
    );
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true);
    expect(made).toBe(5);

    const leaving = new AbortController();
    const two = key();
    let followers = 0;
    const left = cache.getOrMake(
      'answers',
      two,
      () =>
        new Promise<never>((_resolve, reject) => {
          leaving.signal.addEventListener('abort', () => {
            reject(new Error('left'));
          });
        }),
      leaving.signal,
    );
    const waiting = Array.from({ length: 5 }, () =>
      cache.getOrMake(
        'answers',
        two,
        () => {
          followers += 1;
          return Promise.resolve({ result: 'mine', keep: Buffer.from('kept') });
        },
        signal,
      ),
    );
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await Promise.all(waiting);
    expect(followers).toBe(1);
  });
});

describe('CR-5: forgetting a namespace', () => {
  it('takes its own entries and nothing else', async () => {
    const { cache } = open(redis, { prefix: `${prefix}-clear` });
    const { cache: alike } = open(redis, { prefix: `${prefix}-clear2` });
    const kept = [`bull:${prefix}:1`, `limit:{"${prefix}"}`];
    for (const name of kept) await redis.set(name, '1', 'PX', 60_000);
    for (let index = 0; index < 1_200; index += 1) await cache.set('answers', key(), Buffer.from('x'));
    const other = key();
    await cache.set('other', other, Buffer.from('x'));
    await alike.set('answers', other, Buffer.from('x'));
    expect(await cache.clear('answers')).toBe(1_200);
    expect(await keysOf(`${prefix}-clear:answers:*`)).toEqual([]);
    expect(await cache.get('other', other)).not.toBeNull();
    expect(await alike.get('answers', other)).not.toBeNull();
    expect(await redis.exists(...kept)).toBe(2);
  });

  it('B-43: forgets what one tenant has, what is being made aside, and nothing of the others', async () => {
    const { cache } = open(redis, { prefix: `${prefix}-tenants` });
    const [mine, theirs] = [key({ tenantId: 'mine' }), key({ tenantId: 'theirs' })];
    for (const one of [mine, theirs]) await cache.set('answers', one, Buffer.from('kept'));
    await cache.set('other', mine, Buffer.from('kept'));
    const lock = cache.getOrMake(
      'answers',
      key({ tenantId: 'mine' }),
      async () => ({ result: await cache.clear('answers', 'mine'), keep: Buffer.from('made') }),
      signal,
    );
    expect(await lock).toEqual({ made: 1 });
    expect(await cache.get('answers', mine)).toBeNull();
    expect(await cache.get('answers', theirs)).not.toBeNull();
    expect(await cache.get('other', mine)).not.toBeNull();
    expect(await cache.statistics('answers', 'mine')).toMatchObject({ entries: 1, bytes: 4 });
  });
});

describe('CR-4: statistics of a cache', () => {
  it('counts for each tenant what it looked up, in all replicas together, and what it has', async () => {
    const [here, there] = [open(redis, { prefix: `${prefix}-counts` }), open(second, { prefix: `${prefix}-counts` })];
    const one = key({ tenantId: 'mine' });
    expect(await here.cache.statistics('answers', 'mine')).toEqual({
      hits: 0,
      misses: 0,
      since: null,
      entries: 0,
      bytes: 0,
    });
    await here.cache.get('answers', one);
    await here.cache.set('answers', one, Buffer.from('12345'));
    await there.cache.get('answers', one);
    await there.cache.getOrMake('answers', one, () => Promise.reject(new Error('not asked')), signal);
    await there.cache.get('answers', key({ tenantId: 'theirs' }));
    const counts = await waitFor(async () => {
      const found = await here.cache.statistics('answers', 'mine');
      return found.hits === 2 && found;
    });
    expect(counts).toEqual({ hits: 2, misses: 1, since: expect.any(Date), entries: 1, bytes: 5 });
    await there.cache[Symbol.asyncDispose]();
    expect(await here.cache.statistics('answers', 'theirs')).toMatchObject({ hits: 0, misses: 1, entries: 0 });
    expect(await here.cache.statistics('other', 'mine')).toMatchObject({ hits: 0, misses: 0, entries: 0 });
  });

  it('finds an entry again by its reference, for its own tenant alone', async () => {
    const { cache } = open();
    const one = key({ tenantId: 'mine' });
    await cache.set('answers', one, Buffer.from('kept'));
    const reference = cache.referenceOf(one);
    expect((await cache.getReferred('answers', 'mine', reference))?.toString()).toBe('kept');
    expect(await cache.getReferred('answers', 'theirs', reference)).toBeNull();
    expect(await cache.getReferred('other', 'mine', reference)).toBeNull();
  });
});

describe('LA-4, R6: with Redis away', () => {
  it('passes through, one flight per process, and keeps again when Redis is back', async () => {
    await using server = await startRedisServer();
    const connection = connectRedis({ url: server.url, name: 'away', use: 'request', logger });
    if (connection.status !== 'ready') await once(connection, 'ready');
    const { cache } = open(connection);
    await server.kill();
    let made = 0;
    const make = async () => {
      made += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return { result: 'made', keep: Buffer.from('kept') };
    };
    const one = key();
    await Promise.all(Array.from({ length: 10 }, () => cache.getOrMake('answers', one, make, signal)));
    expect(made).toBe(1);
    expect(await cache.get('answers', one)).toBeNull();
    await server.restart();
    await waitFor(async () => {
      await cache.set('answers', one, Buffer.from('kept'));
      return (await cache.get('answers', one)) !== null;
    });
    connection.disconnect();
  });
});
