import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createEmitter } from '@signalbox/queue';
import { waitFor } from '@signalbox/test-kit';
import { lookAtModels } from '../src/health/look-at-models.ts';
import { aCaller, identityKeys, startTestService, type TestService } from './harness.ts';
import { aSample, storeSamples, type StoredSample } from './stored-samples.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

type Caller = ReturnType<typeof aCaller>;
const minuteMs = 60_000;
const begin = Date.now();

const register = (caller: Caller, id = 'm') =>
  service.post(
    '/api/v1/models',
    { id, name: id, model_type: 'llm', version: '1', environment: 'prod', thresholds: { latency: 500 } },
    { caller },
  );
const look = (minute: number, drifting: readonly string[] = []) =>
  lookAtModels(
    {
      db: service.db.db,
      reading: service.db.db,
      driftingOf: () => Promise.resolve(new Map(drifting.length === 0 ? [] : [['m', drifting]])),
      emitter: createEmitter({ service: 'monitoring-ingest', identityKeys }),
      nudgeRelay: () => undefined,
    },
    new Date(begin + minute * minuteMs),
  );
const twenty = (caller: Caller, minute: number, sample: Partial<StoredSample>) =>
  storeSamples(
    service.db,
    caller.principal.tenantId,
    Array.from({ length: 20 }, (_, index) => aSample(begin + minute * minuteMs - 1_000 - index, sample)),
  );
const healthOf = async (caller: Caller, id = 'm') => (await service.get(`/api/v1/models/${id}/health`, caller)).body;
/** What the worker has heard of a tenant's models, when it has heard of so many changes. */
const told = (tenantId: string, changes: number) =>
  waitFor(async () => {
    const lines = service.log.filter(({ event, tenant_id: of }) => event === 'model.health_changed' && of === tenantId);
    return lines.length >= changes && lines.sort((one, other) => String(one['at']).localeCompare(String(other['at'])));
  });

describe('GET /api/v1/models/{id}/health', () => {
  it('follows what was measured, over looks that agree, and tells of each change once', async () => {
    const caller = aCaller();
    await register(caller);
    await twenty(caller, 0, { latency_ms: 100, error_rate: 0 });
    await look(0);
    expect(await healthOf(caller)).toMatchObject({ model_id: 'm', status: 'ok', reasons: [] });

    // Its own threshold is 500 ms; what is over it counts from the second look on.
    await twenty(caller, 20, { latency_ms: 900, gpu_memory: 0.95 });
    await look(20);
    expect((await healthOf(caller))['status']).toBe('ok');
    await look(21);
    expect(await healthOf(caller)).toMatchObject({
      status: 'degraded',
      since: new Date(begin + 21 * minuteMs).toISOString(),
      reasons: [
        { kind: 'latency', value: expect.closeTo(900, -1.5), limit: 500 },
        { kind: 'gpu_memory', value: expect.closeTo(0.95), limit: 0.8 },
      ],
    });

    await look(60);
    expect((await healthOf(caller))['status']).toBe('no_data');

    const changes = await told(caller.principal.tenantId, 3);
    expect(changes).toMatchObject([
      { model_id: 'm', previous: null, current: 'ok' },
      { model_id: 'm', previous: 'ok', current: 'degraded' },
      { model_id: 'm', previous: 'degraded', current: 'no_data' },
    ]);
  });

  it('is one look however many processes look, and tells of it through the outbox', async () => {
    const caller = aCaller();
    await register(caller);
    await twenty(caller, 100, { error_rate: 1 });
    const changes = await Promise.all([look(100), look(100), look(100)]);
    expect(changes.reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(1);
    expect(await told(caller.principal.tenantId, 1)).toMatchObject([{ previous: null, current: 'failing' }]);
    expect(await healthOf(caller)).toMatchObject({ status: 'failing', reasons: [{ kind: 'error_rate', value: 1 }] });
  });

  it('takes in what burns and what drifts', async () => {
    const caller = aCaller();
    await register(caller);
    await service.post(
      '/api/v1/objectives',
      { name: 'fast', model_id: 'm', target: 0.9, indicator: { kind: 'latency', threshold_ms: 150 } },
      { caller },
    );
    await twenty(caller, 200, { latency_ms: 100 });
    await look(200, ['age']);
    expect(await healthOf(caller)).toMatchObject({ status: 'drifting', reasons: [{ kind: 'drift', subject: 'age' }] });
    // Below the model's threshold and above that of the objective: the budget of one in ten burns three times too fast.
    await storeSamples(
      service.db,
      caller.principal.tenantId,
      Array.from({ length: 9 }, () => aSample(begin + 201 * minuteMs - 1_000, { latency_ms: 400 })),
    );
    await look(201);
    await look(202);
    expect(await healthOf(caller)).toMatchObject({ status: 'degraded', reasons: [{ kind: 'objective' }] });
  });

  it("is absent for a model that nobody knows, and for another tenant's", async () => {
    const caller = aCaller();
    await register(caller, 'org/large');
    await look(300);
    expect((await healthOf(caller, 'org%2Flarge'))['status']).toBe('no_data');
    expect((await service.get('/api/v1/models/org%2Flarge/health', aCaller())).status).toBe(404);
    expect((await service.get('/api/v1/models/nobody/health', caller)).status).toBe(404);
  });
});
