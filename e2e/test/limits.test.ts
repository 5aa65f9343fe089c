import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { openMesh, type OpenedMesh } from '../harness.ts';

describe('limits through two gateway replicas (LA-2, MX-17)', () => {
  let opened: OpenedMesh;
  beforeAll(async () => {
    opened = await openMesh({ gatewayReplicas: 2 });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
  });

  it('lets exactly 100 of 300 concurrent calls of one key pass, whichever replica is asked', async () => {
    const { key } = await opened.createKey();
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, index) => opened.ask('/v1/models', { key, gateway: index % 2 })),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(100);
    expect(statuses.filter((status) => status === 429)).toHaveLength(200);
    const refused = answers.find(({ status }) => status === 429);
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused?.headers.get('ratelimit')).toMatch(/;r=0/);
    expect(refused?.headers.get('ratelimit-policy')).toMatch(/;q=100;w=60/);
    // An OpenAI-shaped route speaks OpenAI's shape, so that its clients raise RateLimitError.
    expect(refused?.body).toMatchObject({ error: { type: 'rate_limit_error' } });
  });

  it("spends one key's limit without touching another's", async () => {
    const first = await opened.createKey();
    const second = await opened.createKey({ limits: { requests_per_minute: 3 } });
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await opened.ask('/v1/models', { key: second.key, gateway: turn % 2 })).status).toBe(200);
    }
    expect((await opened.ask('/v1/models', { key: second.key })).status).toBe(429);
    expect((await opened.ask('/v1/models', { key: first.key })).status).toBe(200);
  });

  it('goes on with a local limit and no 5xx while Redis is frozen, and says so (R6)', async () => {
    const { key } = await opened.createKey();
    expect((await opened.ask('/v1/models', { key })).status).toBe(200);
    const redis = opened.mesh.stores.redis;
    if (redis === undefined) throw new Error('this mesh should own its Redis');
    redis.freeze();
    try {
      const started = performance.now();
      const answers = [];
      for (let turn = 0; turn < 20; turn += 1) answers.push(await opened.ask('/v1/models', { key }));
      expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
      expect(performance.now() - started).toBeLessThan(5_000);
      const metrics = await (await fetch(`${String(opened.mesh.services['gateway']?.adminUrl)}/metrics`)).text();
      expect(metrics).toMatch(/signalbox_limiter_degraded(\{[^}]*\})? 1/);
      const health = await opened.ask('/api/v1/health', { key: null });
      expect(health.body['status']).toBe('degraded');
    } finally {
      redis.thaw();
    }
    await waitFor(async () => (await opened.ask('/api/v1/health', { key: null })).body['status'] === 'healthy', {
      timeoutMs: 20_000,
    });
  });
});
