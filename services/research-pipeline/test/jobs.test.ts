import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aCaller, startTestService, type TestService } from './harness.ts';

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
