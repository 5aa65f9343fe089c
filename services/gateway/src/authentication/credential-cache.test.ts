import { describe, expect, it } from '@jest/globals';
import { createCredentialCache, freshMs, staleMs } from './credential-cache.ts';

interface Row {
  version: number;
}

/** A table that can be changed, slowed down and taken away, and counts its questions. */
function open({ entriesMax }: { entriesMax?: number } = {}) {
  const rows = new Map<string, Row>();
  const counted = { loads: 0, hits: 0, misses: 0 };
  let time = 1_000_000;
  let away = false;
  let gate: Promise<void> | null = null;
  const cache = createCredentialCache<Row>({
    name: 'rows',
    load: async (id) => {
      counted.loads += 1;
      const row = rows.get(id) ?? null;
      if (gate !== null) await gate;
      if (away) throw new Error('connection refused');
      return row;
    },
    metrics: {
      cacheHit: () => {
        counted.hits += 1;
      },
      cacheMiss: () => {
        counted.misses += 1;
      },
    },
    now: () => time,
    ...(entriesMax === undefined ? {} : { entriesMax }),
  });
  return {
    cache,
    rows,
    counted,
    pass: (ms: number) => {
      time += ms;
    },
    takeAway: (isAway: boolean) => {
      away = isAway;
    },
    /** Holds every answer back until the function it gives is called. */
    hold: () => {
      let release: () => void = () => undefined;
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        gate = null;
        release();
      };
    },
  };
}

describe('the credential cache (S3, R7)', () => {
  it('believes an answer for ten seconds and then asks again', async () => {
    const { cache, rows, counted, pass } = open();
    rows.set('a', { version: 1 });
    expect(await cache.get('a')).toEqual({ version: 1 });
    rows.set('a', { version: 2 });
    pass(freshMs - 1);
    expect(await cache.get('a')).toEqual({ version: 1 });
    pass(1);
    expect(await cache.get('a')).toEqual({ version: 2 });
    expect(counted).toEqual({ loads: 2, hits: 1, misses: 2 });
  });

  it('remembers as well that something is not there', async () => {
    const { cache, rows, counted, pass } = open();
    expect(await cache.get('a')).toBeNull();
    expect(await cache.get('a')).toBeNull();
    expect(counted.loads).toBe(1);
    rows.set('a', { version: 1 });
    pass(freshMs);
    expect(await cache.get('a')).toEqual({ version: 1 });
    rows.delete('a');
    pass(freshMs);
    expect(await cache.get('a')).toBeNull();
    expect(await cache.get('a')).toBeNull();
    expect(counted.loads).toBe(3);
  });

  it('asks once for all who ask at the same time (R18)', async () => {
    const { cache, rows, counted, hold } = open();
    rows.set('a', { version: 1 });
    const release = hold();
    const asked = Array.from({ length: 100 }, () => cache.get('a'));
    release();
    expect(new Set(await Promise.all(asked)).size).toBe(1);
    expect(counted.loads).toBe(1);
  });

  it('does not remember an answer that was under way when the change was told', async () => {
    const { cache, rows, hold } = open();
    rows.set('a', { version: 1 });
    const release = hold();
    const early = cache.get('a');
    rows.set('a', { version: 2 });
    cache.forget('a');
    release();
    expect(await early).toEqual({ version: 1 });
    expect(await cache.get('a')).toEqual({ version: 2 });
  });

  it('counts the ten seconds from the question, not from a slow answer', async () => {
    const { cache, rows, counted, pass, hold } = open();
    rows.set('a', { version: 1 });
    const release = hold();
    const asked = cache.get('a');
    pass(freshMs);
    release();
    await asked;
    await cache.get('a');
    expect(counted.loads).toBe(2);
  });

  it('goes on with what it knows for a minute while Postgres is away, asking once a second', async () => {
    const { cache, rows, counted, pass, takeAway } = open();
    rows.set('a', { version: 1 });
    await cache.get('a');
    takeAway(true);
    pass(freshMs);
    for (let ask = 0; ask < 50; ask += 1) expect(await cache.get('a')).toEqual({ version: 1 });
    expect(counted.loads).toBe(2);
    pass(staleMs - 1);
    expect(await cache.get('a')).toEqual({ version: 1 });
    pass(1);
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    takeAway(false);
    expect(await cache.get('a')).toEqual({ version: 1 });
  });

  it('cannot tell about strangers while Postgres is away, and says so', async () => {
    const { cache, takeAway, pass } = open();
    await cache.get('was-absent');
    takeAway(true);
    await expect(cache.get('new')).rejects.toMatchObject({ code: 'unavailable' });
    pass(freshMs);
    await expect(cache.get('was-absent')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('honours nothing stale that was told to have changed', async () => {
    const { cache, rows, takeAway } = open();
    rows.set('a', { version: 1 });
    await cache.get('a');
    takeAway(true);
    cache.forget('a');
    await expect(cache.get('a')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('forgets everything after a gap in the messages', async () => {
    const { cache, rows, counted } = open();
    rows.set('a', { version: 1 });
    await cache.get('a');
    await cache.get('absent');
    cache.forgetAll();
    await cache.get('a');
    await cache.get('absent');
    expect(counted.loads).toBe(4);
  });

  it('holds so many at most and drops what was not asked for longest', async () => {
    const { cache, rows, counted } = open({ entriesMax: 2 });
    for (const id of ['a', 'b', 'c']) rows.set(id, { version: 1 });
    await cache.get('a');
    await cache.get('b');
    await cache.get('a');
    await cache.get('c');
    const before = counted.loads;
    await cache.get('a');
    expect(counted.loads).toBe(before);
    await cache.get('b');
    expect(counted.loads).toBe(before + 1);
  });

  it('evicts nobody for guesses', async () => {
    const { cache, rows, counted } = open({ entriesMax: 2 });
    rows.set('a', { version: 1 });
    await cache.get('a');
    for (let guess = 0; guess < 20_000; guess += 1) await cache.get(`guess-${String(guess)}`);
    const before = counted.loads;
    await cache.get('a');
    expect(counted.loads).toBe(before);
  });

  it('waits a second for a frozen Postgres, and no longer', async () => {
    const { cache, rows, hold, pass } = open();
    rows.set('a', { version: 1 });
    await cache.get('a');
    pass(freshMs);
    const release = hold();
    const started = performance.now();
    expect(await cache.get('a')).toEqual({ version: 1 });
    expect(performance.now() - started).toBeLessThan(1_500);
    release();
  });
});
