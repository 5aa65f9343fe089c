import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openDatabase } from '@signalbox/postgres';
import { createLogger } from '@signalbox/telemetry';
import { waitFor } from '@signalbox/test-kit';
import { keepRollupPartitions } from '../src/rollups/rollup-store.ts';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { aSample, storeSamples } from './stored-samples.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const dayMs = 86_400_000;
const today = Math.floor(Date.now() / dayMs) * dayMs;
const nameOf = (table: string, at: number) =>
  `${table}_p${new Date(at).toISOString().slice(0, 10).replaceAll('-', '')}`;

async function partitionsOf(table: string): Promise<string[]> {
  const rows = await service.query<{ name: string }>(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid
      where inhparent = '@${table}'::regclass order by relname`,
  );
  return rows.map(({ name }) => name);
}

describe('rollups and what is kept of them (MX-2)', () => {
  it('lie by day, with days made ahead, and hours by month', async () => {
    await waitFor(async () => (await partitionsOf('rollups_1m')).length > 3);
    expect(await partitionsOf('rollups_1m')).toEqual(
      expect.arrayContaining([0, 1, 2, 3].map((day) => nameOf('rollups_1m', today + day * dayMs))),
    );
    const month = Date.parse(`${new Date(today).toISOString().slice(0, 7)}-01T00:00:00Z`);
    await waitFor(async () => (await partitionsOf('rollups_1h')).includes(nameOf('rollups_1h', month)));
  });

  it('go by whole partitions when they are old, and what came before its partition moves into it', async () => {
    const old = today - 40 * dayMs;
    const caller = aCaller();
    await storeSamples(service.db, caller.principal.tenantId, [aSample(old)]);
    await waitFor(async () => {
      const rows = await service.query('select from @rollups_1m_default where tenant_id = $1', [
        caller.principal.tenantId,
      ]);
      return rows.length > 0;
    });
    const kept = { table: 'rollups_1m', firstDay: new Date(old), lastDay: new Date(old) } as const;
    const { made } = await keepRollupPartitions(service.db.db, { ...kept, dropBefore: new Date(old) });
    expect(made).toBe(1);
    const moved = await service.query(`select from @${nameOf('rollups_1m', old)}`);
    expect(moved.length).toBeGreaterThan(0);
    const { dropped } = await keepRollupPartitions(service.db.db, {
      ...{ table: 'rollups_1m', firstDay: new Date(today), lastDay: new Date(today) },
      dropBefore: new Date(today - 30 * dayMs),
    });
    expect(dropped).toEqual([nameOf('rollups_1m', old)]);
    // The day's own sum stays.
    await waitFor(async () => {
      const rows = await service.query(`select from @rollups_1d where tenant_id = $1 and metric = 'requests'`, [
        caller.principal.tenantId,
      ]);
      return rows.length === 1;
    });
  });

  it('are read from the partitions of what was asked for alone', async () => {
    await waitFor(async () => (await partitionsOf('rollups_1m')).length > 3);
    const plan = await service.query<Record<string, string>>(
      `explain select * from @rollups_1m where tenant_id = 't' and metric = 'requests'
        and bucket >= '${new Date(today).toISOString()}' and bucket < '${new Date(today + 1).toISOString()}'`,
    );
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain(nameOf('rollups_1m', today));
    expect(text).not.toContain(nameOf('rollups_1m', today + dayMs));
    expect(text).not.toContain('rollups_1m_default');
  });
});

describe('reading beside intake', () => {
  it('has connections of its own: what comes in is stored while as many readers wait as there may be', async () => {
    const caller = aCaller();
    const logger = createLogger({ service: 'test', level: 'silent' });
    await using superuser = openDatabase({ url: service.database.superuserUrl, applicationName: 'holder', logger });
    const holder = await superuser.pool.connect();
    try {
      await holder.query('begin');
      await holder.query('lock table monitoring_ingest.rollups_1d in access exclusive mode');
      const readers = Array.from({ length: 12 }, () => service.get('/api/v1/summary?since_hours=168', caller));
      await waitFor(async () => {
        const waiting = await service.query(
          `select from pg_stat_activity
            where application_name = 'monitoring-ingest reads' and wait_event_type = 'Lock' and datname = current_database()`,
        );
        return waiting.length === 4;
      });
      const stored = await service.post(
        '/api/v1/metrics/inference',
        { model_id: 'm', model_type: 'llm', request_id: 'beside', latency: 1 },
        { caller },
      );
      expect(stored.status).toBe(201);
      await holder.query('rollback');
      for (const { status } of await Promise.all(readers)) expect([200, 503, 504]).toContain(status);
    } finally {
      holder.release();
    }
  });
});
