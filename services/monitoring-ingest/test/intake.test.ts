import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { aCaller, startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

let made = 0;
function aSample(more: Record<string, unknown> = {}): Record<string, unknown> {
  made += 1;
  return { model_id: 'm', model_type: 'llm', request_id: `r-${String(made)}`, latency: 12.5, ...more };
}
const again = (caller: CallerIdentity): CallerIdentity => ({ ...caller, requestId: newId('req') });
const inference = '/api/v1/metrics/inference';
const batch = '/api/v1/metrics/batch';

describe('one sample (MX-1)', () => {
  it('is a committed row before it is acknowledged, with everything that was said', async () => {
    const sample = aSample({
      model_id: 'openai/gpt-5',
      timestamp: new Date(Date.now() - 5_000).toISOString(),
      throughput: 3,
      error_rate: 0.5,
      resource_usage: { gpu_memory: 0.25, cpu_usage: 0.5, memory_usage: 0.75 },
      model_version: '2.1',
      environment: 'prod',
      time_to_first_token_ms: 4,
      input_tokens: 10,
      output_tokens: 20,
      cost_usd: 0.0000775,
      features: { amount: 1.5, country: 'de', known: true, age: null },
      prediction: 'fraud',
      score: 0.9,
      actual: 1,
      embedding: [0.5, -0.25],
      tags: { team: 'a\tb\\c\n', 'quote"': "'" },
    });
    const answer = await service.post(inference, sample);
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        status: 'success',
        message: 'The sample is stored.',
        model_id: 'openai/gpt-5',
        request_id: sample['request_id'],
        duplicate: false,
      },
    ]);
    const [row] = await service.query('select * from @samples where request_id = $1', [sample['request_id']]);
    expect(row).toMatchObject({
      time: new Date(String(sample['timestamp'])),
      tenant_id: service.caller.principal.tenantId,
      model_id: 'openai/gpt-5',
      model_type: 'llm',
      model_version: '2.1',
      environment: 'prod',
      latency_ms: 12.5,
      throughput: 3,
      error_rate: 0.5,
      gpu_memory: 0.25,
      cpu_usage: 0.5,
      memory_usage: 0.75,
      time_to_first_token_ms: 4,
      input_tokens: '10',
      output_tokens: '20',
      cost_nanos: '77500',
      score: 0.9,
      prediction: 'fraud',
      actual: '1',
      features: sample['features'],
      embedding: [0.5, -0.25],
      tags: sample['tags'],
      source: 'api',
    });
  });

  it('is the same sample under the same request id and model, also without a time and however many send it at once', async () => {
    const sample = aSample();
    const answers = await Promise.all(Array.from({ length: 50 }, () => service.post(inference, sample)));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(201));
    expect(answers.filter(({ body }) => body['duplicate'] === false)).toHaveLength(1);
    const count = async () =>
      (await service.query('select 1 from @samples where request_id = $1', [sample['request_id']])).length;
    expect(await count()).toBe(1);
    // Another model, and another tenant, have their own.
    await service.post(inference, { ...sample, model_id: 'other' });
    await service.post(inference, sample, { caller: aCaller() });
    expect(await count()).toBe(3);
  });

  it('takes null for whatever is optional, alone and in a batch, and for nothing else', async () => {
    const optional = [
      ...['timestamp', 'throughput', 'error_rate', 'resource_usage', 'model_version', 'environment'],
      ...['time_to_first_token_ms', 'input_tokens', 'output_tokens', 'cost_usd', 'features', 'prediction', 'score'],
      ...['actual', 'embedding', 'tags'],
    ];
    const nulls = Object.fromEntries(optional.map((name) => [name, null]));
    const parts = { resource_usage: { gpu_memory: null, cpu_usage: 0.5, memory_usage: null } };
    const [one, two, three] = [aSample(nulls), aSample(nulls), aSample(parts)];
    expect((await service.post(inference, one)).status).toBe(201);
    const answer = await service.post(batch, { items: [two, three, aSample({ latency: null })] });
    expect(answer.body).toMatchObject({ accepted: 2, rejected: 1 });
    const ids = [one, two, three].map((sample) => sample['request_id']);
    const rows = await service.query('select * from @samples where request_id = any($1) order by request_id', [ids]);
    expect(rows).toHaveLength(3);
    const [first] = rows.filter((row) => row['request_id'] === one['request_id']);
    expect(first).toMatchObject({ throughput: null, prediction: null, cost_nanos: null, features: null, tags: null });
    expect(rows.find((row) => row['request_id'] === three['request_id'])).toMatchObject({
      ...{ cpu_usage: 0.5, gpu_memory: null },
    });
    const drift = { model_id: 'm', drift_type: 'data', severity: 'low', confidence: 0.5 };
    const caller = aCaller();
    const said = { ...drift, feature: null, timestamp: null, tags: null };
    expect((await service.post('/api/v1/metrics/drift', said, { caller })).status).toBe(201);
    const resources = '/api/v1/metrics/resources';
    const usage = { cpu_usage: 0.5, gpu_memory: null, memory_usage: null, model_id: null, resource: null, tags: null };
    const used = await service.post(resources, { ...usage, timestamp: null }, { caller: again(caller) });
    expect([used.status, used.body['points']]).toEqual([201, 1]);
    const nothing = await service.post(resources, { ...usage, cpu_usage: null }, { caller: again(caller) });
    expect(nothing.status).toBe(400);
    const model = { id: 'nulls', name: 'n', model_type: 'llm', version: '1', environment: 'dev', features: null };
    const made = await service.post('/api/v1/models', { ...model, thresholds: { latency: 50, error_rate: null } });
    expect(made.body).toMatchObject({ thresholds: { latency: 50, error_rate: 0.05 }, features: {} });
  });

  it('makes an unknown model one that is not registered, with defaults (MX-6)', async () => {
    const caller = aCaller();
    await service.post(inference, aSample({ model_id: 'never-seen', model_type: 'cv' }), { caller });
    const { body } = await service.get('/api/v1/models/never-seen', caller);
    expect(body).toMatchObject({
      id: 'never-seen',
      registered: false,
      model_type: 'cv',
      revision: 0,
      thresholds: { latency: 1_000 },
    });
  });

  it('marks its minute, in the same transaction', async () => {
    const { tenantId } = service.caller.principal;
    const time = new Date(Date.now() - 7_200_000);
    await service.post(inference, aSample({ model_id: 'late', timestamp: time.toISOString() }));
    time.setUTCSeconds(0, 0);
    const text = 'select minute from @dirty_minutes where tenant_id = $1 and model_id = $2';
    expect(await service.query(text, [tenantId, 'late'])).toEqual([{ minute: time }]);
  });

  it.each([
    ['latency', { latency: 0 }],
    ['error_rate', { error_rate: 1.5 }],
    ['model_type', { model_type: 'robot' }],
    ['request_id', { request_id: '' }],
    ['resource_usage.gpu_memory', { resource_usage: { gpu_memory: 2 } }],
    ['resource_usage.disk', { resource_usage: { disk: 0.5 } }],
    ['timestamp', { timestamp: '2020-01-01T00:00:00Z' }],
    ['timestamp', { timestamp: new Date(Date.now() + 2 * 3_600_000).toISOString() }],
    ['timestamp', { timestamp: 'yesterday' }],
    ['tenant_id', { tenant_id: 'other' }],
    ['features.deep', { features: { deep: { er: 1 } } }],
    ['tags.n', { tags: { n: 1 } }],
  ])('names %s when that is wrong', async (path, more) => {
    const answer = await service.post(inference, aSample(more));
    expect(answer.status).toBe(400);
    expect((answer.body['errors'] as { path: string }[]).map((error) => error.path)).toContain(path);
  });
});

describe('a batch (MX-20)', () => {
  const items = (count: number) => Array.from({ length: count }, () => aSample({ model_id: 'batch' }));
  const stored = async (samples: readonly Record<string, unknown>[]) =>
    (
      await service.query<{ n: number }>('select count(*)::int as n from @samples where request_id = any($1)', [
        samples.map((each) => each['request_id']),
      ])
    )[0]?.n;

  it('stores up to 10,000 items, as JSON or NDJSON, compressed or not', async () => {
    const many = items(10_000);
    const made = await service.post(`${batch}?results=rejected`, { items: many });
    expect([made.status, made.body]).toEqual([201, { accepted: 10_000, duplicates: 0, rejected: 0, results: [] }]);
    expect(await stored(many)).toBe(10_000);
    expect((await service.post(batch, { items: [...many, aSample()] })).status).toBe(400);

    const lines = items(3);
    const ndjson = `${lines.map((each) => JSON.stringify(each)).join('\r\n\n')}\n`;
    const answer = await service.fetch(batch, {
      method: 'POST',
      body: gzipSync(ndjson),
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
    });
    expect([answer.status, await answer.json()]).toEqual([
      201,
      {
        accepted: 3,
        duplicates: 0,
        rejected: 0,
        results: [0, 1, 2].map((index) => ({ index, status: 'stored' })),
      },
    ]);
    expect(await stored(lines)).toBe(3);
  });

  it('says of each item what became of it, and a bad one does not touch its neighbours', async () => {
    const [first, second, third] = items(3);
    const answer = await service.post(batch, {
      items: [first, { ...second, latency: -1 }, third, first, 'text', { ...third, timestamp: '2020-01-01T00:00:00Z' }],
    });
    expect(answer.status).toBe(207);
    expect(answer.body).toEqual({
      accepted: 3,
      duplicates: 1,
      rejected: 3,
      results: [
        { index: 0, status: 'stored' },
        { index: 1, status: 'rejected', errors: [{ path: 'latency', message: expect.any(String) }] },
        { index: 2, status: 'stored' },
        { index: 3, status: 'duplicate' },
        { index: 4, status: 'rejected', errors: [{ path: '', message: 'Expected object.' }] },
        { index: 5, status: 'rejected', errors: [{ path: 'timestamp', message: expect.any(String) }] },
      ],
    });
    expect(await stored([first ?? {}, third ?? {}])).toBe(2);
    const broken = await service.fetch(batch, {
      method: 'POST',
      body: `${JSON.stringify(second)}\n{"model_id": \n`,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(await broken.json()).toMatchObject({
      accepted: 1,
      rejected: 1,
      results: [
        { index: 0, status: 'stored' },
        { index: 1, errors: [{ path: '', message: 'Expected JSON.' }] },
      ],
    });
  });

  it('loses to a row that the database refuses nothing but that row, and takes it once it is put right', async () => {
    await service.query(`alter table @samples add constraint no_poison check (prediction is distinct from 'poison')`);
    const many = items(300);
    const poisoned = many.map((each, index) => (index % 100 === 17 ? { ...each, prediction: 'poison' } : each));
    const innocent = aSample();
    const [answer, beside] = await Promise.all([
      service.post(`${batch}?results=rejected`, { items: poisoned }),
      service.post(inference, innocent),
    ]);
    expect(answer.status).toBe(207);
    expect(answer.body).toMatchObject({ accepted: 297, rejected: 3 });
    expect((answer.body['results'] as { index: number }[]).map(({ index }) => index)).toEqual([17, 117, 217]);
    expect(beside.status).toBe(201);
    expect(await stored([...many, innocent])).toBe(298);
    const again = await service.post(batch, { items: many });
    expect(again.body).toMatchObject({ accepted: 300, duplicates: 297, rejected: 0 });
    expect((await service.post(inference, aSample({ prediction: 'poison' }))).status).toBe(400);
    await service.query('alter table @samples drop constraint no_poison');
  });

  it('answers a repeat under its Idempotency-Key as the first time, and 422 for another body (R16)', async () => {
    const [one, two] = items(2);
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'batch-1' };
    const send = (body: unknown, caller = service.caller) => service.post(batch, body, { headers, caller });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => send({ items: [one, { ...two, latency: 0 }, one] })),
    );
    for (const { status, body } of answers) {
      expect(status).toBe(207);
      expect(body).toMatchObject({ accepted: 2, duplicates: 1, rejected: 1 });
      expect(body).toEqual(answers[0]?.body);
    }
    const other = await send({ items: [two] });
    expect([other.status, other.body['error_code']]).toEqual([422, 'UNPROCESSABLE']);
    expect(await stored([two ?? {}])).toBe(0);
    // Another tenant's key of the same name is another key.
    expect((await send({ items: [two] }, aCaller())).status).toBe(201);
    expect((await service.post(batch, { items: [two] }, { headers: { 'idempotency-key': 'a b' } })).status).toBe(400);
  });

  it.each([
    ['no object', [1], ''],
    ['nothing', { items: [] }, 'items'],
    ['no items', {}, 'items'],
    ['a stranger', { items: [{}], tenant_id: 'x' }, 'tenant_id'],
  ])('refuses %s as a batch', async (_what, body, path) => {
    const answer = await service.post(batch, body);
    expect(answer.status).toBe(400);
    expect(answer.body['errors']).toEqual([{ path, message: expect.any(String) }]);
  });

  it('refuses what is too large when inflated, what is no gzip, and other media types', async () => {
    const send = async (body: Buffer | string, headers: Record<string, string>) =>
      (await service.fetch(batch, { method: 'POST', body, headers })).status;
    const json = { 'content-type': 'application/json' };
    expect(await send(gzipSync(Buffer.alloc(30_000_000, ' ')), { ...json, 'content-encoding': 'gzip' })).toBe(413);
    expect(await send('no gzip', { ...json, 'content-encoding': 'gzip' })).toBe(400);
    expect(await send('{}', { ...json, 'content-encoding': 'zstd' })).toBe(415);
    expect(await send('{}', { 'content-type': 'text/csv' })).toBe(415);
    expect(await send('{"items":[{"__proto__":{"a":1}}]}', json)).toBe(400);
  });
});

describe('what is no sample', () => {
  it('keeps reported drift as what it is (MX-7)', async () => {
    const report = { model_id: 'm', drift_type: 'data', severity: 'high', confidence: 0.9, tags: { by: 'them' } };
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'drift-1' };
    const first = await service.post('/api/v1/metrics/drift', report, { headers });
    const again = await service.post('/api/v1/metrics/drift', report, { headers });
    expect([first.status, again.body]).toEqual([201, first.body]);
    const rows = await service.query('select * from @reported_drift where tenant_id = $1', [
      service.caller.principal.tenantId,
    ]);
    expect(rows).toEqual([expect.objectContaining({ id: first.body['id'], severity: 'high', confidence: 0.9 })]);
    expect((await service.post('/api/v1/metrics/drift', { ...report, confidence: 2 })).status).toBe(400);
  });

  it('stores what a machine uses as points, one for each resource (MX-5)', async () => {
    const answer = await service.post('/api/v1/metrics/resources', {
      model_id: 'm',
      resource: 'gpu-0',
      gpu_memory: 0.5,
      cpu_usage: 0.25,
      tags: { zone: 'a' },
    });
    expect([answer.status, answer.body['points']]).toEqual([201, 2]);
    const rows = await service.query(
      `select metric, value, labels, kind, source from @points where tenant_id = $1 order by metric`,
      [service.caller.principal.tenantId],
    );
    const labels = { model_id: 'm', resource: 'gpu-0', zone: 'a' };
    expect(rows).toEqual([
      { metric: 'cpu_usage', value: 0.25, labels, kind: 'gauge', source: 'api' },
      { metric: 'gpu_memory', value: 0.5, labels, kind: 'gauge', source: 'api' },
    ]);
    expect((await service.post('/api/v1/metrics/resources', { model_id: 'm' })).status).toBe(400);
  });
});

describe('rights', () => {
  it.each([
    inference,
    batch,
    '/api/v1/metrics/drift',
    '/api/v1/metrics/resources',
    '/v1/metrics',
    '/v1/traces',
    '/api/v1/write',
  ])('takes nothing at %s without metrics:write, and nothing unsigned (MX-16)', async (path) => {
    const reader = aCaller({ scopes: ['metrics:read'] });
    expect((await service.fetch(path, { method: 'POST' }, reader)).status).toBe(403);
    expect((await fetch(service.url + path, { method: 'POST' })).status).toBe(401);
  });
});
