import { describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { startPostgresServer, waitFor } from '@signalbox/test-kit';
import { sql } from 'kysely';
import { isUniqueViolation, openDatabase } from '../src/index.ts';
import { metricOf, openRoom } from './room.ts';

const logger = createLogger({ service: 'test', level: 'silent' });

async function thrownBy(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
}

describe('openDatabase (LA-10, R7)', () => {
  it('sets a bound on everything that could wait, and says who it is', async () => {
    await using room = await openRoom();
    const { rows } = await sql<{ name: string; setting: string }>`
      select name, setting from pg_settings where name in
        ('application_name', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')
      order by name`.execute(room.database.db);
    expect(Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))).toEqual({
      application_name: 'room',
      idle_in_transaction_session_timeout: '15000',
      lock_timeout: '3000',
      statement_timeout: '10000',
    });
  });

  it('says unavailable with a time to retry when the pool is used up, and measures the wait', async () => {
    await using room = await openRoom();
    const metrics = createMetrics({ service: 'test' });
    await using small = openDatabase({ url: room.test.url, applicationName: 'small', poolMax: 1, logger, metrics });
    const holder = sql`select pg_sleep(2.5)`.execute(small.db);
    const from = performance.now();
    expect(await thrownBy(sql`select 1`.execute(small.db))).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    expect(performance.now() - from).toBeLessThan(2_400);
    await holder;
    expect(await metricOf(metrics, 'signalbox_db_pool_wait_seconds_count')).toBe(2);
  });

  it('says unavailable when a lock does not come free, timeout when a statement runs on', async () => {
    await using room = await openRoom();
    await using other = openDatabase({
      url: room.test.url,
      applicationName: 'other',
      statementTimeoutMs: 300,
      logger,
    });
    expect(await thrownBy(sql`select pg_sleep(5)`.execute(other.db))).toMatchObject({ code: 'timeout' });
    await sql`select 1`.execute(other.db);
    await room.database.db.transaction().execute(async (trx) => {
      await sql`lock table effects in access exclusive mode`.execute(trx);
      const impatient = other.db.connection().execute(async (connection) => {
        await sql`set lock_timeout = 100`.execute(connection);
        await sql`select * from effects`.execute(connection);
      });
      expect(await thrownBy(impatient)).toMatchObject({ code: 'unavailable' });
    });
  });

  it('goes on after every connection was terminated, and the process lives', async () => {
    await using room = await openRoom();
    const { db, pool } = room.database;
    await Promise.all([1, 2, 3].map(() => sql`select pg_sleep(0.05)`.execute(db)));
    await using judge = openDatabase({ url: room.test.superuserUrl, applicationName: 'judge', logger });
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'room'`.execute(judge.db);
    await waitFor(() => pool.totalCount === 0);
    await room.database.ping();
    expect(room.lines.some((line) => line.includes('postgres.connection_lost'))).toBe(true);
  });

  it('answers unavailable while the server is away or frozen, and recovers without a restart', async () => {
    await using server = await startPostgresServer();
    await using database = openDatabase({ url: server.url, applicationName: 'test', statementTimeoutMs: 300, logger });
    await database.ping();

    server.freeze();
    const from = performance.now();
    expect(await thrownBy(sql`select 1`.execute(database.db))).toMatchObject({ code: 'unavailable' });
    expect(performance.now() - from).toBeLessThan(4_000);
    await expect(database.ping(AbortSignal.timeout(100))).rejects.toThrow('timeout');
    server.thaw();
    await waitFor(() => database.ping().then(() => true));

    await server.kill();
    expect(await thrownBy(sql`select 1`.execute(database.db))).toMatchObject({ code: 'unavailable' });
    expect(await thrownBy(sql`select 1`.execute(database.db))).toMatchObject({ code: 'unavailable' });
    await server.restart();
    await waitFor(() => database.ping().then(() => true));
    const { rows } = await sql`select 1 as one`.execute(database.db);
    expect(rows).toEqual([{ one: 1 }]);
  });

  it('leaves the refusals of a statement as they are, and knows a duplicate', async () => {
    await using room = await openRoom();
    const insert = (): Promise<unknown> =>
      room.database.db.insertInto('effects').values({ key: 'a', times: 1 }).execute();
    await insert();
    const thrown = await thrownBy(insert());
    expect(isUniqueViolation(thrown)).toBe(true);
    expect(isUniqueViolation(thrown, 'effects_pkey')).toBe(true);
    expect(isUniqueViolation(thrown, 'another')).toBe(false);
    expect(isUniqueViolation(new Error('duplicate'))).toBe(false);
  });
});
