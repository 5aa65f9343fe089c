import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { CacheNamespaceState, CostRecord, Routing } from '@signalbox/contracts';
import {
  simulateEmbeddings,
  simulateProvider,
  waitFor,
  type ProviderRequest,
  type SimulatedEmbeddings,
  type SimulatedProvider,
} from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

const owned = new AsyncDisposableStack();
let opened: OpenedMesh;
let first: SimulatedProvider;
let second: SimulatedProvider;
let judge: SimulatedProvider;
let embeddings: SimulatedEmbeddings;

beforeAll(async () => {
  [first, second, judge] = [
    owned.use(await simulateProvider()),
    owned.use(await simulateProvider()),
    owned.use(await simulateProvider()),
  ];
  embeddings = owned.use(await simulateEmbeddings());
  const priced = (model: string) => ({ model_facts: { [model]: { prices: { input: '1', output: '1' } } } });
  opened = owned.use(
    await openMesh({
      gatewayReplicas: 2,
      replicas: { 'chat-router': 2 },
      limits: wideLimits,
      // A hit is a promise only where Redis has the time to give it, which a loaded machine may not leave it.
      overrides: { 'chat-router': { REDIS_TIMEOUT_MS: '10000' } },
      providers: [
        { name: 'first', baseUrl: first.url, models: ['m'], more: priced('m') },
        { name: 'second', baseUrl: second.url, models: ['m'], more: priced('m') },
        { name: 'bench', baseUrl: judge.url, models: ['judge'], more: priced('judge') },
        { name: 'embed', baseUrl: embeddings.url, models: ['words'], more: priced('words') },
      ],
      routing: {
        aliases: { alike: { models: ['first/m'], strategy: 'priority', semantic_cache: { threshold: 0.8 } } },
        resilience: { retries_max: 0, exploration_ratio: 0.5 },
        semantic_cache: { embedding_model: 'embed/words', threshold: 0.8, timeout_ms: 20_000 },
      },
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  for (const provider of [first, second, judge]) provider.behave({});
});

function chat(body: Record<string, unknown>, ask: Ask = {}): Promise<Answer> {
  return opened.ask('/v1/chat/completions', { ...ask, body: { model: 'first/m', ...body } });
}

const cacheOf = ({ headers }: Answer) => headers.get('x-signalbox-cache');
const semanticOf = ({ headers }: Answer) => headers.get('x-signalbox-semantic-cache');
const asking = (content: string, more: Record<string, unknown> = {}) => ({
  messages: [{ role: 'user', content }],
  temperature: 0,
  signalbox: { semantic_cache: true },
  ...more,
});

async function stateOf(namespace: string, ask: Ask = {}): Promise<CacheNamespaceState> {
  const { body } = await opened.ask('/api/v1/cache', ask);
  const found = (body['data'] as CacheNamespaceState[]).find((state) => state.namespace === namespace);
  if (found === undefined) throw new Error(`there is no ${namespace}`);
  return found;
}

const clear = (namespace: string, ask: Ask = {}) =>
  opened.ask(`/api/v1/cache/${namespace}`, { ...ask, method: 'DELETE' });

async function indexed(entries: number, ask: Ask = {}): Promise<void> {
  await waitFor(async () => (await stateOf('semantic', ask)).entries === entries);
}

async function anotherTenant(): Promise<string> {
  const { body } = await opened.ask('/api/v1/tenants', { body: { name: `t-${randomUUID()}` } });
  return (body['api_key'] as { key: string }).key;
}

/** Two wordings of one question, which has no word in common with that of any other test. */
function wordings(): [string, string] {
  const words = Array.from({ length: 9 }, () => `w${randomUUID().replaceAll(/[^a-f]/g, '')}`);
  return [`how ${words.join(' ')}`, `why ${words.join(' ')}`];
}

describe('answers to questions of like meaning, through two gateways and two chat-routers (B-17)', () => {
  it('are given from either replica without a call, and show how alike the questions are', async () => {
    const [question, like] = wordings();
    const asked = first.requests.length;
    const key = await anotherTenant();
    const made = await chat(asking(question), { key });
    expect([made.status, cacheOf(made), semanticOf(made)]).toEqual([200, 'miss', 'miss; threshold=0.8']);
    await indexed(1, { key });
    for (const gateway of [0, 1, 0, 1]) {
      const hit = await chat(asking(like), { gateway, key });
      expect([cacheOf(hit), hit.text]).toEqual(['semantic-hit', made.text]);
      expect(semanticOf(hit)).toMatch(/^hit; similarity=0\.[89]\d*; threshold=0\.8$/);
    }
    expect(first.requests).toHaveLength(asked + 1);
  });

  it('are streams to whoever asks for streams, and told in `routing`', async () => {
    const [question, like] = wordings();
    const key = await anotherTenant();
    const more = { stream: true, signalbox: { semantic_cache: true, explain: true } };
    const made = await chat(asking(question, more), { key });
    await indexed(1, { key });
    const hit = await chat(asking(like, more), { key, gateway: 1 });
    expect(cacheOf(hit)).toBe('semantic-hit');
    expect(hit.headers.get('content-type')).toContain('text/event-stream');
    const events = hit.text.split('\n\n').filter((event) => event.startsWith('data: {'));
    const [routing] = events.flatMap((event) => {
      const { routing: told } = JSON.parse(event.slice(6)) as { routing?: Routing };
      return told === undefined ? [] : [told];
    });
    expect(routing?.cache).toMatchObject({ kind: 'semantic', threshold: 0.8, similarity: expect.any(Number) });
    expect(hit.text.endsWith('data: [DONE]\n\n')).toBe(true);
    expect(made.text.endsWith('data: [DONE]\n\n')).toBe(true);
  });

  it('are for whom an alias or the request wants them, and for nobody else', async () => {
    const [question] = wordings();
    expect(semanticOf(await chat(asking(question, { model: 'alike', signalbox: {} })))).toMatch(/^miss/);
    expect(semanticOf(await chat(asking(question, { signalbox: {} })))).toBeNull();
    const tools = [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }];
    expect(semanticOf(await chat(asking(question, { tools })))).toBe('bypass; reason=tools');
    expect(semanticOf(await chat(asking(question, { temperature: 1 })))).toBe('bypass; reason=not_deterministic');
  });

  it('are never those of another tenant', async () => {
    const [question, like] = wordings();
    const key = await anotherTenant();
    await chat(asking(question), { key });
    await indexed(1, { key });
    for (const text of [like, question]) {
      const other = { key: await anotherTenant() };
      expect(await stateOf('semantic', other)).toMatchObject({ entries: 0, hits: 0, misses: 0 });
      const answer = await chat(asking(text), other);
      expect([cacheOf(answer), semanticOf(answer)]).toEqual(['miss', 'miss; threshold=0.8']);
      await indexed(1, other);
      expect((await clear('semantic', other)).body).toEqual({ namespace: 'semantic', cleared: 1 });
    }
    expect(cacheOf(await chat(asking(like), { key }))).toBe('semantic-hit');
  });

  it('pass through while Chroma is away, are marked, and come back with it', async () => {
    const { chroma } = opened.mesh.stores;
    if (chroma === undefined) throw new Error('this mesh has no Chroma');
    await chroma.kill();
    try {
      for (const gateway of [0, 1]) {
        const answer = await chat(asking(wordings()[0]), { gateway });
        expect([answer.status, semanticOf(answer)]).toEqual([200, 'degraded; reason=index_away']);
      }
      expect(await stateOf('semantic')).toMatchObject({ state: 'degraded', entries: null });
      const { body } = await opened.ask('/api/v1/health');
      expect(body['degraded']).toEqual(expect.arrayContaining([expect.stringContaining('chroma')]));
    } finally {
      await chroma.restart();
    }
    for (const gateway of [0, 1]) {
      await waitFor(async () => semanticOf(await chat(asking(wordings()[0]), { gateway }))?.startsWith('miss'));
    }
  });
});

describe('the cache as its tenant sees it (CR-4, CR-14, B-36, B-43)', () => {
  it('is counted over all replicas, and cleared in all of them, namespace by namespace', async () => {
    const key = await anotherTenant();
    const neighbour = await anotherTenant();
    const [question] = wordings();
    const body = asking(question, { signalbox: {} });
    expect(cacheOf(await chat(body, { key }))).toBe('miss');
    for (const gateway of [0, 1]) expect(cacheOf(await chat(body, { key, gateway }))).toBe('hit');
    await chat(body, { key: neighbour });
    await waitFor(async () => (await stateOf('api_response', { key })).hits === 2);
    expect(await stateOf('api_response', { key })).toMatchObject({
      state: 'ready',
      entries: 1,
      misses: 1,
      hit_ratio: 0.6667,
      ttl_seconds: 300,
    });
    const cleared = await clear('api_response', { key, gateway: 1 });
    expect(cleared.body).toEqual({ namespace: 'api_response', cleared: 1 });
    expect(cacheOf(await chat(body, { key, gateway: 0 }))).toBe('miss');
    expect(cacheOf(await chat(body, { key: neighbour }))).toBe('hit');
    const audited = await waitFor(async () => {
      const log = await opened.ask('/api/v1/audit-events?action=cache.cleared', { key });
      const events = log.body['data'] as Record<string, unknown>[];
      return events.length === 1 && events;
    });
    expect(audited).toMatchObject([{ action: 'cache.cleared', target: 'api_response', details: { cleared: 1 } }]);
  });

  it('is for administrators, and says what it does not have', async () => {
    const { key } = await opened.createKey({ scopes: ['chat:write', 'usage:read'] });
    expect((await opened.ask('/api/v1/cache', { key })).status).toBe(403);
    expect((await clear('api_response', { key })).status).toBe(403);
    const unknown = await clear('sessions');
    expect([unknown.status, unknown.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'namespace' })]]);
  });
});

describe('a model that judges (OD-27)', () => {
  const best = {
    messages: [{ role: 'user', content: 'Which?' }],
    signalbox: {
      models: ['first/m', 'second/m'],
      mode: 'best',
      scorer: { kind: 'judge', model: 'bench/judge' },
      explain: true,
    },
  };
  const naming = (text: string) => (request: ProviderRequest) => {
    const [, user] = request.json['messages'] as { content: string }[];
    const { answers } = JSON.parse(user?.content ?? '') as { answers: { id: string; text: string }[] };
    return JSON.stringify({ best: answers.find((answer) => answer.text === text)?.id });
  };

  it('picks the answer that is given, and is on record', async () => {
    second.behave({ pieces: ['the better'] });
    judge.behave({ say: naming('the better') });
    const key = await anotherTenant();
    const answer = await chat(best, { key });
    expect(answer.text).toContain('the better');
    expect(answer.body['routing']).toMatchObject({
      chosen: 'second/m',
      score: { asked: 'judge', used: 'judge', judge: 'bench/judge' },
    });
    const rows = await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/costs?tag=purpose:judge', { key });
      const found = body['data'] as CostRecord[];
      return found.length === 1 && found;
    });
    expect(rows).toMatchObject([{ provider: 'bench', outcome: 'ok', cost_basis: 'price' }]);
    const { body } = await opened.ask('/api/v1/costs', { key });
    expect(body['data']).toHaveLength(3);
  });

  it('is replaced openly when it fails', async () => {
    judge.behave({ status: 503 });
    const answer = await chat(best);
    expect([answer.status, answer.body['routing']]).toEqual([
      200,
      expect.objectContaining({ score: expect.objectContaining({ asked: 'judge', used: 'longest' }) }),
    ]);
    expect(answer.headers.get('x-signalbox-route')).toMatch(/scorer=longest; asked=judge$/);
  });
});

describe('speed_first (OD-4, LA-16)', () => {
  it('asks the slower one now and then, so that it is found when it has become the faster', async () => {
    const models = ['first/m', 'second/m'];
    const ask = async () => {
      const body = { messages: [{ role: 'user', content: randomUUID() }], stream: true };
      const answer = await chat({ ...body, signalbox: { models, strategy: 'speed_first' } });
      return answer.headers.get('x-signalbox-route')?.split(';')[0];
    };
    const seen = new Set<string | undefined>();
    // With a share of one half the chance that this takes longer than 100 requests is below 10^-29.
    for (let time = 0; time < 100 && seen.size < 2; time += 1) seen.add(await ask());
    expect([...seen].sort()).toEqual(models);
  });
});
