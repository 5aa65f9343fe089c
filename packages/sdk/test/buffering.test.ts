import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { problem, sample, startWireServer, storeBatch, type WireServer } from './wire-server.ts';

/** No retries of a call and no flush by the clock, unless a test wants them. */
const still = { flushEveryMs: 3_600_000 };
const once = { retry: { retries: 0 }, breaker: { failuresMax: 1_000 } };
const down = problem(503, 'SERVICE_UNAVAILABLE');

let server: WireServer;
let stored: Map<string, unknown>;
beforeEach(async () => {
  stored = new Map();
  server = await startWireServer(storeBatch(stored));
});
afterEach(async () => {
  server.answer(storeBatch(stored));
  await server[Symbol.asyncDispose]();
});

const batchIds = () =>
  server.requests
    .filter(({ target }) => target.includes('/batch'))
    .map((request) => request.json.items.map((item: { request_id: string }) => item.request_id));

describe('buffering what cannot be sent (MX-23)', () => {
  it('throws without buffering, and keeps with it, only once the retries are used up', async () => {
    server.answer(down);
    const { metrics } = server.client({ retry: { firstWaitMs: 5 } });
    await expect(metrics.collectInferenceMetric(sample('a'))).rejects.toMatchObject({ status: 503 });
    metrics.enableBuffering(still);
    expect(await metrics.collectInferenceMetric(sample('b'))).toEqual({ status: 'buffered', requestId: 'b' });
    // The breaker, too, has seen five failures by now.
    expect(server.requests).toHaveLength(5);
    expect(metrics.bufferCounts()).toEqual({ size: 1, dropped: 0 });
  });

  it('does not keep what the server refuses for a reason', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering(still);
    server.answer(problem(400, 'VALIDATION_ERROR'));
    await expect(metrics.collectInferenceMetric(sample('a', { latency: -1 }))).rejects.toMatchObject({ status: 400 });
    expect(metrics.bufferCounts().size).toBe(0);
  });

  it('flushes in the order in which things happened, after what was collected while it was behind', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering(still);
    server.answer(down);
    await metrics.collectInferenceMetric(sample('1'));
    server.answer(storeBatch(stored));
    // The server is back, but nobody overtakes.
    expect(await metrics.collectInferenceMetric(sample('2'))).toMatchObject({ status: 'buffered' });
    expect(await metrics.collectInferenceMetricsBatch([sample('3'), sample('4')])).toMatchObject({ buffered: 2 });
    expect(await metrics.flushBuffer()).toEqual({ sent: 4, rejected: 0, kept: 0, error: null });
    expect([...stored.keys()]).toEqual(['1', '2', '3', '4']);
    expect(await metrics.collectInferenceMetric(sample('5'))).toMatchObject({ status: 'stored' });
  });

  it('stamps what it keeps with the time of its collection, not of its delivery', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering(still);
    server.answer(down);
    const before = Date.now();
    await metrics.collectInferenceMetric(sample('a'));
    const after = Date.now();
    await metrics.collectInferenceMetric(sample('b', { timestamp: '2026-01-01T00:00:00Z' }));
    server.answer(storeBatch(stored));
    await metrics.flushBuffer();
    const at = Date.parse((stored.get('a') as { timestamp: string }).timestamp);
    expect([at >= before, at <= after]).toEqual([true, true]);
    expect(stored.get('b')).toMatchObject({ timestamp: '2026-01-01T00:00:00Z' });
  });

  it('keeps what a failed flush could not send, in order, and says why', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering({ ...still, flushItems: 100_000 });
    for (let index = 0; index < 2_500; index += 1) metrics.record(sample(`r${String(index)}`));
    server.answer(storeBatch(stored), down);
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 1_000, kept: 1_500, error: { status: 503 } });
    server.answer(storeBatch(stored));
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 1_500, kept: 0, error: null });
    expect([...stored.keys()]).toEqual(Array.from({ length: 2_500 }, (_, index) => `r${String(index)}`));
  });

  it('gives nothing up before the server has said that it is stored', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering(still);
    metrics.record(sample('a'));
    // It was stored, but the answer got lost.
    server.answer((request, response) => {
      stored.set(request.json.items[0].request_id, {});
      response.destroy();
    });
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 0, kept: 1 });
    server.answer(storeBatch(stored));
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 1, kept: 0 });
    expect(stored.size).toBe(1);
  });

  it('holds no more than its capacity: the oldest go, are counted, and are told of', async () => {
    const drops: unknown[] = [];
    const { metrics } = server.client(once);
    metrics.enableBuffering({ ...still, capacity: 3, onDrop: (drop) => drops.push(drop) });
    server.answer(down);
    for (const id of ['1', '2', '3', '4', '5']) metrics.record(sample(id));
    expect(metrics.bufferCounts()).toEqual({ size: 3, dropped: 2 });
    expect(drops).toMatchObject([
      { count: 1, reason: 'overflow', samples: [{ request_id: '1' }] },
      { count: 1, reason: 'overflow', samples: [{ request_id: '2' }] },
    ]);
    server.answer(storeBatch(stored));
    await metrics.flushBuffer();
    expect([...stored.keys()]).toEqual(['3', '4', '5']);
  });

  it('never drops what is under way, nor sends it twice, when it overflows during a flush', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering({ ...still, capacity: 4 });
    for (const id of ['1', '2', '3']) metrics.record(sample(id));
    let release: () => void = () => undefined;
    server.answer((request, response) => {
      release = () => storeBatch(stored)(request, response);
    }, storeBatch(stored));
    const flushed = metrics.flushBuffer();
    await waitFor(() => server.requests.length === 1);
    for (const id of ['4', '5', '6']) metrics.record(sample(id));
    release();
    expect(await flushed).toMatchObject({ sent: 4, kept: 0 });
    expect([...stored.keys()]).toEqual(['1', '2', '3', '6']);
    expect(metrics.bufferCounts()).toEqual({ size: 0, dropped: 2 });
  });

  it('drops what can never be stored, so that it holds nothing up, and survives a listener that throws', async () => {
    const reasons: string[] = [];
    const { metrics } = server.client(once);
    metrics.enableBuffering({
      ...still,
      onDrop: ({ reason }) => {
        reasons.push(reason);
        throw new Error('a listener of somebody');
      },
    });
    for (const id of ['1', '2', '3']) metrics.record(sample(id, id === '2' ? { latency: 'no' } : {}));
    expect(await metrics.flushBuffer()).toEqual({ sent: 2, rejected: 1, kept: 0, error: null });
    expect([[...stored.keys()], reasons]).toEqual([['1', '3'], ['rejected']]);
  });

  it('is one flush for many callers at once', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering(still);
    for (const id of ['1', '2']) metrics.record(sample(id));
    const results = await Promise.all(Array.from({ length: 20 }, () => metrics.flushBuffer()));
    expect(new Set(results.map(({ sent }) => sent))).toEqual(new Set([2]));
    expect(batchIds()).toEqual([['1', '2']]);
  });

  it('flushes by itself: after a while, when many wait, and again until the server is back', async () => {
    const { metrics } = server.client(once);
    metrics.enableBuffering({ flushEveryMs: 10, flushItems: 5 });
    metrics.record(sample('1'));
    await waitFor(() => stored.size === 1);
    metrics.enableBuffering({ flushEveryMs: 3_600_000 });
    for (const id of ['2', '3', '4', '5', '6']) metrics.record(sample(id));
    await waitFor(() => stored.size === 6);
    await server.stop();
    metrics.enableBuffering({ flushEveryMs: 10 });
    metrics.record(sample('7'));
    await waitFor(() => metrics.bufferCounts().size === 1);
    await server.start();
    await waitFor(() => stored.has('7'), { timeoutMs: 20_000 });
  });

  it('flushes as soon as the breaker closes again, whoever was the probe', async () => {
    const client = server.client({ retry: { retries: 0 }, breaker: { restMs: 30 } });
    client.metrics.enableBuffering(still);
    server.answer(down);
    for (let call = 0; call < 5; call += 1) await client.call('getRoot', {}).catch(() => undefined);
    expect(client.breakerState()).toBe('OPEN');
    for (const id of ['1', '2']) await client.metrics.collectInferenceMetric(sample(id));
    expect(client.metrics.bufferCounts().size).toBe(2);
    server.answer(storeBatch(stored));
    const openedAt = performance.now();
    await waitFor(() => client.call('getRoot', {}).then(() => true));
    await waitFor(() => stored.size === 2);
    expect([...stored.keys()]).toEqual(['1', '2']);
    // By the clock alone it would have been a second.
    expect(performance.now() - openedAt).toBeLessThan(900);
  });

  it('tells what is left when the client is closed', async () => {
    const drops: unknown[] = [];
    const client = server.client(once);
    client.metrics.enableBuffering({ ...still, onDrop: ({ count, reason }) => drops.push([count, reason]) });
    client.metrics.record(sample('1'));
    await client.close();
    expect([...stored.keys()]).toEqual(['1']);
    const other = server.client(once);
    other.metrics.enableBuffering({ ...still, onDrop: ({ count, reason }) => drops.push([count, reason]) });
    other.metrics.record(sample('2'));
    server.answer(down);
    await other.close();
    expect(drops).toEqual([[1, 'closed']]);
    await expect(other.keys.list()).rejects.toMatchObject({ kind: 'closed' });
  });
});

describe('the spool on the disk (MX-23)', () => {
  let folder: string;
  let spoolPath: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-spool-'));
    spoolPath = join(folder, 'samples.ndjson');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('brings what one client left over to the next, in order and before what is new', async () => {
    server.answer(down);
    const first = server.client(once);
    first.metrics.enableBuffering({ ...still, spoolPath });
    for (const id of ['1', '2']) first.metrics.record(sample(id));
    await first.close();
    expect(first.metrics.bufferCounts().dropped).toBe(0);
    server.answer(storeBatch(stored));
    const second = server.client(once);
    second.metrics.enableBuffering({ ...still, spoolPath });
    second.metrics.record(sample('3'));
    expect(await second.metrics.flushBuffer()).toMatchObject({ sent: 3 });
    expect([...stored.keys()]).toEqual(['1', '2', '3']);
    expect(readFileSync(spoolPath, 'utf8')).toBe('');
  });

  it('passes over a line that was cut off in the middle', async () => {
    writeFileSync(spoolPath, `${JSON.stringify(sample('1'))}\n{"model_id":"fr`);
    const { metrics } = server.client(once);
    metrics.enableBuffering({ ...still, spoolPath });
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 1, rejected: 0 });
  });

  it('goes on without the disk when that fails, and tells', async () => {
    const errors: unknown[] = [];
    const { metrics } = server.client(once);
    metrics.enableBuffering({ ...still, spoolPath, onError: (error) => errors.push(error) });
    rmSync(folder, { recursive: true });
    metrics.record(sample('1'));
    expect(await metrics.flushBuffer()).toMatchObject({ sent: 1 });
    expect(errors[0]).toMatchObject({ code: 'ENOENT' });
  });
});
