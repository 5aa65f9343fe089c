import { describe, expect, it } from '@jest/globals';
import { json, problem, sample, startWireServer, storeBatch } from './wire-server.ts';

const samples = (count: number) => Array.from({ length: count }, (_, index) => sample(`r${String(index)}`));
const ids = (items: { request_id: string }[]) => items.map(({ request_id: id }) => id);

describe('collectInferenceMetricsBatch (MX-20)', () => {
  it('is one request for up to 10,000 samples, in order, and leaves the input as it was', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored));
    const input = Object.freeze(samples(10_000).map((one) => Object.freeze(one)));
    const before = JSON.stringify(input);
    expect(await server.client().metrics.collectInferenceMetricsBatch(input)).toEqual({
      success: 10_000,
      failed: 0,
      buffered: 0,
      errors: [],
    });
    expect(JSON.stringify(input)).toBe(before);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.target).toBe('/api/v1/metrics/batch?results=rejected');
    expect(ids(server.requests[0]?.json.items)).toEqual(ids([...input]));
    expect(stored.size).toBe(10_000);
  });

  it('is three requests for 20,001, each with a key of its own', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored));
    const outcome = await server.client().metrics.collectInferenceMetricsBatch(samples(20_001));
    expect(outcome).toMatchObject({ success: 20_001, failed: 0 });
    expect(server.requests.map((request) => request.json.items.length)).toEqual([10_000, 10_000, 1]);
    expect(new Set(server.requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
    expect([...stored.keys()]).toEqual(ids(samples(20_001)));
  });

  it('tells of each sample that was refused by its place in the input, and agrees with what is stored', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored, { itemsMax: 40 }));
    const input = samples(100);
    input[3].latency = 0;
    input[77].latency = 'fast';
    const outcome = await server.client().metrics.collectInferenceMetricsBatch(input);
    expect(outcome).toMatchObject({ success: 98, failed: 2, buffered: 0 });
    expect(outcome.success).toBe(stored.size);
    expect(outcome.errors).toEqual(
      [3, 77].map((index) => ({
        index,
        requestId: `r${String(index)}`,
        isRetryable: false,
        message: 'latency: Expected a number above 0.',
        fields: [{ path: 'latency', message: 'Expected a number above 0.' }],
        cause: null,
      })),
    );
  });

  it('halves what the server finds too large, keeps the order, and does not ask for so much again', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored, { itemsMax: 30 }));
    const { metrics } = server.client();
    expect(await metrics.collectInferenceMetricsBatch(samples(100))).toMatchObject({ success: 100, failed: 0 });
    expect([...stored.keys()]).toEqual(ids(samples(100)));
    expect(server.requests.map((request) => request.json.items.length)).toEqual([100, 50, 25, 25, 25, 25]);
    await metrics.collectInferenceMetricsBatch(samples(50));
    expect(server.requests.slice(6).map((request) => request.json.items.length)).toEqual([25, 25]);
  });

  it('gives up on a single sample that is too large alone, and stores the others', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(storeBatch(stored, { bytesMax: 2_000 }));
    const input = samples(5);
    input[2].tags = { note: 'x'.repeat(3_000) };
    const outcome = await server.client().metrics.collectInferenceMetricsBatch(input);
    expect(outcome).toMatchObject({ success: 4, failed: 1, errors: [{ index: 2, isRetryable: false }] });
    expect([...stored.keys()]).toEqual(['r0', 'r1', 'r3', 'r4']);
  });

  it('makes an outage a result: what was stored before it counts, what comes after is not tried', async () => {
    const stored = new Map<string, unknown>();
    const store = storeBatch(stored);
    await using server = await startWireServer(store, problem(401, 'UNAUTHORIZED'));
    const outcome = await server.client().metrics.collectInferenceMetricsBatch(samples(25_000));
    expect(outcome).toMatchObject({ success: 10_000, failed: 15_000, buffered: 0 });
    expect(outcome.errors[0]).toMatchObject({ index: 10_000, isRetryable: true, cause: { status: 401 } });
    expect(server.requests).toHaveLength(2);
  });

  it('gives a sample without an id one, which its retries keep', async () => {
    const stored = new Map<string, unknown>();
    await using server = await startWireServer(problem(503, 'X'), storeBatch(stored));
    const { metrics } = server.client({ retry: { firstWaitMs: 5 } });
    await metrics.collectInferenceMetricsBatch([sample(), sample()]);
    const [first, second] = server.requests.map((request) => ids(request.json.items));
    expect(second).toEqual(first);
    expect(new Set(first).size).toBe(2);
    expect(first?.[0]).toMatch(/^sdk_[0-9a-f]{32}$/);
  });

  it('does nothing for nothing, and throws the reason of the signal', async () => {
    await using server = await startWireServer(json(201, { accepted: 0, duplicates: 0, rejected: 0, results: [] }));
    const { metrics } = server.client();
    expect(await metrics.collectInferenceMetricsBatch([])).toMatchObject({ success: 0, failed: 0 });
    expect(server.requests).toHaveLength(0);
    const reason = new Error('enough');
    const outcome = metrics.collectInferenceMetricsBatch(samples(1), { signal: AbortSignal.abort(reason) });
    await expect(outcome).rejects.toBe(reason);
  });
});
