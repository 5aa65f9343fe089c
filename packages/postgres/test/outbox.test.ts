import { describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { sql } from 'kysely';
import { emit, startOutboxRelay, type OutboxRelayOptions, type OutboxRow } from '../src/index.ts';
import { metricOf, openRoom, type Room } from './room.ts';

const row = (id: string): OutboxRow => ({
  id,
  name: 'test.job',
  message: JSON.stringify({ id, text: `it's "${id}"` }),
});

/** A queue in this process: what it holds, what it reports as settled, and whether it answers at all. */
function openQueue() {
  const queue = {
    held: [] as string[],
    messages: [] as unknown[],
    settled: [] as string[],
    away: false,
    forgot: false,
    options(room: Room, leaseMs = 30_000): OutboxRelayOptions {
      return {
        database: room.database,
        logger: room.logger,
        metrics: room.metrics,
        leaseMs,
        publish: (rows) => {
          if (queue.away) return Promise.reject(new Error('the queue is away'));
          queue.held.push(...rows.map(({ id }) => id));
          queue.messages.push(...rows.map(({ message }) => JSON.parse(message) as unknown));
          return Promise.resolve();
        },
        takeSettled: () => {
          if (queue.away) return Promise.reject(new Error('the queue is away'));
          const forgot = queue.forgot;
          queue.forgot = false;
          return Promise.resolve({ ids: queue.settled.splice(0), forgot });
        },
      };
    },
  };
  return queue;
}

async function rowsIn(room: Room): Promise<number> {
  const { rows } = await sql<{ rows: number }>`select count(*)::int as rows from outbox`.execute(room.database.db);
  return rows[0]?.rows ?? -1;
}

describe('emit', () => {
  it('stores a message with what it tells of, or neither', async () => {
    await using room = await openRoom();
    const { db } = room.database;
    await db.transaction().execute(async (trx) => {
      await trx.insertInto('effects').values({ key: 'kept', times: 1 }).execute();
      await emit(trx, [row('kept')]);
    });
    const lost = db.transaction().execute(async (trx) => {
      await emit(trx, [row('lost')]);
      throw new Error('no');
    });
    await expect(lost).rejects.toThrow('no');
    const { rows } = await sql`select id, message from outbox`.execute(db);
    expect(rows).toEqual([{ id: 'kept', message: { id: 'kept', text: `it's "kept"` } }]);
  });

  it('stores one message however often it is emitted, and nothing for no rows', async () => {
    await using room = await openRoom();
    await emit(room.database.db, []);
    await emit(room.database.db, [row('a'), row('b')]);
    await emit(room.database.db, [row('b'), row('c')]);
    expect(await rowsIn(room)).toBe(3);
  });
});

describe('the outbox relay (law 2, R6)', () => {
  it('publishes soon after a nudge, and deletes a row when its job is settled', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await using relay = startOutboxRelay(queue.options(room));
    await waitFor(async () => Number.isFinite(await metricOf(room.metrics, 'signalbox_outbox_lag_seconds')));
    const from = performance.now();
    await emit(room.database.db, [row('a')]);
    relay.nudge();
    relay.nudge();
    await waitFor(() => queue.held.length === 1, { intervalMs: 2 });
    expect(performance.now() - from).toBeLessThan(400);
    expect(queue.messages).toEqual([{ id: 'a', text: `it's "a"` }]);
    expect(await rowsIn(room)).toBe(1);
    queue.settled.push('a');
    await waitFor(async () => (await rowsIn(room)) === 0);
    expect(queue.held).toEqual(['a']);
  });

  it('finds rows that nobody told it of', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await using _relay = startOutboxRelay(queue.options(room));
    await emit(room.database.db, [row('a')]);
    await waitFor(() => queue.held.length === 1, { timeoutMs: 3_000 });
  });

  it('keeps a row back until it is due', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await using relay = startOutboxRelay(queue.options(room));
    await emit(room.database.db, [row('later')], { availableAt: new Date(Date.now() + 1_500) });
    await emit(room.database.db, [row('now')]);
    relay.nudge();
    await waitFor(() => queue.held.length > 0);
    expect(queue.held).toEqual(['now']);
    await waitFor(() => queue.held.includes('later'), { timeoutMs: 5_000 });
  });

  it('shares 3,000 rows between two replicas without publishing one twice', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await emit(
      room.database.db,
      Array.from({ length: 3_000 }, (_, index) => row(`row-${String(index)}`)),
    );
    await using _one = startOutboxRelay(queue.options(room));
    await using _two = startOutboxRelay(queue.options(room));
    await waitFor(() => queue.held.length >= 3_000);
    expect(new Set(queue.held).size).toBe(3_000);
    expect(queue.held).toHaveLength(3_000);
  });

  it('publishes a row again when its job was not settled within the lease', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await emit(room.database.db, [row('a')]);
    await using _relay = startOutboxRelay(queue.options(room, 300));
    await waitFor(() => queue.held.length >= 2);
    queue.settled.push('a');
    await waitFor(async () => (await rowsIn(room)) === 0);
  });

  it('publishes everything unsettled at once when the queue has lost its memory', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    await emit(room.database.db, [row('a'), row('b')]);
    await using _relay = startOutboxRelay(queue.options(room, 3_600_000));
    await waitFor(() => queue.held.length === 2);
    queue.forgot = true;
    await waitFor(() => queue.held.length === 4, { timeoutMs: 3_000 });
    expect([...queue.held].sort()).toEqual(['a', 'a', 'b', 'b']);
  });

  it('lets rows wait while the queue is away, shows how many and how long, and delivers when it is back', async () => {
    await using room = await openRoom();
    const queue = openQueue();
    queue.away = true;
    await emit(room.database.db, [row('a'), row('b')]);
    await using relay = startOutboxRelay(queue.options(room));
    await waitFor(() => room.lines.some((line) => line.includes('outbox.stopped')));
    relay.nudge();
    expect(await rowsIn(room)).toBe(2);
    await waitFor(async () => (await metricOf(room.metrics, 'signalbox_outbox_pending_rows')) === 2);
    expect(await metricOf(room.metrics, 'signalbox_outbox_lag_seconds')).toBeGreaterThan(0);
    queue.away = false;
    await waitFor(() => queue.held.length === 2);
    await waitFor(() => room.lines.some((line) => line.includes('outbox.recovered')));
    expect(room.lines.filter((line) => line.includes('outbox.stopped'))).toHaveLength(1);
  });
});
