import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor, type ProviderBehaviour } from '@signalbox/test-kit';
import OpenAI, { APIError, BadRequestError, InternalServerError, RateLimitError } from 'openai';
import { eventsOf, openRaw, requestIdOf, startTestRouter, textOf, type TestRouter } from './harness.ts';

let router: TestRouter;
/** With the timeouts of every day. */
let patient: TestRouter;
beforeAll(async () => {
  patient = await startTestRouter();
  router = await startTestRouter({
    timeouts: { first_token_ms: 300, idle_ms: 300, document_ms: 900, stream_ms: 2_000, connect_ms: 300 },
  });
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
  await patient[Symbol.asyncDispose]();
});

const messages = [{ role: 'user' as const, content: 'Hello?' }];
const errorOf = async (response: Response) => ((await response.json()) as { error: Record<string, unknown> }).error;
const pieces = ['one ', 'two ', 'three '];

describe('what a provider refuses (LA-14, LA-17)', () => {
  it.each([
    [400, 400],
    [404, 404],
    [422, 422],
    [413, 413],
  ])('passes %i on with its sentence, parameter and code', async (status, expected) => {
    for (const stream of [false, true]) {
      router.provider.behaveOnce({
        status,
        errorBody: { error: { message: 'max_tokens is too large', type: 'x', param: 'max_tokens', code: 'too_large' } },
      });
      const response = await router.ask({ stream });
      expect(response.status).toBe(expected);
      expect(await errorOf(response)).toMatchObject({
        message: 'max_tokens is too large',
        param: 'max_tokens',
        code: 'too_large',
      });
      expect(await router.ledger(requestIdOf(response))).toEqual([]);
    }
  });

  it.each([
    ['temperature', { temperature: 'hot' }],
    ['temperature', { temperature: 2.1 }],
    ['top_p', { top_p: -1 }],
    ['n', { n: 0 }],
    ['stop', { stop: 5 }],
    ['tools', { tools: {} }],
    ['tool_choice', { tool_choice: 1 }],
    ['response_format', { response_format: 'json' }],
    ['presence_penalty', { presence_penalty: 3 }],
  ])('names %s where it is wrong in itself, and asks nobody: %j', async (param, more) => {
    const asked = router.provider.requests.length;
    const response = await router.ask(more);
    expect([response.status, await errorOf(response)]).toMatchObject([400, { param }]);
    expect(router.provider.requests.length).toBe(asked);
  });

  it.each([
    [401, 502, false],
    [402, 502, false],
    [403, 502, false],
    [302, 502, true],
    [500, 502, true],
    [418, 502, true],
    [503, 503, true],
    [529, 503, true],
    [408, 504, true],
    [504, 504, true],
  ])('makes %i of it %i, without its words', async (status, expected, mayRetry) => {
    router.provider.behaveOnce({
      status,
      errorBody: { error: { message: 'Incorrect API key provided: sk-sim-secret of org-xyz' } },
      headers: { location: 'http://127.0.0.1:1/elsewhere' },
    });
    const asked = router.provider.requests.length;
    const response = await router.ask({});
    expect(response.status).toBe(expected);
    expect(response.headers.get('x-should-retry')).toBe(mayRetry ? null : 'false');
    expect(JSON.stringify(await errorOf(response))).not.toMatch(/sk-sim|org-xyz/);
    expect(await router.ledger(requestIdOf(response))).toMatchObject([{ outcome: 'failed', prompt_tokens: null }]);
    expect(router.provider.requests.length - asked).toBe(1);
  });

  it.each([
    ['seconds', () => '7', 7],
    ['a date', () => new Date(Date.now() + 20_000).toUTCString(), 20],
    ['nothing', () => null, null],
    ['nonsense', () => 'soon', null],
  ])('R9: makes 429 a 429 with its Retry-After: %s', async (_name, given, seconds) => {
    // One of its own: who asks to be left alone is.
    await using own = await startTestRouter();
    const retryAfter = given();
    own.provider.behaveOnce({
      status: 429,
      ...(retryAfter === null ? {} : { headers: { 'retry-after': retryAfter } }),
    });
    const response = await own.ask({});
    expect(response.status).toBe(429);
    const told = response.headers.get('retry-after');
    if (seconds === null) expect(told).toBeNull();
    else expect(Math.abs(Number(told) - seconds)).toBeLessThanOrEqual(1);
  });

  it('tells clients not to repeat when our account there is used up', async () => {
    router.provider.behaveOnce({ status: 429, errorBody: { error: { message: 'pay', code: 'insufficient_quota' } } });
    const response = await router.ask({});
    expect(response.status).toBe(502);
    expect(response.headers.get('x-should-retry')).toBe('false');
  });

  it('raises the right classes in the official client, which obeys x-should-retry', async () => {
    const client = new OpenAI({ ...optionsOf(router.openai()), maxRetries: 2 });
    const ask = (behaviour: ProviderBehaviour) => {
      router.provider.behaveOnce(behaviour);
      return client.chat.completions.create({ model: 'sim/small', messages });
    };
    await expect(ask({ status: 400 })).rejects.toThrow(BadRequestError);
    const before = router.provider.requests.length;
    await expect(ask({ status: 401 })).rejects.toThrow(InternalServerError);
    expect(router.provider.requests.length - before).toBe(1);
    client.maxRetries = 0;
    await expect(ask({ status: 429 })).rejects.toThrow(RateLimitError);
  });
});

describe('a provider that cannot be reached (R10)', () => {
  it.each([
    ['refuses connections', 'http://127.0.0.1:9/v1', 502],
    ['has no address', 'http://no-such-host.invalid/v1', 502],
  ])('is %s: an error in time, without its address', async (_name, baseUrl, status) => {
    await using away = await startTestRouter({ baseUrl, timeouts: { connect_ms: 500, first_token_ms: 3_000 } });
    for (const stream of [false, true]) {
      const response = await away.ask({ stream });
      expect(response.status).toBe(status);
      expect(JSON.stringify(await errorOf(response))).not.toMatch(/127\.0\.0\.1|invalid\/|no-such-host/);
    }
    expect(away.log.find(({ event }) => event === 'chat.call_failed')).toMatchObject({ provider: 'sim' });
    const health = (await (await fetch(`${away.adminUrl}/health/ready`)).json()) as { status: string };
    expect(health.status).toBe('degraded');
  });

  it('speaks no TLS: an error in time', async () => {
    const server = createServer((socket) => socket.end('this is no handshake\r\n\r\n').on('error', () => undefined));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      await using away = await startTestRouter({ baseUrl: `https://127.0.0.1:${String(port)}/v1` });
      const response = await away.ask({});
      expect([response.status, await response.text()]).toEqual([502, expect.any(String)]);
    } finally {
      server.close();
    }
  });
});

describe('garbage in place of a document (R11)', () => {
  it.each([
    ['html', 502],
    ['invalid_json', 502],
    ['nul', 502],
    ['end_early', 502],
    ['cut', 502],
    ['error', 502],
    ['huge', 502],
    ['silence', 504],
    ['drip', 504],
  ] as const)('%s is %i and a row in the ledger', async (fault, status) => {
    const { provider, ask, ledger } = fault === 'huge' ? patient : router;
    provider.behaveOnce({ fault, pieceDelayMs: 100 });
    const response = await ask({});
    expect(response.status).toBe(status);
    expect((await errorOf(response))['code']).toMatch(/provider_failed|timeout/);
    expect(await ledger(requestIdOf(response))).toMatchObject([{ outcome: 'failed', streamed: false }]);
  });

  it('takes a right document under a wrong type', async () => {
    router.provider.behaveOnce({ fault: 'wrong_content_type' });
    expect((await router.ask({})).status).toBe(200);
  });
});

describe('a stream that breaks before its first content (R11)', () => {
  it.each([
    ['html', 502],
    ['invalid_json', 502],
    ['nul', 502],
    ['end_early', 502],
    ['cut', 502],
    ['error', 502],
    ['wrong_content_type', 502],
    ['no_stream', 502],
    ['huge', 502],
    ['silence', 504],
    ['drip', 504],
  ] as const)('%s is a clean %i, as if no stream had begun', async (fault, status) => {
    const { provider, ask, ledger } = fault === 'huge' ? patient : router;
    provider.behaveOnce({ fault, faultAfter: 0, pieceDelayMs: 50 });
    const response = await ask({ stream: true });
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect((await errorOf(response))['message']).toMatch(/^sim /);
    expect(await ledger(requestIdOf(response))).toMatchObject([{ outcome: 'failed', first_token_ms: null }]);
  });
});

describe('a stream that breaks after its first content (R11)', () => {
  it.each(['invalid_json', 'nul', 'end_early', 'cut', 'error', 'huge', 'silence', 'drip'] as const)(
    '%s ends it with an error in OpenAI’s dialect and without [DONE]',
    async (fault) => {
      const { provider, ask, ledger } = fault === 'huge' ? patient : router;
      provider.behaveOnce({ fault, faultAfter: 2, pieces, pieceDelayMs: 50 });
      const response = await ask({ stream: true });
      expect(response.status).toBe(200);
      const text = await response.text();
      const events = eventsOf(text);
      expect(textOf(events)).toBe('one two ');
      expect(text).not.toContain('[DONE]');
      expect(events.at(-1)).toMatchObject({ error: { type: 'api_error', message: expect.stringMatching(/^sim /) } });
      const rows = await ledger(requestIdOf(response));
      expect(rows).toMatchObject([{ outcome: 'failed', streamed: true }]);
      expect(rows[0]?.first_token_ms).toBeGreaterThan(0);
    },
  );

  it('raises an error in the official client, never a short success', async () => {
    for (const fault of ['end_early', 'cut', 'error'] as const) {
      router.provider.behaveOnce({ fault, faultAfter: 2, pieces });
      const read = async () => {
        const stream = await router.openai().chat.completions.create({ model: 'sim/small', messages, stream: true });
        let text = '';
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
        return text;
      };
      await expect(read()).rejects.toThrow(APIError);
    }
  });

  it('gives up on a stream that never ends', async () => {
    router.provider.behaveOnce({ pieces: Array.from({ length: 100 }, () => 'x'), pieceDelayMs: 50 });
    const text = await (await router.ask({ stream: true })).text();
    expect(text).toContain('did not finish its answer within 2000 ms');
    await waitFor(() => router.provider.requests.at(-1)?.abortedAt);
  });
});

describe('a client that leaves (B-19, R21)', () => {
  it.each([
    ['before the answer has begun', { headDelayMs: 5_000 }, false],
    ['a document half way', { fault: 'silence' }, false],
    ['a stream before its first content', { firstDelayMs: 5_000 }, true],
    ['a stream half way', { pieces, pieceDelayMs: 250, faultAfter: 1 }, true],
  ] as const)('takes the provider’s work with it within 100 ms: %s', async (_name, behaviour, stream) => {
    await using router = await startTestRouter();
    const hasBegun = 'pieces' in behaviour;
    const leave = async (): Promise<number> => {
      const before = router.provider.requests.length;
      router.provider.behaveOnce(behaviour);
      const client = await openRaw(router, { stream });
      if (hasBegun) await new Promise((resolve) => void client.response.then((answer) => answer.once('data', resolve)));
      const request = await waitFor(() => router.provider.requests[before]);
      const leftAt = performance.now();
      client.destroy();
      return (await waitFor(() => request.abortedAt)) - leftAt;
    };
    // The best of three: the machine may be busy with something else.
    const tookMs = [await leave(), await leave(), await leave()];
    expect(Math.min(...tookMs)).toBeLessThan(100);
    const rows = await waitFor(async () => {
      const all = await router.ledger();
      return all.length === 3 ? all : null;
    });
    for (const row of rows) {
      expect(row).toMatchObject({ outcome: 'aborted', streamed: stream });
      expect(row.first_token_ms === null).toBe(!hasBegun);
    }
  });

  it('at any byte, 200 times: every call is in the ledger once and no connection stays open', async () => {
    await using router = await startTestRouter();
    router.provider.behave({
      pieces: Array.from({ length: 20 }, (_, index) => `piece ${String(index)} `),
      pieceDelayMs: 3,
    });
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const client = await openRaw(router, { stream: index % 4 !== 0 });
          const response = await client.response.catch(() => null);
          let left = (round * 20 + index) * 11;
          response?.on('data', (bytes: Buffer) => {
            left -= bytes.length;
            if (left <= 0) client.destroy();
          });
          await new Promise((resolve) => response?.on('close', resolve).on('error', resolve).resume());
          client.destroy();
        }),
      );
    }
    const rows = await waitFor(async () => {
      const all = await router.ledger();
      return all.length >= router.provider.requests.length ? all : null;
    });
    expect(rows.length).toBe(router.provider.requests.length);
    expect(new Set(rows.map((row) => row.request_id)).size).toBe(200);
    expect(new Set(rows.map((row) => row.outcome))).toEqual(new Set(['ok', 'aborted']));
    // Those that are kept for the next request are closed after a while, too.
    await waitFor(() => router.provider.connections().open === 0, { timeoutMs: 20_000 });
  });
});

function optionsOf(client: OpenAI) {
  return { baseURL: client.baseURL, apiKey: 'x', fetch: (client as unknown as { fetch: typeof fetch }).fetch };
}
