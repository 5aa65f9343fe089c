import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Routing, UsageRecord } from '@signalbox/contracts';
import { simulateProvider, waitFor, type ProviderBehaviour, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

/** What each model can, and costs: dear and good, plain and cheap, in between and able to reason, made for vectors. */
const facts = {
  best: { vision: true, tools: true, json_schema: true, quality: 900, prices: { input: '10', output: '30' } },
  plain: {
    vision: false,
    tools: false,
    json_schema: false,
    embeddings: false,
    quality: 100,
    prices: { input: '0.1', output: '0.3' },
  },
  middle: { vision: false, tools: true, json_schema: true, quality: 500, prices: { input: '1', output: '3' } },
  vectors: { embeddings: true, prices: { input: '0.02', output: '0' } },
};
const aliases = {
  everyone: { models: ['plain/plain', 'best/best', 'middle/middle'], strategy: 'priority' },
  ruled: {
    models: ['plain/plain'],
    strategy: 'priority',
    rules: [{ when: { tier: ['gold', 'platinum'] }, models: ['best/best'] }],
  },
  weighed: {
    models: ['plain/plain', 'middle/middle'],
    strategy: 'weighted',
    weights: { 'plain/plain': 3, 'middle/middle': 1 },
  },
};

describe('who is asked, and why (LA-16, OD-27)', () => {
  const owned = new AsyncDisposableStack();
  const providers: Record<string, SimulatedProvider> = {};
  let opened: OpenedMesh;
  beforeAll(async () => {
    for (const name of Object.keys(facts)) providers[name] = owned.use(await simulateProvider());
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        providers: Object.entries(facts).map(([name, of]) => ({
          name,
          baseUrl: provider(name).url,
          models: [name],
          more: { model_facts: { [name]: of } },
        })),
        routing: {
          aliases,
          resilience: { retries_max: 1, backoff_first_ms: 10, backoff_max_ms: 3_000, hedge_after_ms: 1_000 },
        },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    for (const each of Object.values(providers)) each.behave({});
  });

  function provider(name: string): SimulatedProvider {
    const found = providers[name];
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }

  function chat(body: Record<string, unknown>, ask: Ask = {}): Promise<Answer> {
    const messages = [{ role: 'user', content: 'Hello?' }];
    return opened.ask('/v1/chat/completions', { ...ask, body: { model: 'everyone', messages, ...body } });
  }

  /** What the answer says of its way, when it is asked to. */
  async function explained(body: Record<string, unknown> = {}, signalbox: object = {}): Promise<Routing> {
    const { status, body: answer } = await chat({ ...body, signalbox: { ...signalbox, explain: true } });
    expect(status).toBe(200);
    return answer['routing'] as Routing;
  }

  async function usageOf({ headers }: Answer, count: number): Promise<UsageRecord[]> {
    return waitFor(async () => {
      const requestId = String(headers.get('x-request-id'));
      const rows = (await opened.ask(`/api/v1/usage?request_id=${requestId}`)).body['data'] as UsageRecord[];
      return rows.length === count && rows;
    });
  }

  const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }];

  it.each([
    ['priority', 'plain/plain'],
    ['cost_optimized', 'plain/plain'],
    ['quality_first', 'best/best'],
    ['capability_based', 'plain/plain'],
  ])('%s asks %s first, says so in the header, and on request in full', async (strategy, chosen) => {
    const answer = await chat({ signalbox: { strategy, explain: true } });
    expect(answer.headers.get('x-signalbox-route')).toBe(`${chosen}; strategy=${strategy}; attempts=1`);
    const routing = answer.body['routing'] as Routing;
    expect(routing).toMatchObject({
      requested: 'everyone',
      strategy,
      chosen,
      reason: expect.stringMatching(/\w+ \w+/),
      attempts: [{ model: chosen, kind: 'first', outcome: 'ok' }],
    });
    expect([...routing.alternatives, chosen].toSorted()).toEqual(['best/best', 'middle/middle', 'plain/plain']);
    expect((await chat({ signalbox: { strategy } })).body).not.toHaveProperty('routing');
  });

  it('passes over whoever cannot do it, with the reason, and takes the cheapest or the humblest of the rest', async () => {
    for (const strategy of ['cost_optimized', 'capability_based']) {
      const routing = await explained({ tools }, { strategy });
      expect(routing).toMatchObject({ chosen: 'middle/middle', alternatives: ['best/best'] });
      expect(routing.attempts[0]).toMatchObject({
        model: 'plain/plain',
        outcome: 'skipped',
        reason: 'cannot call tools',
      });
    }
    const schema = { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'object' } } };
    expect(await explained({ response_format: schema })).toMatchObject({ chosen: 'best/best' });
  });

  it('auto is anybody of whom is known that he can', async () => {
    const routing = await explained({ model: 'auto', tools });
    expect(routing).toMatchObject({
      strategy: 'capability_based',
      chosen: 'middle/middle',
      alternatives: ['best/best'],
    });
    expect(routing.attempts).toContainEqual(
      expect.objectContaining({ model: 'plain/plain', outcome: 'skipped', reason: 'cannot call tools' }),
    );
    // Without any need it is still no mere quotation.
    expect(await explained({ model: 'auto' })).toMatchObject({ chosen: 'plain/plain' });
  });

  it('speed_first asks whoever was quick so far, on each router', async () => {
    provider('plain').behave({ firstDelayMs: 300 });
    for (const name of ['plain', 'middle']) {
      for (let count = 0; count < 8; count += 1) {
        const answer = await chat({ model: `${name}/${name}`, stream: true }, { gateway: count % 2 });
        expect(answer.status).toBe(200);
      }
    }
    const signalbox = { models: ['plain/plain', 'middle/middle'], strategy: 'speed_first' };
    const chosen: (string | null)[] = [];
    for (let count = 0; count < 8; count += 1)
      chosen.push((await chat({ signalbox }, { gateway: count % 2 })).headers.get('x-signalbox-route'));
    // Now and then the other one is measured again.
    expect(chosen.filter((route) => route?.startsWith('middle/middle;')).length).toBeGreaterThanOrEqual(5);
  });

  it('weighted asks each by its weight', async () => {
    const before = provider('plain').requests.length;
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => chat({ model: 'weighed' }, { gateway: index % 2 })),
    );
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    // 150 are expected; six standard deviations are 37.
    expect(Math.abs(provider('plain').requests.length - before - 150)).toBeLessThan(37);
  });

  it('goes by rules on metadata', async () => {
    expect(await explained({ model: 'ruled' })).toMatchObject({ chosen: 'plain/plain' });
    for (const tier of ['gold', 'platinum'])
      expect(await explained({ model: 'ruled' }, { metadata: { tier } })).toMatchObject({ chosen: 'best/best' });
    expect(await explained({ model: 'ruled' }, { metadata: { tier: 'tin' } })).toMatchObject({ chosen: 'plain/plain' });
  });

  it('a sticky conversation keeps its model on every router, and conversations spread', async () => {
    const of = async (conversation: string, gateway: number) => {
      const signalbox = { sticky: true, conversation_id: conversation };
      return (await chat({ signalbox }, { gateway })).headers.get('x-signalbox-route');
    };
    const places = new Set<string | null>();
    for (let conversation = 0; conversation < 12; conversation += 1) {
      const routes = [];
      for (const gateway of [0, 1, 0, 1]) routes.push(await of(`c-${String(conversation)}`, gateway));
      expect(new Set(routes).size).toBe(1);
      places.add(routes[0] ?? null);
    }
    expect(places.size).toBe(3);
  });

  it('OD-27: best asks all at once; of the fastest’s rivals each is called off and costs nothing', async () => {
    provider('plain').behave({ firstDelayMs: 20_000 });
    provider('best').behave({ firstDelayMs: 20_000 });
    const asked = [provider('plain').requests.length, provider('best').requests.length] as const;
    const answer = await chat({ signalbox: { mode: 'best', explain: true } });
    const { chosen, attempts } = answer.body['routing'] as Routing;
    expect([answer.status, chosen]).toEqual([200, 'middle/middle']);
    expect(attempts.map(({ model, kind, outcome }) => [model, kind, outcome]).toSorted()).toEqual([
      ['best/best', 'rival', 'cancelled'],
      ['middle/middle', 'rival', 'ok'],
      ['plain/plain', 'rival', 'cancelled'],
    ]);
    await waitFor(() => provider('plain').requests[asked[0]]?.abortedAt != null);
    await waitFor(() => provider('best').requests[asked[1]]?.abortedAt != null);
    const rows = await usageOf(answer, 3);
    const costs = Object.fromEntries(rows.map(({ provider: name, outcome, cost_usd: usd }) => [name, [outcome, usd]]));
    expect(costs).toEqual({
      // 11 tokens in at 1.00 and 5 out at 3.00 for a million.
      middle: ['ok', '0.000026000'],
      plain: ['cancelled', '0.000000000'],
      best: ['cancelled', '0.000000000'],
    });
  });

  it('OD-27: best by the longest takes the answer with the most tokens, and each is paid', async () => {
    const usage = (tokens: number) => ({ prompt_tokens: 11, completion_tokens: tokens, total_tokens: 11 + tokens });
    for (const [name, tokens] of Object.entries({ plain: 5, best: 50, middle: 10 }))
      provider(name).behave({ pieces: [`from ${name}`], usage: usage(tokens) });
    const answer = await chat({ signalbox: { mode: 'best', scorer: 'longest' } });
    expect(answer.text).toContain('from best');
    expect((await usageOf(answer, 3)).map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok']);
  });

  it('hedges a stream that does not begin: the next is asked as well, and whoever is late costs nothing', async () => {
    provider('plain').behave({ firstDelayMs: 20_000 });
    const answer = await chat({ stream: true, signalbox: { models: ['plain/plain', 'middle/middle'] } });
    expect(answer.headers.get('x-signalbox-route')).toMatch(/^middle\/middle;/);
    expect(answer.text).toMatch(/data: \[DONE\]\s*$/);
    const rows = await usageOf(answer, 2);
    expect(rows.map(({ provider: name, outcome }) => [name, outcome]).toSorted()).toEqual([
      ['middle', 'ok'],
      ['plain', 'cancelled'],
    ]);
  });

  it('R9: repeats what may pass, not before the time that was given, and tells the client 429 when nobody is left', async () => {
    const limited: ProviderBehaviour = { status: 429, headers: { 'retry-after': '1' } };
    provider('plain').behaveOnce(limited);
    const asked = provider('plain').requests.length;
    const answer = await chat({ model: 'plain/plain', signalbox: { explain: true } });
    expect([answer.status, answer.body['routing'] as Routing]).toMatchObject([
      200,
      {
        attempts: [
          { outcome: 'failed', error_code: 'rate_limited' },
          { kind: 'retry', outcome: 'ok' },
        ],
      },
    ]);
    const [first, second] = provider('plain').requests.slice(asked);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(990);

    provider('plain').behaveOnce({ status: 429, headers: { 'retry-after': '60' } });
    const refused = await chat({ model: 'plain/plain' });
    expect([refused.status, refused.body]).toMatchObject([429, { error: { code: 'rate_limit_exceeded' } }]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(59);
  });

  describe('embeddings', () => {
    it('go to a model that makes them, as lists or in base64, and stand in the ledger', async () => {
      const answer = await opened.ask('/v1/embeddings', { body: { model: 'vectors', input: ['a', 'b'] } });
      expect([answer.status, answer.body['data']]).toMatchObject([
        200,
        [
          { index: 0, embedding: [1, 2] },
          { index: 1, embedding: [1, 2] },
        ],
      ]);
      expect(answer.headers.get('x-signalbox-route')).toMatch(/^vectors\/vectors;/);
      expect(await usageOf(answer, 1)).toMatchObject([
        { provider: 'vectors', outcome: 'ok', prompt_tokens: 4, cost_usd: '0.000000080' },
      ]);
      const coded = await opened.ask('/v1/embeddings', {
        body: { model: 'vectors', input: 'c', encoding_format: 'base64' },
      });
      expect(coded.body['data']).toMatchObject([{ embedding: 'AACAPwAAAEA=' }]);
    });

    it('are refused to a model that makes none, and a chat to one that makes nothing else', async () => {
      const listed = { model: 'vectors', input: 'a', signalbox: { models: ['plain/plain'] } };
      const refused = await opened.ask('/v1/embeddings', { body: listed });
      expect([refused.status, refused.body]).toMatchObject([400, { error: { code: 'model_incapable' } }]);
      const chatted = await chat({ model: 'vectors/vectors' });
      expect([chatted.status, chatted.body]).toMatchObject([400, { error: { code: 'model_incapable' } }]);
    });
  });
});
