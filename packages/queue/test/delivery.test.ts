import { describe, expect, it } from '@jest/globals';
import { parseTraceparent, runInRequest } from '@signalbox/telemetry';
import { startRedisServer, waitFor } from '@signalbox/test-kit';
import { Redis } from 'ioredis';
import { openMesh } from './mesh.ts';

const ten = Array.from({ length: 10 }, (_, index) => `key-${String(index)}`);
const onceEach = Object.fromEntries(ten.map((key) => [key, 1]));

async function command(url: string, ...[name, ...args]: [string, ...string[]]): Promise<unknown> {
  const redis = new Redis(url);
  try {
    return await redis.call(name, ...args);
  } finally {
    redis.disconnect();
  }
}

describe('an accepted job (laws 2 and 3, R6, R16)', () => {
  it('is worked off once, with its caller, its request and its trace, and leaves the outbox', async () => {
    await using server = await startRedisServer();
    await using mesh = await openMesh(server.url);
    const trace = parseTraceparent('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    if (trace === null) throw new Error('the test is wrong');
    mesh.relay();
    const seen: unknown[] = [];
    mesh.worker({
      handle: ({ caller, attempt, payload }) => {
        seen.push({ caller, attempt, payload });
        mesh.logger.info('test.worked');
        return Promise.resolve();
      },
    });
    const [id] = await runInRequest({ requestId: 'req_test', ...trace }, () => mesh.accept(['a']));
    await waitFor(() => seen.length > 0);
    expect(seen).toMatchObject([
      { attempt: 1, payload: { key: 'a' }, caller: { principal: { tenantId: 'tenant_1' }, requestId: 'req_test' } },
    ]);
    const line = mesh.lines.find(({ event }) => event === 'test.worked');
    expect(line).toMatchObject({ request_id: 'req_test', trace_id: trace.traceId });
    await waitFor(async () => (await mesh.outboxRows()) === 0);
    expect(id).toMatch(/^job_/);
  });

  it('outlives FLUSHALL, before a worker came and while one was at work', async () => {
    await using server = await startRedisServer();
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    await mesh.accept(ten);
    relay.nudge();
    await waitFor(async () => (await command(server.url, 'LLEN', `${mesh.prefix}:test.count:wait`)) === 10);
    await command(server.url, 'FLUSHALL');
    mesh.worker({ concurrency: 3 });
    await waitFor(async () => Object.keys(await mesh.effects()).length === 10, { timeoutMs: 10_000 });
    await command(server.url, 'FLUSHALL');
    await waitFor(async () => (await mesh.outboxRows()) === 0, { timeoutMs: 10_000 });
    expect(await mesh.effects()).toEqual(onceEach);
  });

  it('waits while Redis is dead, and is delivered when it is back, nothing restarted', async () => {
    await using server = await startRedisServer();
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    mesh.worker();
    await mesh.accept(['before']);
    relay.nudge();
    await waitFor(async () => (await mesh.effects())['before'] === 1);
    await server.kill();
    await mesh.accept(ten);
    relay.nudge();
    await waitFor(() => mesh.lines.some(({ event }) => event === 'outbox.stopped'));
    expect(await mesh.outboxRows()).toBeGreaterThanOrEqual(10);
    await server.restart();
    await waitFor(async () => (await mesh.outboxRows()) === 0, { timeoutMs: 15_000 });
    expect(await mesh.effects()).toEqual({ ...onceEach, before: 1 });
  });

  it('has one effect although two relays and a repeat deliver it again and again', async () => {
    await using server = await startRedisServer();
    await using mesh = await openMesh(server.url);
    const rows = [...ten];
    await mesh.accept(rows);
    const relays = [mesh.relay(), mesh.relay()];
    mesh.worker({ concurrency: 5 });
    mesh.worker({ concurrency: 5 });
    for (const relay of relays) relay.nudge();
    await waitFor(async () => Object.keys(await mesh.effects()).length === 10);
    await command(server.url, 'FLUSHALL');
    for (const relay of relays) relay.nudge();
    await waitFor(async () => (await mesh.outboxRows()) === 0, { timeoutMs: 10_000 });
    expect(await mesh.effects()).toEqual(onceEach);
  });

  it('is not held up by SCRIPT FLUSH, nor lost when Redis is full', async () => {
    await using server = await startRedisServer({ config: { 'maxmemory-policy': 'noeviction' } });
    await using mesh = await openMesh(server.url);
    const relay = mesh.relay();
    mesh.worker();
    await mesh.accept(['one']);
    relay.nudge();
    await waitFor(async () => (await mesh.effects())['one'] === 1);
    await command(server.url, 'SCRIPT', 'FLUSH');
    await mesh.accept(['two']);
    relay.nudge();
    await waitFor(async () => (await mesh.effects())['two'] === 1);

    await command(server.url, 'CONFIG', 'SET', 'maxmemory', '1');
    await mesh.accept(['three']);
    relay.nudge();
    await waitFor(() => mesh.lines.some(({ event }) => event === 'outbox.stopped'));
    await command(server.url, 'CONFIG', 'SET', 'maxmemory', '0');
    await waitFor(async () => (await mesh.effects())['three'] === 1);
  });
});
