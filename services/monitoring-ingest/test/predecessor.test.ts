import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

describe("lists in the shape that MonitorX's clients read", () => {
  it('are samples, newest first, of a model and of the last hours (MX-1)', async () => {
    const sample = (id: string, more: object) => ({
      ...{ model_id: 'm', model_type: 'llm', request_id: id, latency: 5, ...more },
    });
    const agoMs = (ms: number) => new Date(Date.now() - ms).toISOString();
    const items = [
      sample('old', { timestamp: agoMs(2 * 3_600_000) }),
      sample('first', { timestamp: agoMs(60_000), tags: { team: 'a' } }),
      sample('second', { timestamp: agoMs(30_000) }),
      sample('other', { model_id: 'n' }),
    ];
    expect((await service.post('/api/v1/metrics/batch', { items })).body).toMatchObject({ accepted: 4 });
    const path = '/api/v1/metrics/inference/as-metrics';
    const idsOf = ({ body }: Awaited<ReturnType<TestService['get']>>) =>
      (body['metrics'] as { request_id: string }[]).map(({ request_id: id }) => id);
    const answer = await service.get(`${path}?model_id=m&since_hours=1`);
    expect(Object.keys(answer.body)).toEqual(['metrics']);
    expect(idsOf(answer)).toEqual(['second', 'first']);
    expect((answer.body['metrics'] as unknown[])[1]).toMatchObject({ model_id: 'm', latency: 5, tags: { team: 'a' } });
    expect(idsOf(await service.get(`${path}?limit=3`))).toEqual(['other', 'second', 'first']);
    expect((await service.get(`${path}?since_hours=0`)).status).toBe(400);
  });

  it('are reports of drift, and models (MX-6, MX-7)', async () => {
    const drift = { model_id: 'm', drift_type: 'data', severity: 'low', confidence: 0.5 };
    await service.post('/api/v1/metrics/drift', drift);
    const drifts = await service.get('/api/v1/metrics/drift/as-metrics?model_id=m');
    expect(drifts.body).toEqual({ drift_metrics: [expect.objectContaining(drift)] });
    const model = { id: 'm', name: 'M', model_type: 'llm', version: '1', environment: 'dev' };
    await service.post('/api/v1/models', model);
    const thresholds = { latency: 1_000, error_rate: 0.05, gpu_memory: 0.8, cpu_usage: 0.8, memory_usage: 0.8 };
    // Those that nobody registered are no models to them.
    const listed = await service.get('/api/v1/monitored-models');
    expect(listed.body).toEqual({ models: [expect.objectContaining({ ...model, thresholds })] });
  });
});
