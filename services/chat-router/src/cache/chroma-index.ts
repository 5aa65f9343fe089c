import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import { stepOutage, type Outage } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { ChromaClient, ChromaNotFoundError, ChromaServerError, type Collection, type Where } from 'chromadb';
import { IndexAway, type IndexEntry, type VectorIndex } from './vector-index.ts';

export interface ChromaIndexOptions {
  url: string;
  /** Before the names of collections. */
  prefix: string;
  /** Vectors of different models are not to be compared: each model has collections of its own. */
  embeddingModel: string;
  logger: Logger;
  now?: () => number;
}

/** More than one, since an answer that was found may be gone. */
const neighboursMax = 5;
const pageSize = 1_000;
const collectionsMax = 1_000;
const forgetEveryMs = 60_000;
const backgroundMsMax = 10_000;
/** Chroma 1.0 fails a search in a collection while its first entry is being written; a moment later it answers. */
const searchWaitsMs = [10, 20, 40, 80, 160];

/**
 * The index in Chroma: one collection for each model and length of vector, the tenant and everything else in the metadata of
 * each entry and in the filter of each search. After a failure nobody waits for Chroma until a probe finds it again.
 */
export function openChromaIndex(options: ChromaIndexOptions): VectorIndex {
  const { url, prefix, embeddingModel, logger, now = Date.now } = options;
  const { hostname, port, protocol } = new URL(url);
  const ssl = protocol === 'https:';
  const client = new ChromaClient({ host: hostname, port: Number(port) || (ssl ? 443 : 80), ssl });
  const family = `${prefix}-questions-v1-`.replaceAll(/[^a-zA-Z0-9_-]/g, '-');
  const model = createHash('sha256').update(embeddingModel).digest('hex').slice(0, 12);
  const collections = new Map<number, Promise<Collection>>();
  let outage: Outage = { kind: 'closed' };

  const forgetting = setInterval(() => {
    forgetExpired().catch(() => undefined);
  }, forgetEveryMs).unref();

  function isAway(): boolean {
    return outage.kind === 'half_open' || (outage.kind === 'open' && performance.now() < outage.probeAt);
  }

  async function ask<Answer>(call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    if (isAway()) throw new IndexAway();
    if (outage.kind === 'open') outage = stepOutage(outage, 'probed', performance.now());
    try {
      const answer = await orAborted(call(), signal);
      if (outage.kind !== 'closed') {
        outage = stepOutage(outage, 'answered', performance.now());
        logger.info('semantic_cache.index_back');
      }
      return answer;
    } catch (error) {
      // Whoever left says nothing about Chroma, unless it was on probation.
      const left = signal.reason instanceof AppError && signal.reason.code !== 'timeout';
      if (left && outage.kind === 'closed') throw error;
      if (outage.kind === 'closed') logger.warn('semantic_cache.index_away', { error });
      outage = stepOutage(outage, 'failed', performance.now());
      throw new IndexAway({ cause: error });
    }
  }

  /** Somebody may have deleted the collection: it is made again, and filled by what is answered from now on. */
  async function withCollection<Answer>(
    length: number,
    use: (collection: Collection) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      return await use(await collectionFor(length));
    } catch (error) {
      collections.delete(length);
      if (!(error instanceof ChromaNotFoundError)) throw error;
      return use(await collectionFor(length));
    }
  }

  function collectionFor(length: number): Promise<Collection> {
    let collection = collections.get(length);
    if (collection === undefined) {
      collection = client.getOrCreateCollection({
        name: `${family}${model}-${String(length)}`,
        // The vectors are ours: the client's own way to make some downloads a model.
        embeddingFunction: null,
        configuration: { hnsw: { space: 'cosine' } },
      });
      collections.set(length, collection);
    }
    return collection;
  }

  /** Those of former models too. */
  async function ownCollections(): Promise<Collection[]> {
    const all = await client.listCollections({ limit: collectionsMax });
    return all.filter(({ name }) => name.startsWith(family));
  }

  async function forgetExpired(): Promise<void> {
    const before = Math.floor(now());
    await ask(async () => {
      for (const collection of await ownCollections()) {
        await collection.delete({ where: { expires_at: { $lt: before } } });
      }
    }, AbortSignal.timeout(backgroundMsMax));
  }

  return {
    isAway,
    nearest: (vector, { tenantId, context }, signal) =>
      ask(async () => {
        const where: Where = {
          $and: [
            { tenant: { $eq: tenantId } },
            { context: { $eq: context } },
            { expires_at: { $gt: Math.floor(now()) } },
          ],
        };
        const found = await withCollection(vector.length, (collection) =>
          patiently(() =>
            collection.query<EntryMetadata>({
              queryEmbeddings: [[...vector]],
              nResults: neighboursMax,
              where,
              include: ['metadatas', 'distances'],
            }),
          ),
        );
        const distances = found.distances[0] ?? [];
        const metadatas = found.metadatas[0] ?? [];
        return (found.ids[0] ?? [])
          .map((reference, index) => ({ reference, distance: distances[index], metadata: metadatas[index] }))
          .flatMap(({ reference, distance, metadata }) =>
            // Whatever the filter did: nobody gets what is another's.
            metadata?.tenant === tenantId && metadata.context === context && typeof distance === 'number'
              ? [{ reference, similarity: 1 - distance }]
              : [],
          )
          .sort((a, b) => b.similarity - a.similarity);
      }, signal),
    put: (vector, entry, signal) =>
      ask(
        () =>
          withCollection(vector.length, (collection) =>
            collection.upsert({
              ids: [entry.reference],
              embeddings: [[...vector]],
              metadatas: [metadataOf(entry)],
            }),
          ),
        signal,
      ),
    count: (tenantId, signal) =>
      ask(async () => {
        let entries = 0;
        const where: Where = { $and: [{ tenant: { $eq: tenantId } }, { expires_at: { $gt: Math.floor(now()) } }] };
        for (const collection of await ownCollections()) {
          for (let offset = 0, more = true; more; offset += pageSize) {
            const { ids } = await collection.get({ where, include: [], limit: pageSize, offset });
            entries += ids.length;
            more = ids.length === pageSize;
          }
        }
        return entries;
      }, signal),
    clear: (tenantId, signal) =>
      ask(async () => {
        let cleared = 0;
        for (const collection of await ownCollections()) {
          for (let more = true; more;) {
            const where: Where = { tenant: { $eq: tenantId } };
            const { ids } = await collection.get({ where, include: [], limit: pageSize });
            if (ids.length > 0) await collection.delete({ ids });
            cleared += ids.length;
            more = ids.length === pageSize;
          }
        }
        return cleared;
      }, signal),
    async ping(signal) {
      await orAborted(client.heartbeat(), signal);
    },
    [Symbol.asyncDispose]() {
      clearInterval(forgetting);
      return Promise.resolve();
    },
  };
}

interface EntryMetadata extends Record<string, string | number> {
  tenant: string;
  context: string;
  expires_at: number;
}

function metadataOf({ tenantId, context, expiresAt }: IndexEntry): EntryMetadata {
  return { tenant: tenantId, context, expires_at: Math.floor(expiresAt) };
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
