import { describe, expect, it } from '@jest/globals';
import { startChromaServer, startHttpSink, testStore, waitFor } from '@signalbox/test-kit';
import { ChromaClient } from 'chromadb';
import { openChromaIndex } from '../src/retrieval/chroma-index.ts';
import { IndexAway } from '../src/retrieval/vector-index.ts';
import { aTenant, cosine, openTestIndex, silent, someEntries, someVector } from './retrieval-room.ts';

const dimensions = 64;
const space = { embedder: 'test', dimensions };
const signal = AbortSignal.timeout(120_000);

async function countOf(prefix: string): Promise<number> {
  const { hostname, port } = new URL(testStore('SIGNALBOX_TEST_CHROMA_URL'));
  const client = new ChromaClient({ host: hostname, port: Number(port) });
  const all = await client.listCollections({ limit: 1_000 });
  const counts = all.filter(({ name }) => name.startsWith(prefix)).map((collection) => collection.count());
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

describe('CR-6, LA-11: the index of passages in Chroma', () => {
  it('finds what is found when every vector is compared, among many tenants', async () => {
    await using index = openTestIndex();
    const tenants = Array.from({ length: 12 }, () => aTenant());
    for (const tenantId of tenants) {
      await index.put(space, tenantId, someEntries(tenantId, { count: 40, sources: 4, dimensions }), signal);
    }
    for (const tenantId of tenants.slice(0, 4)) {
      const entries = someEntries(tenantId, { count: 40, sources: 4, dimensions });
      const sources = [...new Set(entries.map(({ sourceSha256 }) => sourceSha256))].slice(0, 3);
      const vector = someVector(`question of ${tenantId}`, dimensions);
      const expected = entries
        .filter(({ sourceSha256 }) => sources.includes(sourceSha256))
        .map(({ chunkId, vector: other }) => ({ chunkId, similarity: cosine(vector, other) }))
        .sort((one, other) => other.similarity - one.similarity);
      const near = await index.nearest(space, { tenantId, sources, vector, limit: 200 }, signal);
      expect(near.map(({ chunkId }) => chunkId)).toEqual(expected.map(({ chunkId }) => chunkId));
      near.forEach(({ similarity }, at) => {
        expect(similarity).toBeCloseTo(expected[at]?.similarity ?? 0, 3);
      });
    }
  });

  it('keeps tenants apart who have the very same passages', async () => {
    await using index = openTestIndex();
    const [one, other] = [aTenant(), aTenant()];
    const entries = someEntries('same', { count: 3, sources: 1, dimensions });
    const sources = [entries[0]?.sourceSha256 ?? ''];
    const ids = entries.map(({ chunkId }) => chunkId);
    const question = { sources, vector: someVector('question', dimensions), limit: 10 };
    await index.put(space, one, entries, signal);

    expect(await index.known(space, one, ids, signal)).toEqual(new Set(ids));
    expect(await index.known(space, other, ids, signal)).toEqual(new Set());
    expect(await index.nearest(space, { ...question, tenantId: other }, signal)).toEqual([]);

    await index.put(space, other, entries, signal);
    await index.forget(one, sources, signal);
    expect(await index.known(space, one, ids, signal)).toEqual(new Set());
    expect(await index.nearest(space, { ...question, tenantId: other }, signal)).toHaveLength(3);
  });

  it('has each passage once, however often it is put, even twice in one call', async () => {
    await using index = openTestIndex();
    const tenantId = aTenant();
    const entries = someEntries('again', { count: 5, sources: 1, dimensions });
    await index.put(space, tenantId, [...entries, ...entries], signal);
    await index.put(space, tenantId, entries, signal);
    expect(await countOf(index.prefix)).toBe(5);
  });

  it('does not mix vectors of different embedders or lengths', async () => {
    await using index = openTestIndex();
    const tenantId = aTenant();
    const [short, long] = [
      someEntries('a', { count: 2, sources: 1, dimensions }),
      someEntries('a', { count: 2, sources: 1, dimensions: 96 }),
    ];
    await index.put(space, tenantId, short, signal);
    await index.put({ ...space, dimensions: 96 }, tenantId, long, signal);
    const ids = short.map(({ chunkId }) => chunkId);
    expect(await index.known({ embedder: 'another', dimensions }, tenantId, ids, signal)).toEqual(new Set());
    const asked = { tenantId, sources: [short[0]?.sourceSha256 ?? ''], limit: 5 };
    expect(await index.nearest(space, { ...asked, vector: someVector('q', dimensions) }, signal)).toHaveLength(2);
    expect(
      await index.nearest({ ...space, dimensions: 96 }, { ...asked, vector: someVector('q', 96) }, signal),
    ).toHaveLength(2);
  });

  it('is there again after somebody deleted its collection', async () => {
    await using index = openTestIndex();
    const tenantId = aTenant();
    const entries = someEntries('gone', { count: 2, sources: 1, dimensions });
    await index.put(space, tenantId, entries, signal);
    const { hostname, port } = new URL(testStore('SIGNALBOX_TEST_CHROMA_URL'));
    const client = new ChromaClient({ host: hostname, port: Number(port) });
    for (const { name } of await client.listCollections({ limit: 1_000 })) {
      if (name.startsWith(index.prefix)) await client.deleteCollection({ name });
    }
    await index.put(space, tenantId, entries, signal);
    expect(await countOf(index.prefix)).toBe(2);
  });

  it('says that Chroma is away, and comes back with it and what it held', async () => {
    await using chroma = await startChromaServer();
    await using index = openTestIndex(chroma.url);
    const tenantId = aTenant();
    const entries = someEntries('kept', { count: 4, sources: 1, dimensions });
    const ids = entries.map(({ chunkId }) => chunkId);
    await index.put(space, tenantId, entries, signal);

    await chroma.kill();
    await expect(index.known(space, tenantId, ids, signal)).rejects.toThrow(IndexAway);
    await expect(index.known(space, tenantId, ids, signal)).rejects.toThrow(IndexAway);

    await chroma.restart();
    const known = await waitFor(() => index.known(space, tenantId, ids, signal), { timeoutMs: 60_000 });
    expect(known).toEqual(new Set(ids));
    expect(index.isAway()).toBe(false);
  });

  it('does not wait for a Chroma that says nothing, and then not at all for a while (R8)', async () => {
    await using frozen = await startHttpSink();
    frozen.behave(() => 'hang');
    await using index = openChromaIndex({ url: frozen.url, prefix: 'test', logger: silent, callMsMax: 200 });
    const asked = Array.from({ length: 20 }, () => index.known(space, aTenant(), ['x'], signal));
    for (const outcome of await Promise.allSettled(asked)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(IndexAway) });
    }
  });

  it('rejects with the reason of whoever left, and does not take that for an outage', async () => {
    await using index = openTestIndex();
    const leaving = new AbortController();
    const asked = index.known(space, aTenant(), ['x'], leaving.signal);
    leaving.abort(new Error('left'));
    await expect(asked).rejects.toThrow('left');
    expect(index.isAway()).toBe(false);
  });
});
