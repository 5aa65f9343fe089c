import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { aCaller, eventsOf, requestIdOf, startTestRouter, textOf, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter();
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const messages = [{ role: 'user' as const, content: 'Hello?' }];

describe('a completion of an OpenAI-compatible provider (LA-17)', () => {
  it('reaches the official client as a document, with its usage', async () => {
    const { data, response } = await router
      .openai()
      .chat.completions.create({ model: 'sim/small', messages })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe('Hello from the simulator.');
    expect(data.usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 5 });
    expect(response.headers.get('content-type')).toBe('application/json');
  });

  it('sends the request on byte for byte but for the model, with the provider’s own credentials', async () => {
    const text =
      '{ "model": "sim/org/large", "seed": 12345678901234567890, "messages":[{"role":"user","content":"\\u00e9"}],"new_knob":{"a":1.50}}';
    await router.ask({}, { body: text, headers: { authorization: 'Bearer of-the-caller' } });
    const request = router.provider.requests.at(-1);
    expect(request?.text).toBe(text.replace('sim/org/large', 'org/large'));
    expect(request?.path).toBe('/v1/chat/completions');
    expect(request?.headers.authorization).toBe('Bearer sk-sim-secret');
    expect(request?.headers['x-signalbox-identity']).toBeUndefined();
  });

  it('gives the document back byte for byte, and the headers that mean something', async () => {
    router.provider.behaveOnce({
      headers: {
        'x-request-id': 'theirs',
        'x-ratelimit-remaining-tokens': '99',
        'openai-processing-ms': '7',
        'set-cookie': 'a=b',
        'openai-organization': 'secret-org',
      },
    });
    const response = await router.ask({});
    expect(response.headers.get('x-provider-request-id')).toBe('theirs');
    expect(response.headers.get('x-ratelimit-remaining-tokens')).toBe('99');
    expect(response.headers.get('openai-processing-ms')).toBe('7');
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(response.headers.get('openai-organization')).toBeNull();
    expect(requestIdOf(response)).toMatch(/^req_/);
    expect(await response.text()).toBe(
      '{"id":"chatcmpl-simulated","object":"chat.completion","created":1700000000,"model":"small","choices":[{"index":0,"message":{"role":"assistant","content":"Hello from the simulator."},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}',
    );
  });

  it('finds a model by its bare name, slashes and all', async () => {
    expect((await router.ask({ model: 'small' })).status).toBe(200);
    expect((await router.ask({ model: 'org/large' })).status).toBe(200);
    expect(router.provider.requests.at(-1)?.json['model']).toBe('org/large');
  });
});

describe('a streamed completion (B-19)', () => {
  it('reaches the official client piece by piece, with usage when it asks for it', async () => {
    const stream = await router
      .openai()
      .chat.completions.create({ model: 'sim/small', messages, stream: true, stream_options: { include_usage: true } });
    let text = '';
    let usage: unknown = null;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe('Hello from the simulator.');
    expect(usage).toMatchObject({ total_tokens: 16 });
  });

  it('always asks the provider for usage, and holds the extra chunk back from who did not', async () => {
    const response = await router.ask({ stream: true, stream_options: { include_obfuscation: false } });
    const events = eventsOf(await response.text());
    expect(router.provider.requests.at(-1)?.json['stream_options']).toEqual({
      include_obfuscation: false,
      include_usage: true,
    });
    expect(events.at(-1)).toBe('[DONE]');
    expect(events.every((event) => event === '[DONE]' || (event as { choices: unknown[] }).choices.length > 0)).toBe(
      true,
    );
    expect(await router.ledger(requestIdOf(response))).toMatchObject([{ prompt_tokens: 11, completion_tokens: 5 }]);
  });

  it('passes the events on as they are, twins too, and knows usage wherever it stands', async () => {
    router.provider.behaveOnce({ fault: 'duplicates', usageWithFinish: true });
    const response = await router.ask({ stream: true });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const text = await response.text();
    expect(textOf(eventsOf(text))).toBe('HelloHello from from the the simulator simulator..');
    expect(text).toContain('"usage":{"prompt_tokens":11');
    expect(await router.ledger(requestIdOf(response))).toMatchObject([{ prompt_tokens: 11 }]);
  });

  it('sends the first piece on long before the last one comes', async () => {
    router.provider.behaveOnce({ pieces: ['first', 'last'], pieceDelayMs: 1_000 });
    const from = performance.now();
    const response = await router.ask({ stream: true });
    const reader = response.body?.getReader();
    const first = await reader?.read();
    expect(Buffer.from(first?.value ?? []).toString()).toContain('first');
    expect(performance.now() - from).toBeLessThan(700);
    await reader?.cancel();
  });

  it('uses one connection again and again', async () => {
    await (await router.ask({ stream: true })).text();
    const before = router.provider.connections().opened;
    for (let count = 0; count < 10; count += 1) await (await router.ask({ stream: count % 2 === 0 })).text();
    expect(router.provider.connections().opened - before).toBeLessThanOrEqual(1);
  });
});

describe('the ledger (§4: usage is a durable row before the end of the answer)', () => {
  it.each([false, true])('has the row when the client has read the answer (stream: %s)', async (stream) => {
    const response = await router.ask({ stream, model: 'small' });
    await response.text();
    const rows = await router.ledger(requestIdOf(response));
    expect(rows).toMatchObject([
      {
        tenant_id: router.caller.principal.tenantId,
        principal_id: router.caller.principal.principalId,
        provider: 'sim',
        model: 'sim/small',
        requested_model: 'small',
        outcome: 'ok',
        streamed: stream,
        prompt_tokens: 11,
        completion_tokens: 5,
        cached_tokens: null,
      },
    ]);
    expect(rows[0]?.latency_ms).toBeGreaterThan(0);
    expect(rows[0]?.first_token_ms === null).toBe(!stream);
  });

  it('keeps what a provider did not say as unknown, and bounds what cannot be', async () => {
    router.provider.behaveOnce({ usage: null });
    const silent = await router.ask({});
    expect(await router.ledger(requestIdOf(silent))).toMatchObject([{ prompt_tokens: null, completion_tokens: null }]);
    router.provider.behaveOnce({
      usage: {
        prompt_tokens: -5,
        completion_tokens: 1e12,
        prompt_tokens_details: { cached_tokens: 3 },
        completion_tokens_details: { reasoning_tokens: 2 },
      },
    });
    const mad = await router.ask({});
    expect(await router.ledger(requestIdOf(mad))).toMatchObject([
      { prompt_tokens: 0, completion_tokens: 2_147_483_647, cached_tokens: 3, reasoning_tokens: 2 },
    ]);
  });

  it('OD-19: keeps 200 requests at the same time apart, and writes their rows together', async () => {
    const statementsBefore = await commits(router);
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const response = await router.ask({ stream: index % 2 === 0, user: `user-${String(index)}` });
        return { id: requestIdOf(response), status: response.status, text: await response.text() };
      }),
    );
    expect(answers.every(({ status, text }) => status === 200 && text.includes('simulator'))).toBe(true);
    const ids = new Set(answers.map(({ id }) => id));
    expect(ids.size).toBe(200);
    const rows = await router.ledger();
    expect(rows.filter(({ request_id: id }) => ids.has(id))).toHaveLength(200);
    expect((await commits(router)) - statementsBefore).toBeLessThan(200);
  });

  it('is listed for its own tenant only, by request and by model, page by page', async () => {
    const list = async (query: string) =>
      (await (await router.fetch(`/api/v1/usage?${query}`)).json()) as {
        data: { request_id: string; id: string }[];
        page_info: { next_cursor: string | null };
      };
    const response = await router.ask({ model: 'sim/org/large' });
    expect((await list(`request_id=${requestIdOf(response)}`)).data).toHaveLength(1);
    expect((await list('model=sim%2Forg%2Flarge&limit=1')).data[0]?.request_id).toBe(requestIdOf(response));
    const all = await router.ledger();
    const seen: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await list(`limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.page_info.next_cursor;
    }
    expect(seen).toEqual(all.map(({ id }) => id).reverse());
    const stranger = await router.fetch('/api/v1/usage', {}, aCaller());
    expect(((await stranger.json()) as { data: unknown[] }).data).toEqual([]);
  });

  it('is summed by day and model within seconds, each row once', async () => {
    interface Day {
      day: string;
      model: string;
      requests: number;
      prompt_tokens: number;
    }
    const days = async () => ((await (await router.fetch('/api/v1/usage/daily')).json()) as { data: Day[] }).data;
    const rows = await router.ledger();
    const total = await waitFor(async () => {
      const sum = (await days()).reduce((all, { requests }) => all + requests, 0);
      return sum >= rows.length ? sum : 0;
    });
    expect(total).toBe(rows.length);
    const small = (await days()).find(({ model }) => model === 'sim/small');
    expect(small?.prompt_tokens).toBe(
      rows.filter(({ model }) => model === 'sim/small').reduce((sum, row) => sum + (row.prompt_tokens ?? 0), 0),
    );
  });
});

async function commits(of: TestRouter): Promise<number> {
  const text = await (await fetch(`${of.adminUrl}/metrics`)).text();
  return Number(/^signalbox_usage_commit_duration_seconds_count(?:\{[^}]*\})? (\d+)/m.exec(text)?.[1] ?? 0);
}
