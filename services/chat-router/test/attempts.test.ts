import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import type { Routing } from '@signalbox/contracts';
import { eventsOf, requestIdOf, startTestRouter, textOf, type TestRouter, type TestRouterOptions } from './harness.ts';

/** A router with a second provider, `other`, that has the model `small` too. */
async function startPair(options: TestRouterOptions = {}): Promise<TestRouter & { other: SimulatedProvider }> {
  const other = await simulateProvider();
  const settings = {
    name: 'other',
    kind: 'openai_compatible',
    base_url: other.url,
    models: ['small', 'fine'],
    timeouts: options.timeouts ?? {},
    breaker: options.breaker ?? { failures_max: 1_000 },
  };
  const router = await startTestRouter({ ...options, providers: [{ settings, apiKey: 'sk-other' }] });
  return {
    ...router,
    other,
    async [Symbol.asyncDispose]() {
      await router[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}

const both = { signalbox: { models: ['sim/small', 'other/small'] } };
const quick = { retries_max: 2, backoff_first_ms: 1, backoff_max_ms: 1_500 };
const routeOf = (response: Response) => response.headers.get('x-signalbox-route');
const bodyOf = async (response: Response) =>
  (await response.json()) as { routing?: Routing; error?: { code: string }; choices?: unknown[] };

describe('OD-27, LA-14: falling back before the first content', () => {
  let router: TestRouter & { other: SimulatedProvider };
  beforeAll(async () => {
    router = await startPair({ timeouts: { first_token_ms: 300, idle_ms: 300, document_ms: 900, connect_ms: 300 } });
  });
  afterAll(async () => {
    await router[Symbol.asyncDispose]();
  });

  it.each([500, 503, 401, 404, 408])(
    'answers from the next one when the first says %i, and records both',
    async (status) => {
      router.provider.behaveOnce({ status });
      const response = await router.ask(both);
      expect([response.status, routeOf(response)]).toEqual([200, 'other/small; strategy=priority; attempts=2']);
      const rows = await router.ledger(requestIdOf(response));
      expect(rows.map(({ model, outcome }) => [model, outcome])).toEqual(
        status === 404
          ? [['other/small', 'ok']]
          : [
              ['sim/small', 'failed'],
              ['other/small', 'ok'],
            ],
      );
      expect(rows.at(-1)).toMatchObject({ requested_model: 'sim/small,other/small', attempts: 2 });
    },
  );

  it.each(['error', 'html', 'end_early', 'cut', 'silence', 'invalid_json'] as const)(
    'falls back from a stream under status 200 that begins with %s, and the client sees one clean stream',
    async (fault) => {
      router.provider.behaveOnce({ fault, faultAfter: 0, pieceDelayMs: 20 });
      const response = await router.ask({ ...both, stream: true });
      const text = await response.text();
      expect([response.status, routeOf(response)]).toEqual([200, 'other/small; strategy=priority; attempts=2']);
      expect(textOf(eventsOf(text))).toBe('Hello from the simulator.');
      expect(eventsOf(text).at(-1)).toBe('[DONE]');
    },
  );

  it('stops at what is wrong with the request itself', async () => {
    const asked = router.other.requests.length;
    router.provider.behaveOnce({ status: 400, errorBody: { error: { message: 'top_p is wrong', param: 'top_p' } } });
    const response = await router.ask(both);
    expect(response.status).toBe(400);
    expect(router.other.requests).toHaveLength(asked);
  });

  it('goes to a larger window when the first says that its own is too small', async () => {
    router.provider.behaveOnce({
      status: 400,
      errorBody: { error: { message: 'long', code: 'context_length_exceeded' } },
    });
    expect(routeOf(await router.ask(both))).toContain('other/small');
  });

  it('tells whom it asked when all failed, as the last said it, and that a repeat is of no use', async () => {
    router.provider.behaveOnce({ status: 500 });
    router.other.behaveOnce({ status: 503 });
    const response = await router.ask(both);
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([503, 'false']);
    expect((await bodyOf(response)).routing?.attempts).toMatchObject([
      { model: 'sim/small', kind: 'first', outcome: 'failed', error_code: 'provider_failed' },
      { model: 'other/small', kind: 'fallback', outcome: 'failed', error_code: 'unavailable' },
    ]);
  });

  it('R9: says 429 only when everybody did, with the soonest time', async () => {
    await using own = await startPair();
    own.provider.behaveOnce({ status: 429, headers: { 'retry-after': '50' } });
    own.other.behaveOnce({ status: 429, headers: { 'retry-after': '20' } });
    const refused = await own.ask(both);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '20']);
    // Nobody is asked again before the time that was given.
    const again = await own.ask(both);
    expect(again.status).toBe(429);
    expect([own.provider.requests.length, own.other.requests.length]).toEqual([1, 1]);
  });

  it('R9: goes on with the other while the first wants to be left alone', async () => {
    await using own = await startPair();
    own.provider.behaveOnce({ status: 429, headers: { 'retry-after': '7' } });
    for (let time = 0; time < 3; time += 1) expect((await own.ask(both)).status).toBe(200);
    expect([own.provider.requests.length, own.other.requests.length]).toEqual([1, 3]);
  });

  it('lets no provider see what was meant for the router', async () => {
    await router.ask({ signalbox: { models: ['other/fine'], tags: { team: 'a' }, explain: true }, seed: 1 });
    expect(router.other.requests.at(-1)?.json).toEqual({
      model: 'fine',
      messages: [{ role: 'user', content: 'Hello?' }],
      seed: 1,
    });
  });

  it('explains itself on request, in documents and in streams, and not otherwise', async () => {
    router.provider.behaveOnce({ status: 500 });
    const explained = await bodyOf(await router.ask({ signalbox: { ...both.signalbox, explain: true } }));
    expect(explained.routing).toMatchObject({
      strategy: 'priority',
      chosen: 'other/small',
      alternatives: ['sim/small'],
      attempts: [{ outcome: 'failed' }, { outcome: 'ok', kind: 'fallback' }],
    });
    expect(explained.choices).toHaveLength(1);
    const stream = await router.ask({ signalbox: { explain: true }, stream: true });
    const events = eventsOf(await stream.text()) as { routing?: Routing }[];
    expect(events.at(-1)).toBe('[DONE]');
    expect(events.at(-2)?.routing).toMatchObject({ chosen: 'sim/small', attempts: [{ outcome: 'ok' }] });
    expect((await bodyOf(await router.ask({}))).routing).toBeUndefined();
  });
});

describe('LA-14, R10: repeating', () => {
  it('goes round again a bounded number of times, then says that a repeat is of no use', async () => {
    await using router = await startTestRouter({ resilience: quick });
    router.provider.behaveOnce({ status: 500 });
    router.provider.behaveOnce({ status: 503 });
    const response = await router.ask({});
    expect([response.status, router.provider.requests.length]).toEqual([200, 3]);
    expect((await router.ledger()).map(({ outcome }) => outcome)).toEqual(['failed', 'failed', 'ok']);

    router.provider.behave({ status: 500 });
    const failed = await router.ask({});
    expect([failed.status, failed.headers.get('x-should-retry')]).toEqual([502, 'false']);
    expect(router.provider.requests).toHaveLength(6);
    expect((await bodyOf(failed)).routing?.attempts.map(({ kind }) => kind)).toEqual(['first', 'retry', 'retry']);
  });

  it('does not repeat what no repeat mends', async () => {
    await using router = await startTestRouter({ resilience: quick });
    for (const status of [400, 401, 403, 404, 422]) {
      router.provider.behaveOnce({ status });
      await router.ask({});
    }
    expect(router.provider.requests).toHaveLength(5);
  });

  it('R9: waits as long as it was told to, and no longer than makes sense', async () => {
    await using router = await startTestRouter({ resilience: quick });
    router.provider.behaveOnce({ status: 503, headers: { 'retry-after-ms': '700' } });
    expect((await router.ask({})).status).toBe(200);
    const [first, second] = router.provider.requests;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(690);
    router.provider.behaveOnce({ status: 429, headers: { 'retry-after': '30' } });
    const refused = await router.ask({});
    expect([refused.status, refused.headers.get('retry-after'), refused.headers.get('x-should-retry')]).toEqual([
      429,
      '30',
      null,
    ]);
    expect(router.provider.requests).toHaveLength(3);
  });

  it('stops repeating when the budget for it is spent: a provider that is down gets a tenth more calls, and ten', async () => {
    await using router = await startTestRouter({ resilience: quick });
    router.provider.behave({ status: 500 });
    const requests = 60;
    let last: Response | null = null;
    for (let time = 0; time < requests; time += 1) last = await router.ask({});
    expect(router.provider.requests.length).toBeLessThanOrEqual(requests * 1.1 + 11);
    expect(router.provider.requests.length).toBeGreaterThan(requests + 10);
    // Nor shall the client do what the budget forbids.
    expect([last?.status, last?.headers.get('x-should-retry')]).toEqual([502, 'false']);
  });

  it('ends at one deadline, whatever is tried meanwhile', async () => {
    await using router = await startPair({ resilience: { ...quick, deadline_ms: 500 } });
    for (const provider of [router.provider, router.other]) provider.behave({ headDelayMs: 20_000 });
    for (const stream of [false, true]) {
      const from = performance.now();
      const response = await router.ask({ ...both, stream });
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([504, 'false']);
      // Either provider would have taken 20 seconds.
      expect(performance.now() - from).toBeLessThan(5_000);
    }
    await waitFor(() => router.provider.requests.every(({ abortedAt }) => abortedAt !== null));
    // A deadline that was met is over: the rest of a stream has its own time.
    router.provider.behave({ pieces: ['a', 'b', 'c', 'd'], pieceDelayMs: 250 });
    const long = await (await router.ask({ stream: true })).text();
    expect(long).toContain('[DONE]');
  });
});

describe('a stream that begins slowly (hedging)', () => {
  const hedging = { hedge_after_ms: 150, hedge_budget_ratio: 0.05 };

  it('is asked for elsewhere as well; the first answer counts, the loser is let go and costs nothing', async () => {
    await using router = await startPair({ resilience: hedging });
    router.provider.behaveOnce({ firstDelayMs: 20_000 });
    const response = await router.ask({ ...both, stream: true });
    expect(textOf(eventsOf(await response.text()))).toBe('Hello from the simulator.');
    expect(routeOf(response)).toBe('other/small; strategy=priority; attempts=2');
    await waitFor(() => router.provider.requests[0]?.abortedAt);
    const rows = await waitFor(async () => {
      const all = await router.ledger(requestIdOf(response));
      return all.length === 2 && all;
    });
    expect(rows.find(({ model }) => model === 'sim/small')).toMatchObject({
      outcome: 'cancelled',
      cost_usd: '0.000000000',
    });
    expect(rows.find(({ model }) => model === 'other/small')).toMatchObject({ outcome: 'ok' });
  });

  it('is not, when it begins in time', async () => {
    await using router = await startPair({ resilience: hedging });
    await (await router.ask({ ...both, stream: true })).text();
    expect(router.other.requests).toEqual([]);
  });

  it('keeps to its budget', async () => {
    await using router = await startPair({ resilience: { ...hedging, hedge_budget_ratio: 0.05 } });
    router.provider.behave({ firstDelayMs: 400 });
    for (let time = 0; time < 6; time += 1) await (await router.ask({ ...both, stream: true })).text();
    expect(router.other.requests).toHaveLength(2);
  });
});

describe('OD-27: mode "best"', () => {
  it('takes the fastest and cancels the others', async () => {
    await using router = await startPair();
    router.provider.behaveOnce({ headDelayMs: 20_000 });
    for (const stream of [false, true]) {
      const response = await router.ask({ signalbox: { ...both.signalbox, mode: 'best', scorer: 'fastest' }, stream });
      await response.text();
      expect(response.status).toBe(200);
    }
    await waitFor(() => router.provider.requests[0]?.abortedAt);
    await waitFor(async () => (await router.ledger()).some(({ outcome }) => outcome === 'cancelled'));
  });

  it('takes the longest of all, which are all paid for', async () => {
    await using router = await startPair();
    router.other.behaveOnce({ usage: { prompt_tokens: 3, completion_tokens: 90, total_tokens: 93 } });
    const response = await router.ask({
      signalbox: { ...both.signalbox, mode: 'best', scorer: 'longest', explain: true },
    });
    expect((await bodyOf(response)).routing).toMatchObject({ chosen: 'other/small' });
    expect((await router.ledger()).map(({ outcome }) => outcome)).toEqual(['ok', 'ok']);
    const refused = await router.ask({
      signalbox: { ...both.signalbox, mode: 'best', scorer: 'longest' },
      stream: true,
    });
    expect(refused.status).toBe(400);
  });

  it('answers as long as one can', async () => {
    await using router = await startPair();
    router.provider.behaveOnce({ status: 500 });
    expect((await router.ask({ signalbox: { ...both.signalbox, mode: 'best' } })).status).toBe(200);
  });
});

describe('LA-16: aliases', () => {
  it('stand for several models, with rules on metadata', async () => {
    await using router = await startPair({
      config: {
        aliases: {
          house: {
            models: ['sim/small', 'other/small'],
            strategy: 'priority',
            rules: [{ when: { tier: ['gold', 'silver'] }, models: ['other/fine'] }],
          },
        },
      },
    });
    const route = async (body: Record<string, unknown>) => routeOf(await router.ask({ model: 'house', ...body }));
    expect(await route({})).toContain('sim/small');
    expect(await route({ metadata: { tier: 'gold' } })).toContain('other/fine');
    expect(await route({ signalbox: { metadata: { tier: 'silver' } } })).toContain('other/fine');
    expect(await route({ metadata: { tier: 'tin' } })).toContain('sim/small');
    expect((await router.ledger()).at(-1)).toMatchObject({ requested_model: 'house', system: 'house' });
    expect((await router.ask({ model: 'toString' })).status).toBe(404);
  });
});
