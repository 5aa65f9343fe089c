import { waitFor } from '@signalbox/test-kit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rollUp } from '../src/rollups/roll-up.ts';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { aSample, storeSamples } from './stored-samples.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

type Caller = ReturnType<typeof aCaller>;

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const availability = { name: 'answers', model_id: 'm', target: 0.99, indicator: { kind: 'availability' } };
const latency = { name: 'fast', model_id: 'm', target: 0.9, indicator: { kind: 'latency', threshold_ms: 200 } };

async function create(caller: Caller, body: object): Promise<string> {
  const made = await service.post('/api/v1/objectives', body, { caller });
  expect(made.status).toBe(201);
  expect(made.headers.get('location')).toBe(`/api/v1/objectives/${String(made.body['id'])}`);
  return String(made.body['id']);
}
const statusOf = async (caller: Caller, id: string) =>
  (await service.get(`/api/v1/objectives/${id}/status`, caller)).body;
const rollAll = async () => {
  for (let more = 1; more > 0;) more = await rollUp(service.db.db, new Date());
};

describe('objectives (B-27)', () => {
  it('are made, listed, changed and deleted', async () => {
    const caller = aCaller();
    const id = await create(caller, availability);
    const shown = await service.get(`/api/v1/objectives/${id}`, caller);
    expect(shown.body).toMatchObject({
      ...availability,
      id,
      window_days: 30,
      no_data_after_minutes: 60,
      environment: null,
      effective_threshold_ms: null,
    });
    const other = await create(caller, latency);
    const list = await service.get('/api/v1/objectives?limit=1', caller);
    expect(list.body['data']).toEqual([expect.objectContaining({ id: other })]);
    expect(list.body['page_info']).toMatchObject({ has_next: true });
    const changed = await service.post(`/api/v1/objectives/${id}`, { target: 0.999 }, { caller, method: 'PATCH' });
    expect([changed.status, changed.body['target'], changed.body['name']]).toEqual([200, 0.999, 'answers']);
    const deleted = await service.fetch(`/api/v1/objectives/${id}`, { method: 'DELETE' }, caller);
    expect(deleted.status).toBe(204);
    expect((await service.get(`/api/v1/objectives/${id}`, caller)).status).toBe(404);
  });

  it('say which latency they really count by: the edge above the threshold, at most 2.1 % away', async () => {
    const caller = aCaller();
    const made = await service.post('/api/v1/objectives', latency, { caller });
    const edge = Number(made.body['effective_threshold_ms']);
    expect(edge).toBeGreaterThanOrEqual(200);
    expect(edge).toBeLessThanOrEqual(200 * 1.021);
    const now = Date.now();
    await storeSamples(
      service.db,
      caller.principal.tenantId,
      [1, 199, 200, edge * 0.9999, edge * 1.0001, 9_000].map((value) => aSample(now - 5_000, { latency_ms: value })),
    );
    expect(await statusOf(caller, String(made.body['id']))).toMatchObject({ window: { good: 4, total: 6 } });
  });

  it('replay a known burn from rollups: the rates, the alarms and the budget are what arithmetic says', async () => {
    const caller = aCaller();
    const id = await create(caller, availability);
    const now = Date.now();
    // For five days one sample every five minutes: of those of the last two hours a half is bad, before that none.
    const samples = Array.from({ length: 5 * 288 }, (_, index) => {
      const time = now - (index + 0.5) * 5 * minuteMs;
      return aSample(time, { error_rate: now - time < 2 * hourMs ? 0.5 : 0 });
    });
    await storeSamples(service.db, caller.principal.tenantId, samples);
    const fromRows = await statusOf(caller, id);
    expect(fromRows).toMatchObject({
      objective_id: id,
      state: 'burning',
      window: { good: 1_440 - 12, total: 1_440, attained: (1_440 - 12) / 1_440 },
      error_budget: { allowed: expect.closeTo(14.4), spent: 12, remaining: expect.closeTo(1 - 12 / 14.4) },
      burn_rates: {
        '5m': expect.closeTo(50),
        '30m': expect.closeTo(50),
        '1h': expect.closeTo(50),
        '6h': expect.closeTo((12 / 72) * 100),
        '3d': expect.closeTo((12 / 864) * 100),
      },
      alarms: [
        { severity: 'page', factor: 14.4, long_window: '1h', short_window: '5m' },
        { severity: 'page', factor: 6, long_window: '6h', short_window: '30m' },
        { severity: 'ticket', factor: 1, long_window: '3d', short_window: '6h' },
      ],
    });
    // The service rolls up as well; what it is at is left to it.
    await waitFor(async () => {
      await rollAll();
      const rolled = await service.query('select from @rollups_1d where tenant_id = $1', [caller.principal.tenantId]);
      return rolled.length > 0;
    });
    const { at: _, window: __, ...rest } = fromRows;
    expect(await statusOf(caller, id)).toMatchObject({ ...rest, error_budget: { spent: expect.closeTo(12) } });
  });

  it('have no data as a state of its own, and neither burn nor boast then', async () => {
    const caller = aCaller();
    const id = await create(caller, availability);
    expect(await statusOf(caller, id)).toMatchObject({
      state: 'no_data',
      window: { total: 0, attained: null },
      error_budget: { remaining: null },
      burn_rates: { '1h': null, '3d': null },
      alarms: [],
    });
    // All was bad, two hours ago, and nothing came since.
    await storeSamples(service.db, caller.principal.tenantId, [aSample(Date.now() - 2 * hourMs, { error_rate: 1 })]);
    expect(await statusOf(caller, id)).toMatchObject({ state: 'no_data', window: { total: 1 } });
    // A sample that reports no error rate is no event of availability.
    await storeSamples(service.db, caller.principal.tenantId, [aSample(Date.now() - 1_000)]);
    expect(await statusOf(caller, id)).toMatchObject({ state: 'no_data' });
  });

  it('count one version and environment where they are of one', async () => {
    const caller = aCaller();
    const id = await create(caller, { ...latency, model_version: '2', environment: 'prod' });
    const time = Date.now() - 1_000;
    await storeSamples(service.db, caller.principal.tenantId, [
      aSample(time, { model_version: '2', environment: 'prod' }),
      aSample(time, { model_version: '1', environment: 'prod' }),
      aSample(time, { model_version: '2' }),
    ]);
    expect(await statusOf(caller, id)).toMatchObject({ window: { good: 1, total: 1 } });
  });

  it('refuse what is none, a second of the same name, and say what was expected', async () => {
    const caller = aCaller();
    await create(caller, availability);
    expect((await service.post('/api/v1/objectives', availability, { caller })).status).toBe(409);
    for (const [body, path] of [
      [{ ...availability, target: 1 }, 'target'],
      [{ ...availability, window_days: 0 }, 'window_days'],
      [{ ...availability, name: '' }, 'name'],
      [{ ...availability, indicator: { kind: 'latency' } }, 'indicator.threshold_ms'],
      [{ ...availability, tenant_id: 'x' }, 'tenant_id'],
    ] as const) {
      const refused = await service.post('/api/v1/objectives', body, { caller });
      expect([path, refused.status, refused.body['errors']]).toEqual([
        path,
        400,
        expect.arrayContaining([expect.objectContaining({ path })]),
      ]);
    }
  });

  it("are absent for others exactly as if they never were, and a reader's scope makes none", async () => {
    const id = await create(aCaller(), availability);
    const stranger = aCaller();
    for (const [method, path, body] of [
      ['GET', '', undefined],
      ['GET', '/status', undefined],
      ['PATCH', '', '{}'],
      ['DELETE', '', undefined],
    ] as const) {
      const ask = async (of: string) => {
        const init =
          body === undefined ? { method } : { method, body, headers: { 'content-type': 'application/json' } };
        const answer = await service.fetch(`/api/v1/objectives/${of}${path}`, init, stranger);
        const { request_id: _, instance: __, ...problem } = (await answer.json()) as Record<string, unknown>;
        return problem;
      };
      const answer = await ask(id);
      expect(answer).toMatchObject({ status: 404 });
      expect(answer).toEqual(await ask('slo_never'));
    }
    const reader = aCaller({ scopes: ['metrics:read', 'models:read'] });
    expect((await service.post('/api/v1/objectives', availability, { caller: reader })).status).toBe(403);
  });
});

describe('GET /api/v1/anomalies (B-22)', () => {
  it('finds the hour that is unlike those before it, and says by what and against how many', async () => {
    const caller = aCaller();
    const hour = Math.floor(Date.now() / hourMs) * hourMs;
    const samples = Array.from({ length: 6 * 24 }, (_, index) => {
      const time = hour - (index + 1) * hourMs;
      return aSample(time, { latency_ms: index === 2 ? 500 : 100 + (index % 5) });
    });
    await storeSamples(service.db, caller.principal.tenantId, samples);
    const { status, body } = await service.get('/api/v1/anomalies?metric=latency_ms&model_id=m&step=1h', caller);
    expect([status, body['method'], body['threshold']]).toEqual([200, 'robust_z_by_hour_of_week', 5]);
    const scored = body['scored'] as { time: string; anomalous: boolean; baseline: string; compared: number }[];
    expect(scored.filter(({ anomalous }) => anomalous)).toEqual([
      {
        time: new Date(hour - 3 * hourMs).toISOString(),
        value: 500,
        expected: expect.closeTo(102, 0),
        score: expect.any(Number),
        baseline: expect.stringMatching(/^(hour_of_day|recent)$/),
        compared: expect.any(Number),
        anomalous: true,
      },
    ]);
    // The hour that is not over is not scored.
    expect(scored.map(({ time }) => Date.parse(time)).every((at) => at < hour)).toBe(true);
  });

  it('scores nothing where nothing was measured, and refuses more than a week', async () => {
    const { body } = await service.get('/api/v1/anomalies?metric=requests&aggregate=count', aCaller());
    expect(body['scored']).toEqual([]);
    const from = new Date(Date.now() - 8 * dayMs).toISOString();
    const refused = await service.get(`/api/v1/anomalies?metric=requests&from=${from}`);
    expect([refused.status, refused.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'to' })]]);
  });
});
