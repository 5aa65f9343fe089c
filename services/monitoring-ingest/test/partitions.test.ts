import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@signalbox/telemetry';
import { createTestDatabase, type TestDatabase } from '@signalbox/test-kit';
import { openDatabase, type Database } from '@signalbox/postgres';
import { migrations } from '../migrations/index.ts';
import type { Schema } from '../src/app/schema.ts';
import { keepPartitions } from '../src/partitions/keep-partitions.ts';
import { startTestService, type TestService } from './harness.ts';

const dayMs = 86_400_000;
const today = Date.parse('2026-11-20T13:00:00Z');
const logger = createLogger({ service: 'test', level: 'silent' });

let database: TestDatabase;
let app: Database<Schema>;
let superuser: Database<unknown>;
beforeAll(async () => {
  database = await createTestDatabase({ service: 'monitoring-ingest', migrations });
  app = openDatabase<Schema>({ url: database.url, applicationName: 'test', logger });
  superuser = openDatabase({ url: database.superuserUrl, applicationName: 'test', logger });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await superuser[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

async function query<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  return (await superuser.pool.query<Row>(text.replaceAll('@', 'monitoring_ingest.'), values)).rows;
}

async function partitionsOf(table: string): Promise<string[]> {
  const rows = await query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
     where inhparent = $1::regclass order by relname`,
    [`monitoring_ingest.${table}`],
  );
  return rows.map(({ name }) => name);
}

async function insertSample(at: string, id: string): Promise<void> {
  await query(
    `insert into @samples (time, tenant_id, model_id, request_id, model_type, latency_ms, source)
     values ($1, 't', 'm', $2, 'llm', 1, 'api')`,
    [at, id],
  );
}

describe('partitions by day (MX-2)', () => {
  it('are made three days ahead and as far back as rows are kept, in UTC, however often and by however many', async () => {
    const kept = await Promise.all([keepPartitions(app.db, 2, today), keepPartitions(app.db, 2, today)]);
    expect(kept.map(({ made }) => made).sort((one, other) => one - other)).toEqual([0, 18]);
    expect(kept.map(({ ahead, strays }) => [ahead, strays])).toEqual([
      [3, 0],
      [3, 0],
    ]);
    for (const table of ['samples', 'points', 'spans']) {
      expect(await partitionsOf(table)).toEqual([
        `${table}_default`,
        ...['18', '19', '20', '21', '22', '23'].map((day) => `${table}_p202611${day}`),
      ]);
    }
    await insertSample('2026-11-20T23:59:59.999Z', 'last');
    await insertSample('2026-11-21T00:00:00Z', 'first');
    const [last] = await query('select tableoid::regclass::text as part from @samples where request_id = $1', ['last']);
    const [first] = await query('select tableoid::regclass::text as part from @samples where request_id = $1', [
      'first',
    ]);
    expect([last, first]).toEqual([
      { part: 'monitoring_ingest.samples_p20261120' },
      { part: 'monitoring_ingest.samples_p20261121' },
    ]);
  });

  it('are all that a query of a day looks at: EXPLAIN names one of them', async () => {
    const [row] = await query<{ 'QUERY PLAN': unknown }>(
      `explain (format json) select avg(latency_ms) from @samples
       where tenant_id = 't' and model_id = 'm' and time >= '2026-11-19' and time < '2026-11-20'`,
    );
    const named = (plan: unknown) => new Set(JSON.stringify(plan).match(/(samples|points)_(p\d{8}|default)/g));
    expect(named(row)).toEqual(new Set(['samples_p20261119']));
    const [other] = await query<{ 'QUERY PLAN': unknown }>(
      `explain (format json) select 1 from @points where time >= '2026-11-20' and time < '2026-11-21'`,
    );
    expect(named(other)).toEqual(new Set(['points_p20261120']));
  });

  it('have a btree and a BRIN index each', async () => {
    const rows = await query<{ method: string }>(
      `select amname as method from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
       where indrelid = 'monitoring_ingest.samples_p20261120'::regclass order by amname`,
    );
    expect(rows.map(({ method }) => method)).toEqual(['brin', 'btree']);
  });

  it('take over what came before they were there', async () => {
    await insertSample('2026-11-25T12:00:00Z', 'early');
    const before = await keepPartitions(app.db, 2, today);
    expect(before.strays).toBe(1);
    const after = await keepPartitions(app.db, 2, today + 2 * dayMs);
    expect(after.strays).toBe(0);
    const [row] = await query('select tableoid::regclass::text as part from @samples where request_id = $1', ['early']);
    expect(row).toEqual({ part: 'monitoring_ingest.samples_p20261125' });
  });

  it('go with their days, and what belongs to their rows goes too', async () => {
    const keys = ['2026-11-18', '2026-11-21'];
    await query('insert into @sample_keys (key, day) select gen_random_uuid(), unnest($1::date[])', [keys]);
    const { dropped } = await keepPartitions(app.db, 1, today + 3 * dayMs);
    expect(dropped.filter((name) => name.startsWith('samples'))).toEqual(['samples_p20261120', 'samples_p20261121']);
    expect((await partitionsOf('samples'))[1]).toBe('samples_p20261122');
    expect(await query('select 1 from @samples where request_id = any($1)', [['last', 'first']])).toEqual([]);
    expect(await query('select day::text from @sample_keys order by day')).toEqual([{ day: '2026-11-21' }]);
  });

  it('are made and dropped by functions alone: the application itself owns no table', async () => {
    for (const text of [
      'drop table samples_p20261122',
      'create table stray (x int)',
      'alter table samples detach partition samples_p20261122',
    ]) {
      await expect(app.pool.query(text)).rejects.toThrow(/must be owner|permission denied/);
    }
  });
});

describe('a service that starts', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startTestService({ config: { rawRetentionDays: 3 } });
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });

  it('has its partitions before it takes anything in, and says so in its health', async () => {
    const [row] = await service.query<{ count: number }>(
      `select count(*)::int as count from pg_inherits where inhparent = 'monitoring_ingest.samples'::regclass`,
    );
    expect(row?.count).toBe(1 + 3 + 1 + 3);
    const ready = (await (await fetch(`${service.adminUrl}/health/ready`)).json()) as Record<string, unknown>;
    expect(ready['components']).toMatchObject({ partitions: { status: 'healthy' } });
    const oldest = new Date(Math.floor(Date.now() / dayMs) * dayMs - 3 * dayMs);
    const send = (timestamp: Date, id: string) =>
      service.post('/api/v1/metrics/inference', {
        model_id: 'm',
        model_type: 'llm',
        request_id: id,
        latency: 1,
        timestamp: timestamp.toISOString(),
      });
    expect((await send(oldest, 'just')).status).toBe(201);
    expect((await send(new Date(oldest.getTime() - 1), 'too old')).status).toBe(400);
    expect(await service.query('select 1 from @samples_default')).toEqual([]);
  });
});
