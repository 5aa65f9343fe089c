import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DriftReference, DriftVerdictInFull } from '@signalbox/contracts';
import { createEmitter } from '@signalbox/queue';
import { waitFor } from '@signalbox/test-kit';
import { driftingColumns } from '../src/drift/verdicts/verdict-store.ts';
import { queueDueWindows } from '../src/drift/verdicts/start-schedule.ts';
import { lehmer, normal } from './drift-simulation.ts';
import { aCaller, identityKeys, startTestService, type JsonAnswer, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const random = lehmer(99);
const hourMs = 3_600_000;
/** The whole hour some hours ago. */
const hour = (ago: number) => new Date((Math.floor(Date.now() / hourMs) - ago) * hourMs);
const windowOf = (ago: number) => ({ from: hour(ago).toISOString(), to: hour(ago - 1).toISOString() });

interface RowOptions {
  shift?: number;
  errors?: number;
}

function row({ shift = 0, errors = 0.1 }: RowOptions = {}) {
  const score = Math.min(1, Math.max(0, 0.5 + 0.4 * (random() < 0.5 ? -1 : 1)));
  return {
    features: {
      amount: normal(random) + shift,
      country: random() < 0.7 ? 'de' : 'fr',
      is_new: random() < 0.5,
      ...(random() < 0.9 ? { age: Math.floor(20 + 50 * random()) } : {}),
    },
    prediction: score >= 0.5 ? 'yes' : 'no',
    score,
    error_rate: random() < errors ? 1 : 0,
    embedding: [normal(random), normal(random), normal(random)],
  };
}

/** Sends samples of one hour and waits until they are acknowledged, which is when they are stored. */
async function send(modelId: string, ago: number, count: number, options: RowOptions = {}): Promise<void> {
  const items = Array.from({ length: count }, (_, index) => ({
    model_id: modelId,
    model_type: 'tabular',
    request_id: `${String(ago)}-${String(index)}`,
    timestamp: new Date(hour(ago).getTime() + (index * hourMs) / count).toISOString(),
    latency: 10,
    ...row(options),
  }));
  const sent = await service.post('/api/v1/metrics/batch', { items });
  expect([sent.status, sent.body]).toMatchObject([201, { accepted: count }]);
}

async function freeze(body: Record<string, unknown>): Promise<DriftReference> {
  const made = await service.post('/api/v1/drift/references', body);
  expect([made.status, made.body]).toMatchObject([201, {}]);
  return made.body as DriftReference;
}

async function run(modelId: string, ago: number): Promise<DriftVerdictInFull> {
  const path = `/api/v1/models/${encodeURIComponent(modelId)}/drift/run`;
  const { status, body } = await service.post(path, { window: windowOf(ago) });
  expect([status, body]).toMatchObject([200, {}]);
  return body as DriftVerdictInFull;
}

const listOf = ({ body }: JsonAnswer) => body['data'] as Record<string, unknown>[];

describe('references (MX-7)', () => {
  it('freezes a window of samples, column by column, as the next version of the model', async () => {
    await send('frozen/one', 6, 300);
    const first = await freeze({ model_id: 'frozen/one', window: windowOf(6), is_scheduled: false });
    expect(first).toMatchObject({ version: 1, status: 'active', source: 'window', rows: 300, rows_total: 300 });
    expect(first.columns.map(({ column, kind }) => [column, kind])).toEqual([
      ['feature:age', 'numeric'],
      ['feature:amount', 'numeric'],
      ['feature:country', 'categorical'],
      ['feature:is_new', 'categorical'],
      ['prediction', 'categorical'],
      ['score', 'numeric'],
      ['embedding', 'embedding'],
      ['error_rate', 'error_rate'],
      ['performance', 'estimated_performance'],
    ]);
    const second = await freeze({ model_id: 'frozen/one', window: windowOf(6), is_scheduled: false });
    expect(second.version).toBe(2);
    const found = await service.get(`/api/v1/drift/references/${first.id}`);
    expect(found.body).toEqual({ ...first, status: 'superseded' });
    const listed = await service.get('/api/v1/drift/references?model_id=frozen%2Fone&limit=1');
    expect(listOf(listed).map(({ id }) => id)).toEqual([second.id]);
  });

  it('keeps what it froze whatever comes later, and the application cannot change it', async () => {
    await send('frozen/two', 5, 200);
    await freeze({ model_id: 'frozen/two', window: windowOf(5), is_scheduled: false });
    await send('frozen/two', 4, 200);
    const before = await run('frozen/two', 4);
    await service.query('delete from @samples where model_id = $1 and time < $2', ['frozen/two', hour(4)]);
    expect((await run('frozen/two', 4)).checks).toEqual(before.checks);
    const change = service.db.db.updateTable('drift_reference_columns').set({ missing: 1 }).execute();
    await expect(change).rejects.toThrow(/permission denied/);
  });

  it('takes an upload, and refuses one of fewer rows than a verdict needs', async () => {
    const rows = Array.from({ length: 150 }, () => row());
    const reference = await freeze({ model_id: 'uploaded', rows, is_scheduled: false, policy: { psi: 0.2 } });
    expect(reference).toMatchObject({ source: 'upload', window: null, policy: { psi: 0.2, alpha: 0.01 } });
    const few = await service.post('/api/v1/drift/references', { model_id: 'uploaded', rows: rows.slice(0, 50) });
    expect([few.status, few.body['error_code']]).toEqual([422, 'UNPROCESSABLE']);
    const both = await service.post('/api/v1/drift/references', { model_id: 'm', rows, window: windowOf(1) });
    expect(both.status).toBe(400);
    const wrong = await service.post('/api/v1/drift/references', { model_id: 'm', rows: [{ score: 2 }] });
    expect((wrong.body['errors'] as { path: string }[])[0]?.path).toBe('rows.0.score');
  });

  it('is judged by no more once it is retired', async () => {
    const rows = Array.from({ length: 150 }, () => row());
    const { id } = await freeze({ model_id: 'retired', rows });
    const retire = () => service.fetch(`/api/v1/drift/references/${id}`, { method: 'DELETE' });
    expect([(await retire()).status, (await retire()).status]).toEqual([204, 404]);
    expect((await service.post('/api/v1/models/retired/drift/run', {})).status).toBe(404);
  });
});

describe('verdicts (MX-7)', () => {
  it('calls a model stable whose inputs do not shift, and one drifting whose inputs do, after two windows', async () => {
    for (const [modelId, shift] of [
      ['calm', 0],
      ['moved', 0.5],
    ] as const) {
      await send(modelId, 10, 1_000);
      await freeze({ model_id: modelId, window: windowOf(10), is_scheduled: false });
      await send(modelId, 9, 500, { shift });
      await send(modelId, 8, 500, { shift });
    }
    expect(await run('calm', 9)).toMatchObject({ outcome: 'no_drift', state: 'stable', flagged_columns: [] });
    expect(await run('calm', 8)).toMatchObject({ outcome: 'no_drift', state: 'stable', drifting_columns: [] });
    const suspected = await run('moved', 9);
    expect(suspected).toMatchObject({ outcome: 'drift', state: 'suspected', flagged_columns: ['feature:amount'] });
    const drifting = await run('moved', 8);
    expect(drifting).toMatchObject({ outcome: 'drift', state: 'drifting', drifting_columns: ['feature:amount'] });
    const check = drifting.checks.find(({ outcome }) => outcome === 'drift');
    expect(check).toMatchObject({ column: 'feature:amount', check: 'distribution', effect: { method: 'psi' } });
    expect(check?.significance?.method).toBe('ks');
    expect(check?.bins).toHaveLength(10);
    const { tenantId } = service.caller.principal;
    const drifts = await driftingColumns(service.db.db, tenantId);
    expect([drifts.get('moved'), drifts.get('calm'), drifts.get('nobody')]).toEqual([
      ['feature:amount'],
      [],
      undefined,
    ]);
  });

  it('finds what the model answers wrong more often, though its inputs are as they were', async () => {
    await send('wrong', 10, 500);
    await freeze({ model_id: 'wrong', window: windowOf(10), is_scheduled: false });
    await send('wrong', 9, 500, { errors: 0.4 });
    expect(await run('wrong', 9)).toMatchObject({ outcome: 'drift', flagged_columns: ['error_rate'] });
  });

  it('says insufficient_data of a window with few rows, and confirms nothing by it', async () => {
    await send('sparse', 10, 300);
    await freeze({ model_id: 'sparse', window: windowOf(10), is_scheduled: false });
    await send('sparse', 9, 20, { shift: 3 });
    expect(await run('sparse', 9)).toMatchObject({ outcome: 'insufficient_data', state: 'unknown', rows: 20 });
    expect(await run('sparse', 8)).toMatchObject({ outcome: 'insufficient_data', rows: 0 });
  });

  it('has one verdict for one window: judged again with what came late, it is that one', async () => {
    await send('late', 10, 300);
    await freeze({ model_id: 'late', window: windowOf(10), is_scheduled: false });
    await send('late', 9, 150);
    const before = await run('late', 9);
    await send('late', 9, 300);
    const after = await run('late', 9);
    expect([after.id, before.rows, after.rows]).toEqual([before.id, 150, 300]);
    expect(listOf(await service.get('/api/v1/drift/verdicts?model_id=late'))).toHaveLength(1);
  });

  it('lists verdicts over pages, filtered, the newest window first', async () => {
    const seen: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 5; page += 1) {
      const answer = await service.get(`/api/v1/drift/verdicts?limit=1&model_id=moved${cursor}`);
      seen.push(...listOf(answer).map(({ state }) => state));
      const next = (answer.body['page_info'] as { next_cursor: string | null }).next_cursor;
      if (next === null) break;
      cursor = `&cursor=${next}`;
    }
    expect(seen).toEqual(['drifting', 'suspected']);
    const drifting = await service.get('/api/v1/drift/verdicts?state=drifting');
    expect(listOf(drifting).map(({ model_id: id }) => id)).toEqual(['moved']);
  });

  it('judges by itself what is due, each window once', async () => {
    await send('scheduled', 1, 200);
    const { id } = await freeze({ model_id: 'scheduled', window: windowOf(1) });
    await service.query('update @drift_references set next_run_at = $1 where id = $2', [
      new Date(hour(0).getTime() + 60_000),
      id,
    ]);
    const emitter = createEmitter({ service: 'monitoring-ingest', identityKeys });
    // The service may have been first, or be it in the middle: what is taken is taken once.
    await queueDueWindows({ database: service.db, emitter }, new Date(hour(0).getTime() + 120_000));
    await queueDueWindows({ database: service.db, emitter }, new Date(hour(0).getTime() + 120_000));
    const verdicts = await waitFor(async () => {
      const found = listOf(await service.get('/api/v1/drift/verdicts?model_id=scheduled'));
      return found.length > 0 ? found : null;
    });
    expect(verdicts).toMatchObject([{ reference_id: id, window: windowOf(1), outcome: 'no_drift', rows: 200 }]);
    const [row] = await service.query<{ next_run_at: Date }>(
      'select next_run_at from @drift_references where id = $1',
      [id],
    );
    expect(row?.next_run_at).toEqual(new Date(hour(-1).getTime() + 60_000));
  });

  it("answers another tenant's reference, verdict and model as if they were absent (S15)", async () => {
    const stranger = aCaller();
    const [verdict] = listOf(await service.get('/api/v1/drift/verdicts?model_id=moved'));
    const [reference] = listOf(await service.get('/api/v1/drift/references?model_id=moved'));
    const paths = [
      `/api/v1/drift/verdicts/${String(verdict?.['id'])}`,
      `/api/v1/drift/references/${String(reference?.['id'])}`,
    ];
    for (const path of paths) {
      expect([(await service.get(path)).status, (await service.get(path, stranger)).status]).toEqual([200, 404]);
    }
    expect((await service.fetch(paths[1] ?? '', { method: 'DELETE' }, stranger)).status).toBe(404);
    expect((await service.post('/api/v1/models/moved/drift/run', {}, { caller: stranger })).status).toBe(404);
    expect(listOf(await service.get('/api/v1/drift/verdicts', stranger))).toEqual([]);
    expect(listOf(await service.get('/api/v1/drift/references', stranger))).toEqual([]);
  });

  it('wants the scopes (MX-16)', async () => {
    const reader = aCaller({ scopes: ['metrics:read'] });
    expect((await service.post('/api/v1/models/moved/drift/run', {}, { caller: reader })).status).toBe(403);
    expect((await service.post('/api/v1/drift/references', {}, { caller: reader })).status).toBe(403);
    const stranger = aCaller({ scopes: ['chat:write'] });
    expect((await service.get('/api/v1/drift/verdicts', stranger)).status).toBe(403);
  });
});
