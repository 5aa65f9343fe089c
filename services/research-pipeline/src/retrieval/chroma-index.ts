import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepOutage, type Outage } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { ChromaClient, ChromaNotFoundError, ChromaServerError, type Collection, type Where } from 'chromadb';
import { IndexAway, type VectorEntry, type VectorIndex, type VectorSpace } from './vector-index.ts';

export interface ChromaIndexOptions {
  url: string;
  /** Before the names of collections. */
  prefix: string;
  logger: Logger;
  /** How long one call may take before Chroma counts as away. Default 15,000. */
  callMsMax?: number;
}

const collectionsMax = 1_000;
const idsPerReadMax = 1_000;
/** Chroma takes 5,461 entries and 40 MiB at once; a number in JSON has about ten characters. */
const [entriesPerWriteMax, numbersPerWriteMax] = [1_000, 500_000];
/** Chroma 1.0 fails a search in a collection while its first entry is being written; a moment later it answers. */
const searchWaitsMs = [10, 20, 40, 80, 160];

/**
 * The index in Chroma: one collection for each embedder and length of vector. An entry's id is the hash of tenant and passage, so
 * that tenants who have the same passage have each their own; the tenant stands in the filter of every search as well.
 * After a failure nobody waits for Chroma until a probe finds it again.
 */
export function openChromaIndex({ url, prefix, logger, callMsMax = 15_000 }: ChromaIndexOptions): VectorIndex {
  const { hostname, port, protocol } = new URL(url);
  const ssl = protocol === 'https:';
  const client = new ChromaClient({ host: hostname, port: Number(port) || (ssl ? 443 : 80), ssl });
  const family = `${prefix}-passages-v1-`.replaceAll(/[^a-zA-Z0-9_-]/g, '-');
  const collections = new Map<string, Promise<Collection>>();
  let outage: Outage = { kind: 'closed' };

  function isAway(): boolean {
    return outage.kind === 'half_open' || (outage.kind === 'open' && performance.now() < outage.probeAt);
  }

  async function ask<Answer>(call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    signal.throwIfAborted();
    if (isAway()) throw new IndexAway();
    if (outage.kind === 'open') outage = stepOutage(outage, 'probed', performance.now());
    try {
      const answer = await orAborted(call(), AbortSignal.any([signal, AbortSignal.timeout(callMsMax)]));
      if (outage.kind !== 'closed') {
        outage = stepOutage(outage, 'answered', performance.now());
        logger.info('vector_index.back');
      }
      return answer;
    } catch (error) {
      // Whoever left says nothing about Chroma, unless it was on probation.
      const left = signal.aborted;
      if (!left || outage.kind !== 'closed') {
        if (outage.kind === 'closed') logger.warn('vector_index.away', { error });
        outage = stepOutage(outage, 'failed', performance.now());
      }
      if (left) throw signal.reason;
      throw new IndexAway({ cause: error });
    }
  }

  /** Somebody may have deleted the collection: it is made again, and filled by whoever searches in it. */
  async function withCollection<Answer>(
    space: VectorSpace,
    use: (collection: Collection) => Promise<Answer>,
  ): Promise<Answer> {
    const name = `${family}${sha256(space.embedder).slice(0, 12)}-${String(space.dimensions)}`;
    try {
      return await use(await collectionOf(name, space));
    } catch (error) {
      collections.delete(name);
      if (!(error instanceof ChromaNotFoundError)) throw error;
      return use(await collectionOf(name, space));
    }
  }

  function collectionOf(name: string, { embedder }: VectorSpace): Promise<Collection> {
    let collection = collections.get(name);
    if (collection === undefined) {
      collection = client.getOrCreateCollection({
        name,
        metadata: { embedder },
        // The vectors are ours: the client's own way to make some downloads a model.
        embeddingFunction: null,
        configuration: { hnsw: { space: 'cosine' } },
      });
      collections.set(name, collection);
    }
    return collection;
  }

  return {
    isAway,
    known: (space, tenantId, chunkIds, signal) =>
      ask(async () => {
        const ids = new Map(chunkIds.map((chunkId) => [idOf(tenantId, chunkId), chunkId]));
        const found = new Set<string>();
        for (const batch of batchesOf([...ids.keys()], idsPerReadMax)) {
          const answer = await withCollection(space, (collection) => collection.get({ ids: batch, include: [] }));
          for (const id of answer.ids) found.add(ids.get(id) ?? id);
        }
        return found;
      }, signal),
    put: async (space, tenantId, entries, signal) => {
      const size = Math.max(1, Math.min(entriesPerWriteMax, Math.floor(numbersPerWriteMax / space.dimensions)));
      // The same id twice in one call is refused.
      const unique = [...new Map(entries.map((entry) => [entry.chunkId, entry])).values()];
      for (const batch of batchesOf(unique, size)) {
        await ask(
          () =>
            withCollection(space, (collection) =>
              collection.upsert({
                ids: batch.map(({ chunkId }) => idOf(tenantId, chunkId)),
                embeddings: batch.map(({ vector }) => [...vector]),
                metadatas: batch.map((entry) => metadataOf(tenantId, entry)),
              }),
            ),
          signal,
        );
      }
    },
    nearest: (space, { tenantId, sources, vector, limit }, signal) =>
      ask(async () => {
        const where: Where = { $and: [{ tenant: { $eq: tenantId } }, { source: { $in: [...sources] } }] };
        const found = await withCollection(space, (collection) =>
          patiently(() =>
            collection.query<EntryMetadata>({
              queryEmbeddings: [[...vector]],
              nResults: limit,
              where,
              include: ['metadatas', 'distances'],
            }),
          ),
        );
        const distances = found.distances[0] ?? [];
        return (found.metadatas[0] ?? [])
          .map((metadata, index) => ({ metadata, distance: distances[index] }))
          .flatMap(({ metadata, distance }) =>
            // Whatever the filter did: nobody gets what is another's.
            metadata?.tenant === tenantId && typeof distance === 'number'
              ? [{ chunkId: metadata.chunk, similarity: 1 - distance }]
              : [],
          )
          .sort((one, other) => other.similarity - one.similarity || (one.chunkId < other.chunkId ? -1 : 1));
      }, signal),
    forget: (tenantId, sources, signal) =>
      ask(async () => {
        const where: Where = { $and: [{ tenant: { $eq: tenantId } }, { source: { $in: [...sources] } }] };
        const all = await client.listCollections({ limit: collectionsMax });
        for (const collection of all) if (collection.name.startsWith(family)) await collection.delete({ where });
      }, signal),
    async ping(signal) {
      await orAborted(client.heartbeat(), signal);
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface EntryMetadata extends Record<string, string> {
  tenant: string;
  source: string;
  chunk: string;
}

function metadataOf(tenantId: string, { sourceSha256, chunkId }: VectorEntry): EntryMetadata {
  return { tenant: tenantId, source: sourceSha256, chunk: chunkId };
}

function idOf(tenantId: string, chunkId: string): string {
  return sha256(`${tenantId}|${chunkId}`);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function batchesOf<Item>(items: readonly Item[], size: number): Item[][] {
  const batches: Item[][] = [];
  for (let at = 0; at < items.length; at += size) batches.push(items.slice(at, at + size));
  return batches;
}

async function patiently<Answer>(search: () => Promise<Answer>): Promise<Answer> {
  for (const waitMs of searchWaitsMs) {
    try {
      return await search();
    } catch (error) {
      if (!(error instanceof ChromaServerError)) throw error;
      await sleep(waitMs);
    }
  }
  return search();
}

/** The client knows no timeouts: a call that takes too long is left to itself. */
function orAborted<Value>(call: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    call.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', leave);
    });
  });
}
