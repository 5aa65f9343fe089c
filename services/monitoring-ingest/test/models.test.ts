import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aCaller, startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const fraud = {
  id: 'fraud/v2',
  name: 'Fraud',
  model_type: 'tabular',
  version: '2.0',
  environment: 'prod',
  thresholds: { latency: 250 },
  features: { amount: { kind: 'number', min: 0 }, country: { kind: 'category', values: ['de', 'fr'] } },
} as const;
const path = '/api/v1/models/fraud%2Fv2';

describe('the registry of models (MX-6)', () => {
  it('registers a model, with defaults for the thresholds that it leaves out, and shows where it is', async () => {
    const made = await service.post('/api/v1/models', fraud);
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(path);
    expect(made.body).toMatchObject({
      ...fraud,
      registered: true,
      revision: 1,
      thresholds: { latency: 250, error_rate: 0.05, gpu_memory: 0.8, cpu_usage: 0.8, memory_usage: 0.8 },
    });
    expect((await service.get(path)).body).toEqual(made.body);
  });

  it('registers an id once in a tenant', async () => {
    const again = await service.post('/api/v1/models', fraud);
    expect([again.status, again.body['error_code']]).toEqual([409, 'CONFLICT']);
    expect((await service.post('/api/v1/models', fraud, { caller: aCaller() })).status).toBe(201);
  });

  it('keeps every revision, the newest first', async () => {
    const { id: _id, ...changes } = fraud;
    const body = JSON.stringify({ ...changes, version: '2.1', thresholds: {} });
    const init = { method: 'PUT', body, headers: { 'content-type': 'application/json' } };
    const changed = (await (await service.fetch(path, init)).json()) as Record<string, unknown>;
    expect(changed).toMatchObject({ version: '2.1', revision: 2, thresholds: { latency: 1_000 } });
    const { data } = (await service.get(`${path}/revisions`)).body as { data: Record<string, unknown>[] };
    expect(data.map(({ revision, version, created_by: by }) => [revision, version, by])).toEqual([
      [2, '2.1', service.caller.principal.principalId],
      [1, '2.0', service.caller.principal.principalId],
    ]);
    const first = await service.get(`${path}/revisions?limit=1`);
    const { next_cursor: cursor } = first.body['page_info'] as { next_cursor: string };
    const second = await service.get(`${path}/revisions?limit=1&cursor=${cursor}`);
    expect((second.body['data'] as { revision: number }[]).map(({ revision }) => revision)).toEqual([1]);
  });

  it('lists by id, filtered, every one once over pages', async () => {
    const caller = aCaller();
    for (const id of ['c', 'a', 'b', 'd']) {
      await service.post('/api/v1/models', { ...fraud, id, model_type: id === 'd' ? 'cv' : 'llm' }, { caller });
    }
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 5; pages += 1) {
      const query = `?limit=2&model_type=llm&registered=true${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await service.get(`/api/v1/models${query}`, caller);
      seen.push(...(body['data'] as { id: string }[]).map(({ id }) => id));
      const next = (body['page_info'] as { next_cursor: string | null }).next_cursor;
      if (next === null) break;
      cursor = next;
    }
    expect(seen).toEqual(['a', 'b', 'c']);
    const { body } = await service.get('/api/v1/models?environment=dev', caller);
    expect(body['data']).toEqual([]);
  });

  it('takes a model out, and then it is absent', async () => {
    const caller = aCaller();
    await service.post('/api/v1/models', { ...fraud, id: 'short' }, { caller });
    const remove = () => service.fetch('/api/v1/models/short', { method: 'DELETE' }, caller);
    expect((await remove()).status).toBe(204);
    expect((await remove()).status).toBe(404);
    expect((await service.get('/api/v1/models/short', caller)).status).toBe(404);
  });

  it("answers another tenant's model as if it were absent, on every route (S15)", async () => {
    const stranger = aCaller();
    const { id: _id, ...changes } = fraud;
    const headers = { 'content-type': 'application/json' };
    for (const [target, init] of [
      [path, {}],
      [`${path}/revisions`, {}],
      [path, { method: 'DELETE' }],
      [path, { method: 'PUT', body: JSON.stringify(changes), headers }],
    ] as const) {
      expect([target, (await service.fetch(target, init, stranger)).status]).toEqual([target, 404]);
    }
    expect((await service.get(path)).status).toBe(200);
  });

  it('names what is wrong with an input, and wants the scope (MX-16)', async () => {
    const wrong = await service.post('/api/v1/models', { ...fraud, id: '', model_type: 'robot', tenant_id: 'other' });
    expect(wrong.status).toBe(400);
    const paths = (wrong.body['errors'] as { path: string }[]).map((error) => error.path);
    expect([...new Set(paths)].sort()).toEqual(['id', 'model_type', 'tenant_id']);
    const reader = aCaller({ scopes: ['models:read'] });
    expect((await service.post('/api/v1/models', fraud, { caller: reader })).status).toBe(403);
  });
});
