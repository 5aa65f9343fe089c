import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ServiceHealth } from '@signalbox/contracts';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { waitFor } from '@signalbox/test-kit';
import { createHealth, startAdminServer, type RunningServer } from '../src/index.ts';

describe('OD-1, OD-2: the admin port', () => {
  let redisIsUp = true;
  let server: RunningServer;
  beforeAll(async () => {
    const health = createHealth({
      service: 'test',
      version: '1.2.3',
      probes: {
        redis: {
          critical: true,
          probe: () => (redisIsUp ? Promise.resolve() : Promise.reject(new Error('redis://user:secret@10.0.0.1'))),
        },
      },
    });
    server = await startAdminServer({
      host: '127.0.0.1',
      port: 0,
      logger: createLogger({ service: 'test', level: 'silent' }),
      metrics: createMetrics({ service: 'test' }),
      health,
    });
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('serves metrics in the text format', async () => {
    const answer = await fetch(`${server.url}/metrics`);
    expect(answer.headers.get('content-type')).toContain('text/plain');
    expect(await answer.text()).toMatch(/^# HELP /m);
  });

  it('is alive and ready, then alive and not ready, and tells no message', async () => {
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
    const ready = await fetch(`${server.url}/health/ready`);
    expect(ready.status).toBe(200);
    expect(ServiceHealth.parse(await ready.json())).toMatchObject({
      status: 'healthy',
      service: 'test',
      version: '1.2.3',
    });
    redisIsUp = false;
    const sick = await waitFor(async () => {
      const answer = await fetch(`${server.url}/health/ready`);
      return answer.status === 503 ? answer.text() : null;
    });
    expect(JSON.parse(sick)).toMatchObject({ components: { redis: { status: 'unhealthy', error: 'failed' } } });
    expect(sick).not.toContain('secret');
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200);
  });

  it('is a 404 or a 405 problem for everything else', async () => {
    const nothing = await fetch(`${server.url}/api/v1/notes`);
    expect(nothing.status).toBe(404);
    expect(nothing.headers.get('content-type')).toBe('application/problem+json');
    expect((await fetch(`${server.url}/metrics`, { method: 'POST' })).headers.get('allow')).toBe('GET, HEAD');
  });
});
