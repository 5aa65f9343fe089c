import { describe, expect, it, jest } from '@jest/globals';
import { CircuitOpenError, createSignalbox } from '@signalbox/sdk';
import { waitFor } from '@signalbox/test-kit';
import { cut, json, problem, startWireServer, type Handler } from './wire-server.ts';

const once = { retry: { retries: 0 } };
const page: Handler = json(200, { data: [] });
const caught = (work: Promise<unknown>) => work.catch((error: unknown) => error);

describe('the breaker over HTTP (MX-22)', () => {
  it.each([
    ['cut connections', cut],
    ['500', problem(500, 'INTERNAL')],
    ['503', problem(503, 'SERVICE_UNAVAILABLE')],
  ])('opens after five failures in a row by %s: the sixth call is refused without a request', async (_, failure) => {
    await using server = await startWireServer(failure);
    const client = server.client(once);
    for (let call = 0; call < 5; call += 1) await caught(client.keys.list());
    expect(client.breakerState()).toBe('OPEN');
    const error = await caught(client.keys.list());
    expect(error).toBeInstanceOf(CircuitOpenError);
    expect(error).toMatchObject({ kind: 'circuit_open', status: null });
    expect((error as CircuitOpenError).retryAfterMs).toBeGreaterThan(50_000);
    expect(server.requests).toHaveLength(5);
  });

  it('does not count what the server refuses for a reason, and starts anew after a success', async () => {
    await using server = await startWireServer(problem(429, 'RATE_LIMIT_EXCEEDED'));
    const client = server.client(once);
    for (const status of [400, 401, 404, 408, 429, 429, 429]) {
      server.answer(problem(status, 'X'));
      await caught(client.keys.list());
    }
    expect(client.breakerState()).toBe('CLOSED');
    for (const failures of [4, 4]) {
      server.answer(problem(500, 'X'));
      for (let call = 0; call < failures; call += 1) await caught(client.keys.list());
      server.answer(page);
      await client.keys.list();
    }
    expect(client.breakerState()).toBe('CLOSED');
  });

  it('does not count what the caller breaks off', async () => {
    await using server = await startWireServer(() => undefined);
    const client = server.client(once);
    for (let call = 0; call < 6; call += 1) {
      const controller = new AbortController();
      const outcome = caught(client.keys.list({}, { signal: controller.signal }));
      await waitFor(() => server.requests.length > call);
      controller.abort(new Error('enough'));
      expect(await outcome).toMatchObject({ message: 'enough' });
    }
    expect(client.breakerState()).toBe('CLOSED');
  });

  it('lets exactly one of 50 callers through as a probe, and all again after it has succeeded', async () => {
    await using server = await startWireServer(problem(500, 'X'));
    const client = server.client({ ...once, breaker: { restMs: 60 } });
    for (let call = 0; call < 5; call += 1) await caught(client.keys.list());
    const rested = performance.now() + 60;
    await waitFor(() => performance.now() > rested);
    let release: () => void = () => undefined;
    server.answer((request, response) => {
      release = () => page(request, response);
    });
    const outcomes = Promise.all(Array.from({ length: 50 }, () => caught(client.keys.list())));
    await waitFor(() => server.requests.length === 6);
    expect(client.breakerState()).toBe('HALF_OPEN');
    server.answer(page);
    release();
    const results = await outcomes;
    expect(results.filter((result) => result instanceof CircuitOpenError)).toHaveLength(49);
    expect(server.requests).toHaveLength(6);
    expect(client.breakerState()).toBe('CLOSED');
    await Promise.all(Array.from({ length: 50 }, () => client.keys.list()));
    expect(server.requests).toHaveLength(56);
  });

  it('rests another 60 s after a probe that failed, on a clock that the test turns', async () => {
    jest.useFakeTimers();
    try {
      let sent = 0;
      const send = () => {
        sent += 1;
        return Promise.reject(new Error('refused'));
      };
      const transport = { send, close: () => undefined };
      const client = createSignalbox({ baseUrl: 'http://signalbox.test', apiKey: 'k', ...once, transport });
      for (let call = 0; call < 8; call += 1) await caught(client.keys.list());
      expect(sent).toBe(5);
      await jest.advanceTimersByTimeAsync(59_999);
      expect(await caught(client.keys.list())).toMatchObject({ kind: 'circuit_open', retryAfterMs: 1 });
      await jest.advanceTimersByTimeAsync(1);
      expect(await caught(client.keys.list())).toMatchObject({ kind: 'connection' });
      expect([sent, client.breakerState()]).toEqual([6, 'OPEN']);
      await jest.advanceTimersByTimeAsync(59_999);
      expect(await caught(client.keys.list())).toMatchObject({ kind: 'circuit_open' });
      expect(sent).toBe(6);
    } finally {
      jest.useRealTimers();
    }
  });

  it('ends the retries of a call as soon as it opens', async () => {
    await using server = await startWireServer(problem(503, 'X'));
    const client = server.client({ retry: { retries: 9, firstWaitMs: 1 } });
    expect(await caught(client.keys.list())).toBeInstanceOf(CircuitOpenError);
    expect(server.requests).toHaveLength(5);
  });

  it('refuses in less than a millisecond while it is open', async () => {
    await using server = await startWireServer(cut);
    const client = server.client(once);
    for (let call = 0; call < 5; call += 1) await caught(client.keys.list());
    const startedAt = performance.now();
    for (let call = 0; call < 1_000; call += 1) await caught(client.keys.list());
    expect((performance.now() - startedAt) / 1_000).toBeLessThan(1);
    expect(server.requests).toHaveLength(5);
  });
});
