import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aCaller, startTestService, testConfig, type TestService } from './harness.ts';
import { begin, jobIn, researcher } from './research-world.ts';

let service: TestService;

beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe('submitting research (CR-3)', () => {
  it('answers 202 with the place of the job, and the job is there', async () => {
    const accepted = await service.post('/api/v1/research', { topic: 'What do bees eat?' });
    expect(accepted.status).toBe(202);
    const location = String(accepted.headers.get('location'));
    expect(location).toBe(`/api/v1/research/${String(accepted.body['id'])}`);
    const job = await service.get(location);
    expect(job.status).toBe(200);
    expect(job.body).toMatchObject({ topic: 'What do bees eat?', request: { topic: 'What do bees eat?' } });
    const listed = await service.get('/api/v1/research?limit=100');
    expect((listed.body['data'] as { id: string }[]).map(({ id }) => id)).toContain(accepted.body['id']);
  });

  it('is one job for one Idempotency-Key, and refuses another request with it', async () => {
    const init = { headers: { 'idempotency-key': 'once' } };
    const first = await service.post('/api/v1/research', { topic: 'One' }, init);
    const second = await service.post('/api/v1/research', { topic: 'One' }, init);
    expect(second.status).toBe(202);
    expect(second.body['id']).toBe(first.body['id']);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect((await service.post('/api/v1/research', { topic: 'Other' }, init)).status).toBe(422);
  });

  it('names the field where nothing is asked', async () => {
    const refused = await service.post('/api/v1/research', { breadth: 2 });
    expect(refused.status).toBe(400);
    expect(JSON.stringify(refused.body['errors'])).toContain('topic');
  });

  it('shows another tenant nothing of it (S15)', async () => {
    const { body } = await service.post('/api/v1/research', { topic: 'Ours' });
    const stranger = aCaller();
    expect((await service.get(`/api/v1/research/${String(body['id'])}`, stranger)).status).toBe(404);
    expect((await service.get('/api/v1/research', stranger)).body['data']).toEqual([]);
  });
});

describe('too much at once', () => {
  it('is refused with 429 and a time where a tenant has too many jobs that wait, and holds nobody else back', async () => {
    const { jobs } = testConfig(service.database.url);
    await using small = await startTestService({ config: { jobs: { ...jobs, queuedPerTenantMax: 2 } } });
    const caller = researcher();
    expect((await small.post('/api/v1/research-queue/pause', undefined, { caller })).status).toBe(200);
    const body = { topic: 'Too much', sources: ['documents'] };
    for (let count = 0; count < 2; count += 1) await begin(small, caller, body);
    const refused = await small.post('/api/v1/research', body, { caller });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '30']);
    expect((await small.get('/api/v1/research', caller)).body['data']).toHaveLength(2);
    const other = researcher();
    expect(await jobIn(small, other, await begin(small, other, body), 'completed')).toMatchObject({ error: null });
  });

  it('waits for its turn, the oldest first, where a tenant has as many at work as it may', async () => {
    const { jobs } = testConfig(service.database.url);
    await using small = await startTestService({ config: { jobs: { ...jobs, runningPerTenantMax: 1 } } });
    const caller = researcher();
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1)
      ids.push(await begin(small, caller, { topic: `Number ${String(count)}`, sources: ['documents'] }));
    for (const id of ids) await jobIn(small, caller, id, 'completed');
    const spans = await small.query<{ started_at: Date; finished_at: Date }>(
      'select started_at, finished_at from @research_jobs order by started_at',
    );
    for (const [index, { started_at: startedAt }] of spans.entries())
      expect(startedAt.getTime()).toBeGreaterThanOrEqual(spans[index - 1]?.finished_at.getTime() ?? 0);
  });
});

describe('the end of a job', () => {
  it('is told to alerting once, in the transaction that makes it true', async () => {
    const caller = researcher();
    const id = await begin(service, caller, { topic: 'What is told?', sources: ['documents'] });
    await jobIn(service, caller, id, 'completed');
    const told = await service.query<{ message: { payload: object } }>(
      `select message from @outbox where name = 'research.finished.alerting' and message -> 'payload' ->> 'job_id' = $1`,
      [id],
    );
    expect(told.map(({ message }) => message.payload)).toEqual([
      { job_id: id, tenant_id: caller.principal.tenantId, status: 'completed', topic: 'What is told?', error: null },
    ]);
  });
});
