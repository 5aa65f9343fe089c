import { describe, expect, it } from '@jest/globals';
import { AppError } from '@signalbox/errors';
import { startChromaServer, waitFor } from '@signalbox/test-kit';
import { createRanker, type RankInput, type RankerOptions } from '../src/retrieval/create-ranker.ts';
import { EmbeddingRefused, type Embedder, type Spending } from '../src/retrieval/embedder.ts';
import { forgetSources } from '../src/retrieval/forgotten-source-store.ts';
import { fuseWordsAndVectors } from '../src/retrieval/fuse-rankings.ts';
import { createHashedEmbedder } from '../src/retrieval/hashed-embedder.ts';
import { createLexicalIndex } from '../src/retrieval/lexical-index.ts';
import { tendIndex } from '../src/retrieval/tend-index.ts';
import { IndexAway, type VectorEntry, type VectorIndex, type VectorSpace } from '../src/retrieval/vector-index.ts';
import { addWaitingVectors } from '../src/retrieval/waiting-vector-store.ts';
import { aTenant, chunksOf, cosine, openTestIndex, openTestRows, silent, someVector } from './retrieval-room.ts';

const texts = [
  'Honey bees store honey in wax cells as food for the winter. A colony needs about 20 kilograms of it.',
  'The copper pump of the boiler was leaking steam. It was replaced in May by the crew of the night.',
  'Steam leaks are found by sound. A leaking valve whistles before it fails, and a pump hums.',
  'Whales sing in the deep ocean. Their songs are heard over hundreds of kilometres.',
  'The committee met on Monday. Nothing was decided about the budget of the library.',
];
const question = 'Why did the pump leak steam?';
const signal = AbortSignal.timeout(120_000);
const spending: Spending = { reserving: (_tokensMax, call) => call(), onUsage: () => undefined };
const input = (more: Partial<RankInput> = {}): RankInput => ({
  question,
  chunks: chunksOf(...texts),
  limit: 3,
  idempotencyKey: 'test',
  signal,
  ...more,
});

const ranker = (index: RankerOptions['index'], more: Partial<RankerOptions> = {}) =>
  createRanker({
    tenantId: aTenant(),
    embedder: createHashedEmbedder(),
    index,
    defer: () => Promise.reject(new Error('nothing was to be kept for later')),
    logger: silent,
    ...more,
  });

/** An embedder that counts what it is asked for, as a model that is paid. */
function countingEmbedder(fail: () => Error | null = () => null): Embedder & { asked: string[][] } {
  const asked: string[][] = [];
  const embed: Embedder['embed'] = (given, { spending }) =>
    spending.reserving(given.length, () => {
      asked.push([...given]);
      const error = fail();
      if (error !== null) return Promise.reject(error);
      spending.onUsage({ inputTokens: given.length, costUsd: 0.5 });
      return Promise.resolve(given.map((text) => someVector(text, 32)));
    });
  return {
    name: 'counting',
    kind: 'model',
    embed,
    embedQuestion: async (text, options) => (await embed([text], options))[0] ?? [],
    asked,
  };
}

const away: Pick<VectorIndex, 'isAway' | 'known' | 'put' | 'nearest'> = openTestIndex('http://127.0.0.1:9');

describe('CR-6: ranking passages', () => {
  it('gives by way of Chroma the order that comparing every vector gives', async () => {
    await using index = openTestIndex();
    const given = input({ limit: 1 });
    const embedder = createHashedEmbedder();
    const lexical = await createLexicalIndex(given.chunks.map(({ text }) => text));
    const options = { ...lexical, signal, idempotencyKey: 'test', spending };
    const vectors = await embedder.embed(
      given.chunks.map(({ text }) => text),
      options,
    );
    const asked = await embedder.embedQuestion(question, options);
    const byVectors = vectors
      .map((vector, at) => ({ index: at, score: cosine(vector, asked) }))
      .sort((one, other) => other.score - one.score);
    const expected = fuseWordsAndVectors(lexical.search(question), byVectors, 'lexical')[0];

    const { ranked, degraded } = await ranker(index)(given);
    expect(degraded).toBeNull();
    expect(ranked).toHaveLength(1);
    expect(ranked[0]?.chunk).toEqual(given.chunks[expected?.index ?? -1]);
    expect(ranked[0]?.score).toBeCloseTo(expected?.score ?? 0, 6);
    expect(ranked[0]?.chunk.text).toContain('pump');
  });

  it('gives nothing where no passage has anything to do with the question, and nothing for no passages', async () => {
    await using index = openTestIndex();
    expect((await ranker(index)(input({ question: 'quantum chromodynamics lattice' }))).ranked).toEqual([]);
    expect((await ranker(index)(input({ chunks: [] }))).ranked).toEqual([]);
  });

  it('gives one of two copies while there is something else', async () => {
    await using index = openTestIndex();
    const chunks = chunksOf(texts[1] ?? '', `${texts[1] ?? ''} `, texts[2] ?? '');
    const { ranked } = await ranker(index)(input({ chunks, limit: 2 }));
    expect(new Set(ranked.map(({ chunk }) => chunk.text))).toEqual(new Set([texts[1], texts[2]]));
  });

  it('embeds a passage once for all questions and all jobs of a tenant, and pays for it once', async () => {
    await using index = openTestIndex();
    const embedder = countingEmbedder();
    const tenantId = aTenant();
    const rank = ranker(index, { embedder, tenantId });
    const given = input();
    const together = await Promise.all([rank(given), rank({ ...given, question: 'How do whales sing?' })]);
    expect(embedder.asked.flat().filter((text) => texts.includes(text))).toHaveLength(texts.length);
    // Two questions and five passages.
    expect(together.reduce((sum, { usage }) => sum + usage.inputTokens, 0)).toBe(7);

    const later = await ranker(index, { embedder, tenantId })(input());
    expect(embedder.asked.flat().filter((text) => texts.includes(text))).toHaveLength(texts.length);
    expect(later.usage).toEqual({ inputTokens: 1, costUsd: 0.5 });
  });

  it('goes by words and says so when the embedder fails, and does not hide a fault of our own', async () => {
    await using index = openTestIndex();
    const failed = countingEmbedder(() => new AppError('provider_failed', 'The model is overloaded.'));
    const { ranked, degraded } = await ranker(index, { embedder: failed })(input());
    expect(degraded).toContain('The model is overloaded.');
    expect(ranked[0]?.chunk.text).toContain('pump');
    const broken = countingEmbedder(() => new TypeError('a fault'));
    await expect(ranker(index, { embedder: broken })(input())).rejects.toThrow('a fault');
  });

  it('goes by words and says so without an index, and embeds nothing', async () => {
    const embedder = countingEmbedder();
    const { ranked, degraded } = await ranker(null, { embedder })(input());
    expect(degraded).not.toBeNull();
    expect(ranked[0]?.chunk.text).toContain('pump');
    expect(embedder.asked).toEqual([]);
  });

  it('pays for no passage while the index is away', async () => {
    const embedder = countingEmbedder();
    const rank = ranker(away, { embedder });
    for (const _time of [1, 2]) expect((await rank(input())).degraded).toBe('The vector index does not answer.');
    expect(embedder.asked.flat().filter((text) => texts.includes(text))).toEqual([]);
  });

  it('embeds nothing that there is no room for, and says so', async () => {
    await using index = openTestIndex();
    const embedder = countingEmbedder();
    const refused: number[] = [];
    const reserving: RankInput['reserving'] = (tokensMax, call) => {
      if (tokensMax === 1) return call();
      refused.push(tokensMax);
      return Promise.reject(new EmbeddingRefused('the budget is used up.'));
    };
    const { ranked, degraded, usage } = await ranker(index, { embedder })(input({ reserving }));
    expect(degraded).toContain('the budget is used up.');
    expect(ranked[0]?.chunk.text).toContain('pump');
    expect([refused, embedder.asked, usage.inputTokens]).toEqual([[texts.length], [[question]], 1]);
  });

  it('tells what was paid also where the index went away behind it', async () => {
    await using index = openTestIndex();
    const failing = { ...index, put: () => Promise.reject(new IndexAway()) };
    const kept: number[] = [];
    const defer: RankerOptions['defer'] = (_space, entries) => {
      kept.push(entries.length);
      return Promise.resolve();
    };
    const { degraded, usage } = await ranker(failing, { embedder: countingEmbedder(), defer })(input());
    expect([degraded, usage.inputTokens, kept]).toEqual([
      'The vector index does not answer.',
      1 + texts.length,
      [texts.length],
    ]);
  });

  it('stops with the reason of whoever left, and calls that no degradation', async () => {
    const leaving = AbortSignal.abort(new Error('cancelled'));
    await expect(ranker(away)(input({ signal: leaving }))).rejects.toThrow('cancelled');
  });
});

describe('CR-6: Chroma away', () => {
  it('ranks by words, keeps the vectors, and brings them to Chroma when it is there again, each once', async () => {
    await using owned = new AsyncDisposableStack();
    const database = await openTestRows(owned);
    const chroma = owned.use(await startChromaServer());
    const index = owned.use(openTestIndex(chroma.url));
    const tenantId = aTenant();
    const spaces: VectorSpace[] = [];
    const defer = (space: VectorSpace, entries: readonly VectorEntry[]) => {
      spaces.push(space);
      return addWaitingVectors(database.db, { tenantId, space, entries });
    };
    const waiting = async () => (await database.db.selectFrom('waiting_vectors').select('chunk_id').execute()).length;
    const rank = ranker(index, { tenantId, defer });

    await chroma.kill();
    const without = await rank(input());
    expect(without.degraded).toBe('The vector index does not answer.');
    expect(without.ranked[0]?.chunk.text).toContain('pump');
    await rank(input());
    expect(await waiting()).toBe(texts.length);
    // Whether it is tried or not depends on when it was tried last; either way nothing is lost.
    await tendIndex({ database, index, logger: silent }, signal).catch((error: unknown) => {
      expect(error).toBeInstanceOf(IndexAway);
    });
    expect(await waiting()).toBe(texts.length);

    await chroma.restart();
    const tended = await waitFor(
      async () => {
        const done = await tendIndex({ database, index, logger: silent }, signal);
        return done.filled > 0 && done;
      },
      { timeoutMs: 60_000 },
    );
    expect(tended.filled).toBe(texts.length);
    expect(await waiting()).toBe(0);
    const ids = chunksOf(...texts).map(({ id }) => id);
    const space = spaces[0] ?? { embedder: '', dimensions: 0 };
    expect(await index.known(space, tenantId, ids, signal)).toEqual(new Set(ids));
    expect((await rank(input())).degraded).toBeNull();
  });

  it('forgets what it was told to meanwhile, of that tenant alone, and does not bring it back', async () => {
    await using owned = new AsyncDisposableStack();
    const database = await openTestRows(owned);
    const index = owned.use(openTestIndex());
    const space = { embedder: 'test', dimensions: 32 };
    const [tenantId, other] = [aTenant(), aTenant()];
    const chunks = chunksOf(...texts);
    const entries = chunks.map(({ id, sourceSha256, text }) => ({
      chunkId: id,
      sourceSha256,
      vector: someVector(text, 32),
    }));
    await addWaitingVectors(database.db, { tenantId, space, entries });
    await addWaitingVectors(database.db, { tenantId: other, space, entries });
    await addWaitingVectors(database.db, { tenantId: other, space, entries });
    await index.put(space, tenantId, entries.slice(1, 2), signal);
    await forgetSources(
      database.db,
      tenantId,
      chunks.slice(1).map(({ sourceSha256 }) => sourceSha256),
    );
    expect(await tendIndex({ database, index, logger: silent }, signal)).toEqual({
      filled: 1 + texts.length,
      forgotten: texts.length - 1,
    });
    const ids = chunks.map(({ id }) => id);
    expect(await index.known(space, tenantId, ids, signal)).toEqual(new Set(ids.slice(0, 1)));
    expect(await index.known(space, other, ids, signal)).toEqual(new Set(ids));
  });
});
