import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { createSignalbox, SignalboxError, TimeoutError, type Transport } from '@signalbox/sdk';
import { cut, json, problem, sample, startWireServer, type WireServer } from './wire-server.ts';

const quick = { firstWaitMs: 5 };

describe('the waits between attempts, on a clock that the test turns (MX-21)', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  function refusingTransport(): { transport: Transport; at: number[] } {
    const at: number[] = [];
    const send = () => {
      at.push(performance.now());
      return Promise.reject(new Error('connect ECONNREFUSED'));
    };
    return { at, transport: { send, close: () => undefined } };
  }

  it('are exactly 1, 2 and 4 s: four requests, and then the error', async () => {
    jest.useFakeTimers();
    const { transport, at } = refusingTransport();
    const client = createSignalbox({ baseUrl: 'http://signalbox.test', apiKey: 'k', transport });
    const outcome = client.keys.list().catch((error: unknown) => error);
    const start = performance.now();
    await jest.advanceTimersByTimeAsync(6_999);
    expect(at.map((time) => Math.round(time - start))).toEqual([0, 1_000, 3_000]);
    await jest.advanceTimersByTimeAsync(1);
    expect(at.map((time) => Math.round(time - start))).toEqual([0, 1_000, 3_000, 7_000]);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await outcome).toMatchObject({ name: 'ConnectionError', kind: 'connection', status: null });
    expect(at).toHaveLength(4);
  });

  it('end when what is left of the deadline is too short for the next one', async () => {
    jest.useFakeTimers();
    const { transport, at } = refusingTransport();
    const client = createSignalbox({ baseUrl: 'http://signalbox.test', apiKey: 'k', transport, deadlineMs: 2_900 });
    const outcome = client
      .call('getRoot', {}, { deadlineMs: 2_900 })
      .catch((error: unknown) => [error, performance.now()]);
    const start = performance.now();
    await jest.advanceTimersByTimeAsync(10_000);
    const [error, end] = (await outcome) as [unknown, number];
    expect(error).toMatchObject({ kind: 'connection' });
    expect([at.length, Math.round(end - start)]).toEqual([2, 1_000]);
  });

  it('stop at once when the caller breaks off, with the reason of the signal', async () => {
    jest.useFakeTimers();
    const { transport, at } = refusingTransport();
    const client = createSignalbox({ baseUrl: 'http://signalbox.test', apiKey: 'k', transport });
    const controller = new AbortController();
    const outcome = client.keys.list({}, { signal: controller.signal }).catch((error: unknown) => error);
    await jest.advanceTimersByTimeAsync(500);
    const reason = new Error('never mind');
    controller.abort(reason);
    expect(await outcome).toBe(reason);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(at).toHaveLength(1);
  });
});

describe('retries over HTTP (MX-21)', () => {
  const page = {
    data: [],
    page_info: { limit: 20, has_next: false, has_prev: false, next_cursor: null, prev_cursor: null },
  };

  async function inWire(work: (server: WireServer) => Promise<void>): Promise<void> {
    await using server = await startWireServer(json(200, page));
    await work(server);
  }

  it('waits on the real clock as it says', () =>
    inWire(async (server) => {
      server.answer(problem(503, 'SERVICE_UNAVAILABLE'), problem(500, 'INTERNAL'), json(200, page));
      await server.client({ retry: { firstWaitMs: 100 } }).keys.list();
      const [first = 0, second = 0, third = 0] = server.requests.map(({ at }) => at);
      expect(second - first).toBeGreaterThanOrEqual(99);
      expect(third - second).toBeGreaterThanOrEqual(199);
    }));

  it.each([408, 429, 500, 502, 503, 504])('tries again after %i, three times at most', (status) =>
    inWire(async (server) => {
      server.answer(problem(status, 'CODE'));
      const outcome = server.client({ retry: quick }).keys.list();
      await expect(outcome).rejects.toMatchObject({ status, errorCode: 'CODE', requestId: 'req_1' });
      expect(server.requests).toHaveLength(4);
    }),
  );

  it.each([400, 401, 402, 403, 404, 409, 413, 422])('does not try again after %i', (status) =>
    inWire(async (server) => {
      server.answer(problem(status, 'CODE'));
      await expect(server.client({ retry: quick }).keys.list()).rejects.toMatchObject({ status });
      expect(server.requests).toHaveLength(1);
    }),
  );

  it('does not try again what the server calls vain', () =>
    inWire(async (server) => {
      server.answer(problem(503, 'SERVICE_UNAVAILABLE', { should_retry: false }));
      await expect(server.client({ retry: quick }).keys.list()).rejects.toMatchObject({ status: 503 });
      expect(server.requests).toHaveLength(1);
    }));

  it('sends one idempotency key over all attempts, and another with the next call', () =>
    inWire(async (server) => {
      server.answer(cut, problem(503, 'X'), json(201, {}), json(201, {}));
      const client = server.client({ retry: quick });
      await client.metrics.collectInferenceMetric(sample('one'));
      await client.metrics.collectInferenceMetric(sample('two'));
      const keys = server.requests.map(({ headers }) => headers['idempotency-key']);
      expect(keys).toHaveLength(4);
      expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
      expect(new Set(keys.slice(0, 3)).size).toBe(1);
      expect(keys[3]).not.toBe(keys[0]);
    }));

  it('sends a POST without a key once, and with a key of the caller again', () =>
    inWire(async (server) => {
      server.answer(problem(503, 'X'));
      const client = server.client({ retry: quick });
      const key = { name: 'ci', scopes: ['chat:read' as const] };
      await expect(client.keys.create(key)).rejects.toMatchObject({ status: 503 });
      expect(server.requests).toHaveLength(1);
      await expect(client.keys.create(key, { idempotencyKey: 'mine' })).rejects.toMatchObject({ status: 503 });
      expect(server.requests.slice(1).map(({ headers }) => headers['idempotency-key'])).toEqual(Array(4).fill('mine'));
    }));

  it('honours Retry-After, as seconds', () =>
    inWire(async (server) => {
      server.answer(problem(429, 'RATE_LIMIT_EXCEEDED', {}, { 'retry-after': '1' }), json(200, page));
      await server.client({ retry: quick }).keys.list();
      const [first = 0, second = 0] = server.requests.map(({ at }) => at);
      expect(second - first).toBeGreaterThanOrEqual(995);
    }));

  it('gives up at once when Retry-After is beyond the deadline, and tells how long it was', () =>
    inWire(async (server) => {
      server.answer(problem(503, 'X', {}, { 'retry-after': '3600' }));
      const outcome = server.client({ deadlineMs: 30_000 }).keys.list();
      await expect(outcome).rejects.toMatchObject({ status: 503, retryAfterMs: 3_600_000 });
      expect(server.requests).toHaveLength(1);
    }));

  it('ends an attempt that is not answered, breaks it off, and tries again', () =>
    inWire(async (server) => {
      server.answer(() => undefined, json(200, page));
      expect((await server.client({ retry: quick, timeoutMs: 300 }).keys.list()).data).toEqual([]);
      expect(server.requests).toHaveLength(2);
      expect(server.requests[0]?.hasLeft).toBe(true);
      server.answer(() => undefined);
      const outcome = server.client({ retry: { retries: 0 }, timeoutMs: 50 }).keys.list();
      await expect(outcome).rejects.toBeInstanceOf(TimeoutError);
    }));

  it('asks for the credential anew before each attempt', () =>
    inWire(async (server) => {
      server.answer(problem(503, 'X'), json(200, page));
      let count = 0;
      await server.client({ retry: quick, apiKey: () => Promise.resolve(`token-${String((count += 1))}`) }).keys.list();
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer token-1', 'Bearer token-2']);
    }));
});

describe('errors (MX-21, OD-9)', () => {
  it('carries status, code, request id, rejected fields and the wait of a problem document', async () => {
    await using server = await startWireServer(
      problem(400, 'VALIDATION_ERROR', { errors: [{ path: 'name', message: 'Expected a text.' }] }),
    );
    const error: unknown = await server
      .client()
      .keys.list()
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SignalboxError);
    expect(error).toMatchObject({
      kind: 'refused',
      status: 400,
      errorCode: 'VALIDATION_ERROR',
      requestId: 'req_1',
      fields: [{ path: 'name', message: 'Expected a text.' }],
      retryAfterMs: null,
      message: 'It is 400.',
    });
  });

  it("reads a vendor's shape, and an answer that is no JSON at all", async () => {
    await using server = await startWireServer();
    const client = server.client({ retry: { retries: 0 } });
    const ask = () => client.chat.models().catch((thrown: unknown) => thrown);
    const error = { message: 'No such model.', type: 'not_found_error', param: 'model', code: 'model_not_found' };
    server.answer(json(404, { error }, { 'x-request-id': 'req_9' }));
    expect(await ask()).toMatchObject({
      errorCode: 'model_not_found',
      requestId: 'req_9',
      fields: [{ path: 'model', message: 'No such model.' }],
    });
    server.answer((_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>'));
    expect(await ask()).toMatchObject({ status: 502, errorCode: null, body: '<html>' });
    server.answer((_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"half":'));
    expect(await ask()).toMatchObject({ kind: 'protocol', status: 200, errorCode: null });
  });

  it('follows no redirect with the credential in hand', async () => {
    await using server = await startWireServer((_, response) =>
      response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end(),
    );
    await expect(server.client().keys.list()).rejects.toMatchObject({ kind: 'refused', status: 302 });
    expect(server.requests).toHaveLength(1);
  });

  it('encodes ids into their place in the path, and refuses what would climb out of it', async () => {
    await using server = await startWireServer(json(200, {}));
    const client = server.client();
    await client.keys.get('a/../b?c#d');
    await client.chat.model('signalbox/extractive');
    expect(server.requests.map(({ target }) => target)).toEqual([
      '/api/v1/api-keys/a%2F..%2Fb%3Fc%23d',
      '/v1/models/signalbox/extractive',
    ]);
    for (const id of ['..', '.', '']) await expect(client.keys.get(id)).rejects.toBeInstanceOf(TypeError);
  });
});
