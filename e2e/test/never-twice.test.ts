import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CostRecord } from '@signalbox/contracts';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

describe('what was asked is not asked again, by two gateways and two chat-routers (B-15, LA-4, CR-4)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        // A hit is a promise only where Redis has the time to give it, which a loaded machine may not leave it.
        overrides: { 'chat-router': { REDIS_TIMEOUT_MS: '10000' } },
        providers: [
          {
            name: 'sim',
            baseUrl: provider.url,
            models: ['m', 'other'],
            more: { model_facts: { m: { prices: { input: '1', output: '2' } } } },
          },
        ],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    provider.behave({});
  });

  function chat(body: Record<string, unknown>, ask: Ask = {}): Promise<Answer> {
    const messages = [{ role: 'user', content: 'Hello?' }];
    return opened.ask('/v1/chat/completions', { ...ask, body: { model: 'sim/m', messages, ...body } });
  }

  const keyed = (key: string) => ({ headers: { 'idempotency-key': key } });
  const replayed = ({ headers }: Answer) => headers.get('idempotent-replayed');
  const cacheOf = ({ headers }: Answer) => headers.get('x-signalbox-cache');
  const fresh = () => ({ messages: [{ role: 'user', content: randomUUID() }], temperature: 0 });

  function atOnce(count: number, ask: (gateway: number) => Promise<Answer>): Promise<Answer[]> {
    return Promise.all(Array.from({ length: count }, (_, index) => ask(index % 2)));
  }

  async function served(): Promise<number[]> {
    const names = ['chat-router', 'chat-router-2'];
    return Promise.all(names.map(async (name) => (await opened.metric(name, 'http_requests_total')) ?? 0));
  }

  async function costsOf({ headers }: Answer): Promise<CostRecord[]> {
    const requestId = headers.get('x-request-id');
    const { body } = await opened.ask('/api/v1/costs?limit=100');
    return (body['data'] as CostRecord[]).filter((row) => row.request_id === requestId);
  }

  describe('Idempotency-Key', () => {
    it.each([false, true])('gives the same answer to the byte from one call, stream: %s', async (stream) => {
      const key = randomUUID();
      const asked = provider.requests.length;
      const first = await chat({ stream }, keyed(key));
      expect([first.status, replayed(first)]).toEqual([200, null]);
      for (const gateway of [0, 1, 0, 1]) {
        const again = await chat({ stream }, { ...keyed(key), gateway });
        expect([again.status, replayed(again), again.text]).toEqual([200, 'true', first.text]);
        expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
        expect(await costsOf(again)).toEqual([]);
      }
      if (stream) expect(first.text).toMatch(/data: \[DONE\]\s*$/);
      expect(provider.requests.length - asked).toBe(1);
      expect(await costsOf(first)).toMatchObject([{ outcome: 'ok', cost_usd: '0.000021000' }]);
    });

    it.each([false, true])('R16: makes one call of 50 at once at both routers, stream: %s', async (stream) => {
      provider.behave({ headDelayMs: 400 });
      const key = randomUUID();
      const asked = provider.requests.length;
      const before = await served();
      const answers = await atOnce(50, (gateway) => chat({ stream }, { ...keyed(key), gateway }));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(200));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter((answer) => replayed(answer) === 'true')).toHaveLength(49);
      expect(provider.requests.length - asked).toBe(1);
      const after = await served();
      expect(after.every((count, index) => count > (before[index] ?? 0))).toBe(true);
    });

    it('is refused for another body, and is each key’s own', async () => {
      const key = randomUUID();
      await chat({ seed: 1 }, keyed(key));
      const other = await chat({ seed: 2 }, { ...keyed(key), gateway: 1 });
      expect([other.status, other.body]).toMatchObject([422, { error: { code: 'idempotency_key_reused' } }]);
      const stranger = await opened.createKey();
      const own = await chat({ seed: 2 }, { ...keyed(key), key: stranger.key });
      expect([own.status, replayed(own)]).toEqual([200, null]);
    });

    it('is free again when the request came to nothing', async () => {
      const key = randomUUID();
      provider.behaveOnce({ status: 500 });
      expect((await chat({}, keyed(key))).status).toBe(502);
      const again = await chat({}, { ...keyed(key), gateway: 1 });
      expect([again.status, replayed(again)]).toEqual([200, null]);
    });

    it.each([
      ['/v1/messages', { max_tokens: 9, messages: [{ role: 'user', content: 'Hello?' }] }],
      ['/v1/responses', { input: 'Hello?' }],
      ['/v1/embeddings', { model: 'sim/other', input: 'Hello?' }],
    ])('holds on %s as well', async (path, body) => {
      const key = randomUUID();
      const asked = provider.requests.length;
      const answers = await atOnce(10, (gateway) =>
        opened.ask(path, { ...keyed(key), gateway, body: { model: 'sim/m', ...body } }),
      );
      expect(new Set(answers.map(({ status, text }) => `${String(status)} ${text}`)).size).toBe(1);
      expect(answers[0]?.status).toBe(200);
      expect(provider.requests.length - asked).toBe(1);
    });
  });

  describe('the exact cache (LA-4)', () => {
    it.each([false, true])('answers the same words without a call and at no cost, stream: %s', async (stream) => {
      const body = { ...fresh(), stream };
      const asked = provider.requests.length;
      const miss = await chat(body);
      expect([miss.status, cacheOf(miss)]).toEqual([200, 'miss']);
      for (const gateway of [0, 1, 0, 1]) {
        const hit = await chat(body, { gateway });
        expect([cacheOf(hit), hit.headers.get('x-signalbox-cost-usd'), hit.text]).toEqual([
          'hit',
          '0.000000000',
          miss.text,
        ]);
        const rows = await waitFor(async () => {
          const found = await costsOf(hit);
          return found.length > 0 && found;
        });
        expect(rows).toMatchObject([{ outcome: 'cache_hit', cost_usd: '0.000000000', prompt_tokens: 11 }]);
      }
      expect(provider.requests.length - asked).toBe(1);
    });

    it('is asked for by the client where the request is not deterministic, and left aside where it says so', async () => {
      const { messages } = fresh();
      const ways = [{}, { cache: 'on' }, { cache: 'on' }, { cache: 'off' }, { cache: 'refresh' }, { cache: 'on' }];
      const seen: (string | null)[] = [];
      for (const signalbox of ways) seen.push(cacheOf(await chat({ messages, signalbox })));
      expect(seen).toEqual([null, 'miss', 'hit', null, 'miss', 'hit']);
    });

    it('misses for another model, another tenant, and one word more', async () => {
      const body = fresh();
      await chat(body);
      const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'others' } });
      const { key } = tenant.body['api_key'] as { key: string };
      const [message] = body.messages;
      const others = [
        await chat(body, { key }),
        await chat({ ...body, model: 'sim/other' }),
        await chat({ ...body, messages: [{ ...message, content: `${message?.content ?? ''}!` }] }),
      ];
      expect(others.map(cacheOf)).toEqual(['miss', 'miss', 'miss']);
      expect(cacheOf(await chat(body))).toBe('hit');
    });

    it.each([false, true])('single flight: 50 of the same at once are one call, stream: %s', async (stream) => {
      provider.behave({ headDelayMs: 400 });
      const body = { ...fresh(), stream };
      const asked = provider.requests.length;
      const before = await served();
      const answers = await atOnce(50, (gateway) => chat(body, { gateway }));
      expect(answers.map(({ status }) => status)).toEqual(Array<number>(50).fill(200));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(answers.filter((answer) => cacheOf(answer) === 'hit')).toHaveLength(49);
      expect(provider.requests.length - asked).toBe(1);
      const after = await served();
      expect(after.every((count, index) => count > (before[index] ?? 0))).toBe(true);
    });

    it('keeps no answer that broke', async () => {
      const body = { ...fresh(), stream: true };
      provider.behaveOnce({ fault: 'cut', faultAfter: 2 });
      expect((await chat(body)).text).not.toContain('[DONE]');
      const whole = await chat(body);
      expect([cacheOf(whole), whole.text.includes('[DONE]')]).toEqual(['miss', true]);
    });
  });
});
