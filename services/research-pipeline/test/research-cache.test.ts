import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { openRedis, type OpenRedis } from '@signalbox/redis';
import { createMetrics } from '@signalbox/telemetry';
import { testStore } from '@signalbox/test-kit';
import { openCache, type ResearchCache } from '../src/cache/open-cache.ts';
import type { Embedder, EmbeddingUsage } from '../src/retrieval/embedder.ts';
import type { SearchProvider } from '../src/search/search-provider.ts';
import type { Hit } from '../src/sources/source.ts';
import { aTenant, silent, someVector } from './retrieval-room.ts';

const signal = AbortSignal.timeout(60_000);
const paid: number[] = [];
const options = {
  signal,
  idempotencyKey: 'test',
  spending: {
    reserving: <Result>(_tokensMax: number, call: () => Promise<Result>) => call(),
    onUsage: ({ inputTokens }: EmbeddingUsage) => paid.push(inputTokens),
  },
};
const hit: Hit = {
  provider: 'brave',
  url: 'https://a.test/',
  documentId: null,
  title: 'A',
  snippet: 'a',
  publishedAt: null,
};

interface Room extends AsyncDisposable {
  cache: ResearchCache;
  redis: OpenRedis['redis'];
  prefix: string;
}

async function openRoom(url = testStore('SIGNALBOX_TEST_REDIS_URL')): Promise<Room> {
  const owned = new AsyncDisposableStack();
  const connection = owned.use(openRedis({ url, name: 'test', use: 'request', timeoutMs: 10_000, logger: silent }));
  await connection.settled(url.endsWith(':9') ? 0 : 10_000);
  const { redis } = connection;
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  const metrics = createMetrics({ service: 'research-pipeline' });
  const cache = owned.use(openCache({ redis, prefix, logger: silent, metrics }));
  return { cache, redis, prefix, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function countingProvider(name = 'brave', search: () => Promise<Hit[]> = () => Promise.resolve([hit])) {
  const asked: string[] = [];
  const provider: SearchProvider = {
    name,
    search(query) {
      asked.push(query);
      return search();
    },
  };
  return { provider, asked };
}

function countingEmbedder(name = 'openai/small'): Embedder & { asked: string[] } {
  const asked: string[] = [];
  const embed: Embedder['embed'] = (texts, { spending }) => {
    asked.push(...texts);
    spending.onUsage({ inputTokens: texts.length, costUsd: 1 });
    return Promise.resolve(texts.map((text) => someVector(text, 16)));
  };
  const embedQuestion: Embedder['embedQuestion'] = async (text, given) => (await embed([text], given))[0] ?? [];
  return { name, kind: 'model', embed, embedQuestion, asked };
}

describe('CR-4, LA-4: the cache of searches', () => {
  it('asks a provider once for the same thing, and again for another query, limit, language, provider or tenant', async () => {
    await using room = await openRoom();
    const [one, other] = [aTenant(), aTenant()];
    const { provider, asked } = countingProvider();
    const cached = room.cache.searches(provider, one);
    expect(await cached.search('bees', { limit: 5, signal })).toEqual([hit]);
    expect(await cached.search('bees', { limit: 5, signal })).toEqual([hit]);
    expect(asked).toHaveLength(1);
    await cached.search('wasps', { limit: 5, signal });
    await cached.search('bees', { limit: 6, signal });
    await cached.search('bees', { limit: 5, signal, language: 'de' });
    await room.cache.searches(provider, other).search('bees', { limit: 5, signal });
    expect(asked).toHaveLength(5);
    const another = countingProvider('searxng');
    await room.cache.searches(another.provider, one).search('bees', { limit: 5, signal });
    expect(another.asked).toHaveLength(1);
  });

  it('asks once when many want to know the same at once', async () => {
    await using room = await openRoom();
    const { provider, asked } = countingProvider();
    const cached = room.cache.searches(provider, aTenant());
    const answers = await Promise.all(Array.from({ length: 50 }, () => cached.search('bees', { limit: 5, signal })));
    expect(answers.every(([first]) => first?.url === hit.url)).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('keeps no failure, and keeps that nothing was found', async () => {
    await using room = await openRoom();
    const failing = countingProvider('brave', () => Promise.reject(new AppError('rate_limited', 'Too often.')));
    const cached = room.cache.searches(failing.provider, aTenant());
    for (const _time of [1, 2]) await expect(cached.search('bees', { limit: 5, signal })).rejects.toThrow('Too often.');
    expect(failing.asked).toHaveLength(2);
    const empty = countingProvider('searxng', () => Promise.resolve([]));
    for (const _time of [1, 2]) {
      expect(await room.cache.searches(empty.provider, aTenant()).search('bees', { limit: 5, signal })).toEqual([]);
    }
  });

  it('always asks the documents of the tenant, and leaves a provider that lacks something as it is', async () => {
    await using room = await openRoom();
    const { provider, asked } = countingProvider('documents');
    const cached = room.cache.searches(provider, aTenant());
    for (const _time of [1, 2]) await cached.search('bees', { limit: 5, signal });
    expect(asked).toHaveLength(2);
    const lacking = { ...provider, name: 'tavily', missing: 'TAVILY_API_KEY' };
    expect(room.cache.searches(lacking, aTenant())).toBe(lacking);
  });
});

describe('CR-4, LA-4: the cache of embeddings', () => {
  it('asks a model once for each text, and pays for what it was asked alone', async () => {
    await using room = await openRoom();
    const tenantId = aTenant();
    const embedder = countingEmbedder();
    const cached = room.cache.embeddings(embedder, tenantId);
    paid.length = 0;
    const first = await cached.embed(['one', 'two', 'one'], options);
    expect(first).toEqual(['one', 'two', 'one'].map((text) => someVector(text, 16)));
    expect(embedder.asked).toEqual(['one', 'two']);
    const second = await cached.embed(['two', 'three'], options);
    expect(embedder.asked).toEqual(['one', 'two', 'three']);
    expect(paid).toEqual([2, 1]);
    second[0]?.forEach((value, at) => {
      expect(value).toBeCloseTo(someVector('two', 16)[at] ?? 0, 6);
    });
    await cached.embed(['one', 'two', 'three'], options);
    expect(paid).toEqual([2, 1]);
    await room.cache.embeddings(embedder, aTenant()).embed(['one'], options);
    const another = countingEmbedder('openai/large');
    await room.cache.embeddings(another, tenantId).embed(['one'], options);
    expect([embedder.asked.length, another.asked.length]).toEqual([4, 1]);
  });

  it('is a miss where what is kept is damaged', async () => {
    await using room = await openRoom();
    const embedder = countingEmbedder();
    const cached = room.cache.embeddings(embedder, aTenant());
    await cached.embed(['one'], options);
    for (const key of await room.redis.keys(`${room.prefix}:cache:research_embedding:*`))
      await room.redis.append(key, 'x');
    await cached.embed(['one'], options);
    expect(embedder.asked).toEqual(['one', 'one']);
  });
});

describe('CR-5, CR-14, B-43: statistics and clearing', () => {
  it('count what one tenant looked up and has, in each namespace', async () => {
    await using room = await openRoom();
    const [tenantId, other] = [aTenant(), aTenant()];
    await room.cache.embeddings(countingEmbedder(), tenantId).embed(['one', 'two'], options);
    await room.cache.embeddings(countingEmbedder(), tenantId).embed(['one'], options);
    await room.cache.searches(countingProvider().provider, tenantId).search('bees', { limit: 5, signal });
    const statistics = await room.cache.statistics(tenantId);
    const of = (name: string) => statistics.find(({ namespace }) => namespace === name);
    expect(of('research_search')).toMatchObject({ hits: 0, misses: 1, entries: 1 });
    expect(of('research_embedding')).toMatchObject({ hits: 1, misses: 2, entries: 2, bytes: 2 * 16 * 4 });
    for (const each of await room.cache.statistics(other))
      expect(each).toMatchObject({ hits: 0, misses: 0, entries: 0 });
  });

  it('clear one namespace of one tenant and nothing else', async () => {
    await using room = await openRoom();
    const [tenantId, other] = [aTenant(), aTenant()];
    const { provider } = countingProvider();
    for (const each of [tenantId, other]) {
      await room.cache.embeddings(countingEmbedder(), each).embed(['one', 'two'], options);
      await room.cache.searches(provider, each).search('bees', { limit: 5, signal });
    }
    const stranger = `${room.prefix}:research_embedding:of-somebody-else`;
    await room.redis.set(stranger, 'kept');

    expect(await room.cache.clear(tenantId, 'research_embedding')).toBe(2);
    const left = async (id: string) =>
      (await room.cache.statistics(id))
        .filter(({ namespace }) => namespace !== 'entity_match')
        .map(({ entries }) => entries);
    expect(await left(tenantId)).toEqual([1, 0]);
    expect(await left(other)).toEqual([1, 2]);
    expect(await room.cache.clear(other)).toBe(3);
    expect(await left(tenantId)).toEqual([1, 0]);
    expect(await room.redis.get(stranger)).toBe('kept');
  });

  it('asks for everything again while Redis is away, and says that it cannot tell', async () => {
    await using room = await openRoom('redis://127.0.0.1:9');
    const { provider, asked } = countingProvider();
    const cached = room.cache.searches(provider, aTenant());
    for (const _time of [1, 2]) expect(await cached.search('bees', { limit: 5, signal })).toEqual([hit]);
    expect(asked).toHaveLength(2);
    await expect(room.cache.statistics(aTenant())).rejects.toMatchObject({ code: 'unavailable' });
    await expect(room.cache.clear(aTenant())).rejects.toMatchObject({ code: 'unavailable' });
  });
});
