import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderBreaker, Routing, UsageRecord } from '@signalbox/contracts';
import { simulateProvider, waitFor, type ProviderBehaviour, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

const openMs = 5_000;

describe('providers that fail, behind two gateways and two chat-routers (LA-3, LA-14, OD-27)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let fragile: SimulatedProvider;
  let steady: SimulatedProvider;
  beforeAll(async () => {
    [fragile, steady] = [owned.use(await simulateProvider()), owned.use(await simulateProvider())];
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        providers: [
          { name: 'fragile', baseUrl: fragile.url, models: ['m'], more: { breaker: { open_ms: openMs } } },
          { name: 'steady', baseUrl: steady.url, models: ['m'] },
        ],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(async () => {
    fragile.behave({});
    steady.behave({});
    const { id, state, failures } = await breaker();
    if (state !== 'closed' || failures > 0) await opened.ask(resetPath(id), { method: 'POST' });
    await everywhere(({ state: now, failures: left }) => now === 'closed' && left === 0);
  });

  const resetPath = (id: string) => `/api/v1/providers/${id}/breaker/reset`;

  async function breaker(gateway = 0): Promise<ProviderBreaker> {
    const { body } = await opened.ask('/api/v1/breakers', { gateway });
    const found = (body['data'] as ProviderBreaker[]).find(({ name }) => name === 'fragile');
    if (found === undefined) throw new Error('there is no breaker');
    return found;
  }

  /** Each gateway goes round the replicas, so that two questions to it reach both. */
  async function everywhere(holds: (breaker: ProviderBreaker) => boolean): Promise<void> {
    await waitFor(async () => {
      for (const gateway of [0, 1, 0, 1]) if (!holds(await breaker(gateway))) return false;
      return true;
    });
  }

  function chat(body: Record<string, unknown> = {}, ask: Ask = {}): Promise<Answer> {
    const messages = [{ role: 'user', content: 'Hello?' }];
    return opened.ask('/v1/chat/completions', { ...ask, body: { model: 'fragile/m', messages, ...body } });
  }

  async function fail(times: number, behaviour: ProviderBehaviour): Promise<void> {
    fragile.behave(behaviour);
    for (let count = 0; count < times; count += 1) expect((await chat({}, { gateway: count % 2 })).status).toBe(502);
  }

  it('LA-3: opens for all after 5 failures at any of them, answers without a call, tries once, and closes', async () => {
    const before = fragile.requests.length;
    await fail(5, { status: 500 });
    await everywhere(({ state }) => state === 'open');
    const { body: health } = await opened.ask('/api/v1/health', { key: null });
    expect(health['providers']).toMatchObject({ fragile: { breaker: 'open' }, steady: { breaker: 'closed' } });

    const times: number[] = [];
    const until = Date.parse((await breaker()).opens_at ?? '') - 1_500;
    for (let count = 0; count < 40 && Date.now() < until; count += 1) {
      const from = performance.now();
      const refused = await chat({ stream: count % 4 < 2 }, { gateway: count % 2 });
      times.push(performance.now() - from);
      expect([refused.status, refused.body]).toMatchObject([503, { error: { code: 'circuit_open' } }]);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    expect(fragile.requests.length - before).toBe(5);
    // Client, gateway and signature included.
    expect(times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(50);

    // Longer than the slowest of the 20 takes to arrive.
    fragile.behave({ headDelayMs: 2_000 });
    await everywhere(({ opens_at: until }) => until === null);
    const statuses = await Promise.all(
      Array.from({ length: 20 }, async (_, index) => (await chat({}, { gateway: index % 2 })).status),
    );
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array<number>(19).fill(503)]);
    expect(fragile.requests.length - before).toBe(6);
    await everywhere(({ state }) => state === 'closed');
    fragile.behave({});
    for (const gateway of [0, 1]) expect((await chat({}, { gateway })).status).toBe(200);
  });

  it('LA-3: does not open for what the caller did wrong', async () => {
    fragile.behave({ status: 400 });
    for (let count = 0; count < 8; count += 1) expect((await chat({}, { gateway: count % 2 })).status).toBe(400);
    await everywhere(({ state, failures }) => state === 'closed' && failures === 0);
  });

  it('LA-29: is closed by an administrator for all of them, and by nobody else; the act stands in the audit log', async () => {
    await fail(5, { status: 500 });
    await everywhere(({ state }) => state === 'open');
    const { id } = await breaker();
    const { key } = await opened.createKey({ scopes: ['chat:write', 'providers:write'] });
    expect((await opened.ask(resetPath(id), { key, method: 'POST' })).status).toBe(403);
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'others' } });
    const theirs = (tenant.body['api_key'] as { key: string }).key;
    expect((await opened.ask(resetPath(id), { key: theirs, method: 'POST' })).status).toBe(403);
    await everywhere(({ state }) => state !== 'closed');
    const reset = await opened.ask(resetPath(id), { method: 'POST', gateway: 1 });
    expect([reset.status, reset.body['state']]).toEqual([200, 'closed']);
    await everywhere(({ state }) => state === 'closed');
    fragile.behave({});
    for (const gateway of [0, 1, 0, 1]) expect((await chat({}, { gateway })).status).toBe(200);
    const audited = await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/audit-events?action=breaker.reset');
      const events = body['data'] as { target: string; request_id: string }[];
      return events.find((event) => event.request_id === reset.headers.get('x-request-id'));
    });
    expect(audited).toMatchObject({ target: id, details: { name: 'fragile' } });
  });

  const both = { signalbox: { models: ['fragile/m', 'steady/m'], explain: true } };

  it.each<[string, ProviderBehaviour, string]>([
    ['answers 500 (R10)', { status: 500 }, 'provider_failed'],
    ['refuses its key', { status: 401 }, 'provider_failed'],
    ['does not know the model', { status: 404 }, 'not_found'],
    ['answers with a web page (R11)', { fault: 'html' }, 'provider_failed'],
    ['answers with what is no JSON (R11)', { fault: 'invalid_json' }, 'provider_failed'],
    ['answers 200 with an error in it (R11)', { fault: 'error' }, 'provider_failed'],
    ['breaks off (R11)', { fault: 'cut' }, 'provider_failed'],
  ])('OD-27: the next one answers when the first %s, and the reason is told', async (_name, behaviour, code) => {
    fragile.behaveOnce(behaviour);
    const answer = await chat(both);
    expect([answer.status, answer.headers.get('x-signalbox-route')]).toEqual([
      200,
      'steady/m; strategy=priority; attempts=2',
    ]);
    expect((answer.body['routing'] as Routing).attempts).toMatchObject([
      { model: 'fragile/m', kind: 'first', outcome: 'failed', error_code: code },
      { model: 'steady/m', kind: 'fallback', outcome: 'ok' },
    ]);
  });

  it('R9: leaves a provider alone for as long as it asks to be, and asks the next one meanwhile', async () => {
    fragile.behaveOnce({ status: 429, headers: { 'retry-after': '4' } });
    const from = performance.now();
    const first = await chat(both);
    expect((first.body['routing'] as Routing).attempts).toMatchObject([
      { model: 'fragile/m', outcome: 'failed', error_code: 'rate_limited' },
      { model: 'steady/m', outcome: 'ok' },
    ]);
    // Each gateway goes round the replicas: all of them know, whichever was told.
    const asked = fragile.requests.length;
    for (const gateway of [0, 1, 0, 1]) {
      const { headers } = await chat(both, { gateway });
      expect(headers.get('x-signalbox-route')).toBe('steady/m; strategy=priority; attempts=1');
    }
    expect(fragile.requests.length).toBe(asked);
    await waitFor(async () => {
      for (const gateway of [0, 0]) if ((await chat({}, { gateway })).status !== 200) return false;
      return true;
    });
    expect(performance.now() - from).toBeGreaterThan(3_900);
  });

  it('LA-14: tells every attempt when nobody is left, and that its own tries are spent', async () => {
    fragile.behaveOnce({ status: 500 });
    steady.behaveOnce({ status: 503 });
    const answer = await chat(both);
    expect([answer.status, answer.headers.get('x-should-retry')]).toEqual([503, 'false']);
    expect((answer.body['routing'] as Routing).attempts).toMatchObject([
      { model: 'fragile/m', outcome: 'failed' },
      { model: 'steady/m', outcome: 'failed' },
    ]);
  });

  it('R11: a stream that breaks before its first word is taken over, and the client sees one whole answer', async () => {
    fragile.behaveOnce({ fault: 'error', faultAfter: 0 });
    const answer = await chat({ ...both, stream: true });
    expect(answer.headers.get('x-signalbox-route')).toMatch(/^steady\/m; .*attempts=2$/);
    expect(wordsOf(answer.text)).toBe('Hello from the simulator.');
    expect(answer.text).toMatch(/data: \[DONE\]\s*$/);
  });

  it('R11: one that breaks after its first word is told as an error, not done again, and billed for what came', async () => {
    fragile.behaveOnce({ fault: 'error', faultAfter: 2 });
    const asked = steady.requests.length;
    const answer = await chat({ ...both, stream: true });
    expect(answer.status).toBe(200);
    expect(wordsOf(answer.text)).toBe('Hello from');
    expect(answer.text).not.toContain('[DONE]');
    expect(answer.text).toMatch(/"error":\{/);
    expect(steady.requests.length).toBe(asked);
    const requestId = String(answer.headers.get('x-request-id'));
    const rows = await waitFor(async () => {
      const { body } = await opened.ask(`/api/v1/usage?request_id=${requestId}`);
      const data = body['data'] as UsageRecord[];
      return data.length > 0 && data;
    });
    expect(rows).toMatchObject([{ provider: 'fragile', outcome: 'failed', streamed: true }]);
    expect(rows[0]?.charged_tokens).toBeGreaterThan(0);
  });

  it('LA-23: goes on with one of two chat-routers killed, and health tells which part is missing', async () => {
    await opened.service('chat-router-2').kill('SIGKILL');
    const statuses = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) => (await chat({ model: 'steady/m' }, { gateway: index % 2 })).status,
      ),
    );
    expect(statuses).toEqual(Array<number>(40).fill(200));
    for (const gateway of [0, 1, 0, 1]) expect((await opened.ask('/v1/models', { gateway })).status).toBe(200);
    const health = await waitFor(async () => {
      const answer = await opened.ask('/api/v1/health', { key: null });
      return answer.body['status'] === 'degraded' && answer;
    });
    expect(health.status).toBe(200);
    expect(health.body['services']).toMatchObject({
      'chat-router': { status: 'degraded', components: { reachable: { status: 'unhealthy' } } },
    });
    await opened.service('chat-router-2').restart();
    const served = async () => (await opened.metric('chat-router-2', 'http_requests_total')) ?? 0;
    const before = await served();
    await waitFor(async () => {
      expect((await chat({ model: 'steady/m' })).status).toBe(200);
      return (await served()) > before;
    });
  });
});

/** The text of a stream in OpenAI's dialect. */
function wordsOf(stream: string): string {
  return [...stream.matchAll(/^data: (\{.*\})$/gm)]
    .map(([, json = '{}']) => {
      const { choices } = JSON.parse(json) as { choices?: { delta?: { content?: string } }[] };
      return choices?.[0]?.delta?.content ?? '';
    })
    .join('');
}
