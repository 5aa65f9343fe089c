import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { startRedisServer, waitFor, type PrivateStore } from '@signalbox/test-kit';
import { checkQueueRedis, createQueues } from '../src/index.ts';
import { caller, countJob, identityKeys, openMesh } from './mesh.ts';

const silent = createLogger({ service: 'test', level: 'silent' });

describe('queues', () => {
  let server: PrivateStore;
  beforeAll(async () => {
    server = await startRedisServer();
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  it('take a job once under one id, whatever the id looks like', async () => {
    await using mesh = await openMesh(server.url);
    const seen: string[] = [];
    mesh.worker({
      handle: ({ jobId }) => {
        seen.push(jobId);
        return Promise.resolve();
      },
    });
    const ids = ['tenant:a:b', '42', 'line\nbreak', 'ümläut'];
    for (const jobId of [...ids, ...ids]) await mesh.queues.enqueue(countJob, { key: 'a' }, caller, { jobId });
    await waitFor(() => seen.length >= ids.length);
    await mesh.queues.enqueue(countJob, { key: 'a' }, caller, { jobId: 'last' });
    await waitFor(() => seen.includes('last'));
    expect(seen).toEqual([...ids, 'last']);
  });

  it('refuse what does not parse before it is sent', async () => {
    await using mesh = await openMesh(server.url);
    const wrong = mesh.queues.enqueue(countJob, { key: 1 } as unknown as { key: string }, caller);
    await expect(wrong).rejects.toThrow('expected string');
  });

  it('reject at once with unavailable while Redis is away, and take jobs again when it is back (R6)', async () => {
    await using own = await startRedisServer();
    await using queues = createQueues({
      redisUrl: own.url,
      service: 'gateway',
      identityKeys,
      logger: silent,
      metrics: createMetrics({ service: 'test' }),
    });
    await waitFor(() => queues.ping().then(() => true));
    await queues.enqueue(countJob, { key: 'a' }, caller);
    await own.kill();
    for (let turn = 0; turn < 3; turn += 1) {
      const from = performance.now();
      await expect(queues.enqueue(countJob, { key: 'a' }, caller)).rejects.toMatchObject({
        code: 'unavailable',
        retryAfterMs: 1_000,
      });
      expect(performance.now() - from).toBeLessThan(1_000);
    }
    await own.restart();
    await waitFor(() => queues.enqueue(countJob, { key: 'a' }, caller));
  });

  it('that were opened while Redis was away take jobs as soon as it is there', async () => {
    await using own = await startRedisServer();
    await own.kill();
    await using queues = createQueues({
      redisUrl: own.url,
      service: 'gateway',
      identityKeys,
      logger: silent,
      metrics: createMetrics({ service: 'test' }),
    });
    await expect(queues.enqueue(countJob, { key: 'a' }, caller)).rejects.toMatchObject({ code: 'unavailable' });
    await own.restart();
    await waitFor(() => queues.enqueue(countJob, { key: 'a' }, caller));
  });
});

describe('checkQueueRedis (CD-2)', () => {
  it('passes a Redis that never evicts', async () => {
    await using server = await startRedisServer({ config: { 'maxmemory-policy': 'noeviction' } });
    await checkQueueRedis({ redisUrl: server.url, production: true, logger: silent });
  });

  it('refuses one that may evict in production, and warns elsewhere', async () => {
    await using server = await startRedisServer({ config: { 'maxmemory-policy': 'allkeys-lru' } });
    const lines: string[] = [];
    const logger = createLogger({ service: 'test', write: (line) => lines.push(line) });
    await expect(checkQueueRedis({ redisUrl: server.url, production: true, logger })).rejects.toThrow(
      'must be noeviction',
    );
    await checkQueueRedis({ redisUrl: server.url, production: false, logger });
    expect(lines.join()).toContain('queue.redis_may_evict');
  });

  it('lets a service start while Redis is away', async () => {
    await using server = await startRedisServer();
    await server.kill();
    const lines: string[] = [];
    const logger = createLogger({ service: 'test', write: (line) => lines.push(line) });
    await checkQueueRedis({ redisUrl: server.url, production: true, logger });
    expect(lines.join()).toContain('queue.redis_unchecked');
  });
});
