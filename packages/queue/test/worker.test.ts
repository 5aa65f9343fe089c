import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { startRedisServer, waitFor, type PrivateStore } from '@signalbox/test-kit';
import { Redis } from 'ioredis';
import { caller, countJob, countUp, openMesh } from './mesh.ts';

describe('a worker', () => {
  let server: PrivateStore;
  let redis: Redis;
  beforeAll(async () => {
    server = await startRedisServer();
    redis = new Redis(server.url);
  });
  afterAll(async () => {
    redis.disconnect();
    await server[Symbol.asyncDispose]();
  });

  it('finishes the job at work when it closes, and takes no other', async () => {
    await using mesh = await openMesh(server.url);
    let finish: (() => void) | undefined;
    const seen: string[] = [];
    const worker = mesh.worker({
      graceMs: 10_000,
      handle: ({ payload }) =>
        new Promise((resolve) => {
          seen.push(payload.key);
          finish = resolve;
        }),
    });
    await mesh.queues.enqueue(countJob, { key: 'first' }, caller);
    await mesh.queues.enqueue(countJob, { key: 'second' }, caller);
    await waitFor(() => seen.length > 0);
    const closed = worker[Symbol.asyncDispose]();
    setTimeout(() => finish?.(), 200);
    await closed;
    expect(seen).toEqual(['first']);
    expect(await redis.zcard(`${mesh.prefix}:test.count:completed`)).toBe(1);
  });

  it('hands a job back that outlasts its grace: another finishes it within 5 s, and no attempt is used up (R13)', async () => {
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    let began = false;
    let aborted = false;
    const worker = mesh.worker({
      graceMs: 300,
      handle: ({ signal }) =>
        new Promise(() => {
          began = true;
          signal.addEventListener('abort', () => {
            aborted = true;
          });
        }),
    });
    await mesh.accept(['a']);
    relay.nudge();
    await waitFor(() => began);
    const from = performance.now();
    await worker[Symbol.asyncDispose]();
    expect(aborted).toBe(true);
    const attempts: number[] = [];
    mesh.worker({
      handle: async ({ payload, jobId, attempt }) => {
        attempts.push(attempt);
        await countUp(mesh.database, payload.key, jobId);
      },
    });
    await waitFor(async () => (await mesh.effects())['a'] === 1);
    expect(performance.now() - from).toBeLessThan(5_000);
    expect(attempts).toEqual([1]);
    expect(mesh.lines.some(({ event }) => event === 'job.stalled')).toBe(false);
  });

  it('only postpones a job whose dependency is away (R7)', async () => {
    await using mesh = await openMesh(server.url);
    const attempts: number[] = [];
    mesh.worker({
      handle: ({ attempt }) => {
        attempts.push(attempt);
        return attempts.length < 3 ? Promise.reject(new AppError('unavailable')) : Promise.resolve();
      },
    });
    await mesh.queues.enqueue({ ...countJob, attempts: 1 }, { key: 'a' }, caller);
    await waitFor(() => attempts.length === 3);
    expect(attempts).toEqual([1, 1, 1]);
    expect(await mesh.deadLetters.list()).toEqual([]);
  });

  it('proves by canaries that it takes jobs, and measures what it does', async () => {
    await using mesh = await openMesh(server.url);
    const worker = mesh.worker();
    await worker.probe();
    await mesh.queues.enqueue(countJob, { key: 'a' }, caller);
    await waitFor(async () =>
      (await mesh.metrics.text()).includes('signalbox_jobs_total{job="test.count",outcome="completed"} 1'),
    );
    // The queue is counted every now and then.
    const text = await waitFor(async () => {
      const told = await mesh.metrics.text();
      return told.includes('signalbox_queue_jobs{job="test.count",state="waiting"}') && told;
    });
    expect(text).toContain('signalbox_worker_idle_seconds{job="test.count"}');
    expect(text).not.toContain('job="canary"');
  });

  it('closes within its grace although Redis is dead, or never was there', async () => {
    await using own = await startRedisServer();
    await using mesh = await openMesh(own.url);
    const worker = mesh.worker({ graceMs: 100 });
    await waitFor(() => mesh.queues.enqueue(countJob, { key: 'a' }, caller));
    await waitFor(async () => (await mesh.effects())['a'] === 1);
    await own.kill();
    const late = mesh.worker({ graceMs: 100 });
    const from = performance.now();
    await Promise.all([worker[Symbol.asyncDispose](), late[Symbol.asyncDispose]()]);
    expect(performance.now() - from).toBeLessThan(8_000);
  });
});
