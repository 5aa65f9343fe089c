import { createTestDatabase, startPostgresServer, testStore, waitFor } from '@signalbox/test-kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { migrations } from '../migrations/index.ts';
import { aCaller, startTestService, type JsonAnswer, type TestService } from './harness.ts';

const inference = '/api/v1/metrics/inference';
const batch = '/api/v1/metrics/batch';
const aSample = (id: string, model = 'm') => ({ model_id: model, model_type: 'llm', request_id: id, latency: 1 });
const aGauge = (value: number) => ({
  resourceMetrics: [
    {
      scopeMetrics: [
        {
          metrics: [
            { name: 'g', gauge: { dataPoints: [{ timeUnixNano: `${String(Date.now())}000000`, asDouble: value }] } },
          ],
        },
      ],
    },
  ],
});

async function storedIds(service: TestService): Promise<string[]> {
  const rows = await service.query<{ request_id: string }>('select request_id from @samples order by request_id');
  return rows.map((row) => row.request_id);
}

/** What an honest sender does: the same again until it hears a yes. */
async function sendUntilStored(service: TestService, body: unknown): Promise<void> {
  await waitFor(
    async () => {
      const answer = await service.post(inference, body).catch(() => null);
      if (answer !== null && answer.status !== 201) expect([503, answer.status]).toContain(answer.status);
      return answer?.status === 201;
    },
    { timeoutMs: 60_000 },
  );
}

describe('two replicas on one database (MX-1)', () => {
  let one: TestService;
  let other: TestService;
  beforeAll(async () => {
    one = await startTestService();
    other = await startTestService({ database: one.database });
  });
  afterAll(async () => {
    await other[Symbol.asyncDispose]();
    await one[Symbol.asyncDispose]();
  });

  it('store a sample once, whoever gets it and however often, in whatever order', async () => {
    const caller = aCaller();
    const ids = Array.from({ length: 300 }, (_, index) => `replica-${String(index).padStart(3, '0')}`);
    const items = ids.map((id) => aSample(id, `model-${id.at(-1) ?? ''}`));
    const answers = await Promise.all([
      one.post(batch, { items }, { caller }),
      other.post(batch, { items: [...items].reverse() }, { caller }),
      ...items.flatMap((item) => [one.post(inference, item, { caller }), other.post(inference, item, { caller })]),
    ]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect((await storedIds(one)).filter((id) => id.startsWith('replica'))).toEqual(ids);
    const models = (await other.get('/api/v1/models?limit=100', caller)).body['data'] as unknown[];
    expect(models).toHaveLength(10);
  });

  it('give one answer under one Idempotency-Key', async () => {
    const caller = aCaller();
    const items = Array.from({ length: 50 }, (_, index) => aSample(`keyed-${String(index)}`));
    const send = (service: TestService): Promise<JsonAnswer> =>
      service.post(batch, { items: [...items, {}] }, { caller, headers: { 'idempotency-key': 'both' } });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, index) => send(index % 2 === 0 ? one : other)));
    for (const { status, body } of answers) {
      expect(status).toBe(207);
      expect(body).toMatchObject({ accepted: 50, duplicates: 0, rejected: 1 });
    }
    expect(
      (await one.query('select 1 from @intake_batches where tenant_id = $1', [caller.principal.tenantId])).length,
    ).toBe(1);
  });
});

describe('Postgres in trouble (R4, R7)', () => {
  it('terminates every connection under load: what was acknowledged is stored, and nothing twice', async () => {
    await using service = await startTestService();
    const ids = Array.from({ length: 400 }, (_, index) => `load-${String(index).padStart(3, '0')}`);
    let done = false;
    const sending = Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (const id of ids.filter((_id, index) => index % 8 === lane)) await sendUntilStored(service, aSample(id));
      }),
    ).finally(() => {
      done = true;
    });
    await waitFor(
      async () => {
        await service.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'monitoring-ingest intake'`,
        );
        return done;
      },
      { timeoutMs: 60_000, intervalMs: 30 },
    );
    await sending;
    expect(await storedIds(service)).toEqual(ids);
  });

  it('stops: 503 with Retry-After at every door, also in OTLP, and all is well when it is back', async () => {
    await using postgres = await startPostgresServer();
    const shared = testStore('SIGNALBOX_TEST_POSTGRES_URL');
    process.env['SIGNALBOX_TEST_POSTGRES_URL'] = postgres.url;
    const database = await createTestDatabase({ service: 'monitoring-ingest', migrations }).finally(() => {
      process.env['SIGNALBOX_TEST_POSTGRES_URL'] = shared;
    });
    await using service = await startTestService({ database });
    expect((await service.post(inference, aSample('before'))).status).toBe(201);
    await postgres.kill();
    for (const [path, body] of [
      [inference, aSample('during')],
      [batch, { items: [aSample('during')] }],
      ['/v1/metrics', aGauge(1)],
    ] as const) {
      const answer = await service.post(path, body);
      expect([path, answer.status]).toEqual([path, 503]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(JSON.stringify(answer.body)).not.toMatch(/ECONN|postgres|127\.0\.0\.1/i);
    }
    await postgres.restart();
    await sendUntilStored(service, aSample('during'));
    expect(await storedIds(service)).toEqual(['before', 'during']);
  });
});

describe('more than can be stored', () => {
  it('is told to come again: 503 with Retry-After, and 429 to nobody', async () => {
    await using service = await startTestService({ config: { intakePendingRowsMax: 20 } });
    expect((await service.post(inference, aSample('first'))).status).toBe(201);
    // Nothing can be stored while somebody holds the table.
    const holder = await service.db.pool.connect();
    const answers: Promise<JsonAnswer>[] = [];
    try {
      await holder.query('begin; lock table sample_keys in share row exclusive mode');
      for (let index = 0; index < 30; index += 1) answers.push(service.post(inference, aSample(`w-${String(index)}`)));
      const refused = await waitFor(async () => {
        const answer = await service.post('/v1/metrics', aGauge(1));
        return answer.status === 503 ? answer : null;
      });
      expect(refused.body).toEqual({ code: 14, message: expect.stringContaining('Come again later.') });
      expect(refused.headers.get('retry-after')).toMatch(/^[1-3]$/);
    } finally {
      await holder.query('commit');
      holder.release();
    }
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([201, 503]));
    const acknowledged = statuses.filter((status) => status === 201).length;
    expect((await storedIds(service)).filter((id) => id.startsWith('w-'))).toHaveLength(acknowledged);
    const metrics = await (await fetch(`${service.adminUrl}/metrics`)).text();
    expect(metrics).toMatch(/signalbox_intake_refusals_total [1-9]/);
    expect((await service.post(inference, aSample('last'))).status).toBe(201);
  });
});

describe('a shutdown', () => {
  it('stores what it has taken in before it ends', async () => {
    await using service = await startTestService();
    const ids = Array.from({ length: 100 }, (_, index) => `bye-${String(index).padStart(3, '0')}`);
    const sending = ids.map((id) => service.post(inference, aSample(id)).catch(() => null));
    await waitFor(async () => (await storedIds(service)).length > 0);
    await service.stop();
    const acknowledged = (await Promise.all(sending)).flatMap((answer, index) =>
      answer?.status === 201 ? [ids[index] ?? ''] : [],
    );
    const stored = await storedIds(service);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(stored).toEqual(expect.arrayContaining(acknowledged));
    expect(new Set(stored).size).toBe(stored.length);
  });
});
