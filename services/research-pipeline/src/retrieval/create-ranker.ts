import { AppError } from '@signalbox/errors';
import type { Logger } from '@signalbox/telemetry';
import type { Chunk } from '../chunks/chunk.ts';
import { diversify } from './diversify.ts';
import { addUsage, noUsage, type Embedder, type EmbeddingUsage } from './embedder.ts';
import { depthMax, fuseWordsAndVectors } from './fuse-rankings.ts';
import { createLexicalIndex, type LexicalIndex, type Ranked } from './lexical-index.ts';
import { IndexAway, type NearChunk, type VectorEntry, type VectorIndex, type VectorSpace } from './vector-index.ts';

export interface RankerOptions {
  tenantId: string;
  embedder: Embedder;
  /** Null: this installation has none. */
  index: Pick<VectorIndex, 'isAway' | 'known' | 'put' | 'nearest'> | null;
  /** Takes what could not be put into the index. */
  defer: (space: VectorSpace, entries: readonly VectorEntry[]) => Promise<void>;
  logger: Logger;
}

export interface RankInput {
  question: string;
  chunks: readonly Chunk[];
  limit: number;
  /** Of the step that asks: the same key with the same passages is paid for once. */
  idempotencyKey: string;
  signal: AbortSignal;
}

export interface RankedChunk {
  chunk: Chunk;
  /** Above 0; 1 for what stands first by every ranking. */
  score: number;
}

export interface Ranking {
  /** The best first, but none that says what a better one says while there is something else. */
  ranked: RankedChunk[];
  /** Why the passages were ranked by their words alone; null: they were not. */
  degraded: string | null;
  /** Of embedding what was not embedded before. */
  usage: EmbeddingUsage;
}

export type RankChunks = (input: RankInput) => Promise<Ranking>;

interface Corpus {
  chunks: readonly Chunk[];
  lexical: LexicalIndex;
  /** By the space: several questions wait for one filling. */
  filling: Map<number, Promise<EmbeddingUsage>>;
}

interface VectorRanking {
  ranking: Ranked[] | null;
  degraded: string | null;
  usage: EmbeddingUsage;
}

/**
 * Ranks passages by what they say to a question: by their words (BM25) and by their vectors, fused by places, and without those
 * that repeat another. Passages that the index does not have yet are embedded and put there first. When the embedder or the
 * index does not answer, the words decide alone, and the ranking says so. A passage that neither shares a word with the
 * question nor is near it by a model is not among them, so there may be none.
 */
export function createRanker(options: RankerOptions): RankChunks {
  // Questions of one job are asked of the same passages.
  const corpora = new WeakMap<readonly Chunk[], Corpus>();
  return async (input) => {
    const corpus = corpora.get(input.chunks) ?? createCorpus(input.chunks);
    corpora.set(input.chunks, corpus);
    const { chunks, lexical } = corpus;
    const byWords = lexical.search(input.question);
    const { ranking, degraded, usage } = await rankByVectors(options, input, corpus);
    const fused = fuseWordsAndVectors(byWords, ranking, options.embedder.kind);
    const { rarityOf, termsAt } = lexical;
    const chosen = diversify(fused, { limit: input.limit, terms: termsAt, rarityOf });
    return {
      ranked: chosen.flatMap(({ index, score }) => {
        const chunk = chunks[index];
        return chunk === undefined ? [] : [{ chunk, score }];
      }),
      degraded,
      usage,
    };
  };
}

function createCorpus(given: readonly Chunk[]): Corpus {
  const chunks = [...new Map(given.map((chunk) => [chunk.id, chunk])).values()];
  return { chunks, lexical: createLexicalIndex(chunks.map(({ text }) => text)), filling: new Map() };
}

async function rankByVectors(
  options: RankerOptions,
  { question, idempotencyKey, signal }: RankInput,
  corpus: Corpus,
): Promise<VectorRanking> {
  const { embedder, index, tenantId, logger } = options;
  const { chunks, lexical } = corpus;
  if (chunks.length === 0) return { ranking: null, degraded: null, usage: noUsage };
  if (index === null) return { ranking: null, degraded: 'There is no vector index.', usage: noUsage };
  const away: VectorRanking = { ranking: null, degraded: 'The vector index does not answer.', usage: noUsage };
  // Nothing is paid for what cannot be compared.
  if (embedder.kind === 'model' && index.isAway()) return away;
  let usage = noUsage;
  try {
    const embedded = await embedder.embedQuestion(question, { ...lexical, idempotencyKey, signal });
    usage = embedded.usage;
    const vector = embedded.vectors[0] ?? [];
    const space = { embedder: embedder.name, dimensions: vector.length };
    usage = addUsage(usage, await fillOnce(options, corpus, space, { idempotencyKey, signal }));
    const sources = [...new Set(chunks.map(({ sourceSha256 }) => sourceSha256))];
    const near = await index.nearest(space, { tenantId, sources, vector, limit: depthMax }, signal);
    return { ranking: placesOf(near, corpus), degraded: null, usage };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof IndexAway) return { ...away, usage };
    if (!(error instanceof AppError)) throw error;
    logger.warn('retrieval.embedder_failed', { embedder: embedder.name, error });
    return { ranking: null, degraded: `The embedder ${embedder.name} failed: ${error.message}`, usage };
  }
}

/** Usage is told to the first who waited. A filling that failed is tried again by the next. */
async function fillOnce(
  options: RankerOptions,
  corpus: Corpus,
  space: VectorSpace,
  asked: Pick<RankInput, 'idempotencyKey' | 'signal'>,
): Promise<EmbeddingUsage> {
  const under = corpus.filling.get(space.dimensions);
  if (under !== undefined) {
    await under;
    return noUsage;
  }
  const filling = fillMissing(options, corpus.chunks, space, asked);
  corpus.filling.set(space.dimensions, filling);
  try {
    return await filling;
  } catch (error) {
    corpus.filling.delete(space.dimensions);
    throw error;
  }
}

/** What cannot be put into the index now is kept for later, unless it would have to be paid for first. */
async function fillMissing(
  { embedder, index, tenantId, defer }: RankerOptions,
  chunks: readonly Chunk[],
  space: VectorSpace,
  asked: Pick<RankInput, 'idempotencyKey' | 'signal'>,
): Promise<EmbeddingUsage> {
  if (index === null) return noUsage;
  const embed = async (missing: readonly Chunk[]): Promise<{ entries: VectorEntry[]; usage: EmbeddingUsage }> => {
    const texts = missing.map(({ text }) => text);
    const { vectors, usage } = await embedder.embed(texts, asked);
    const entries = missing.map(({ id, sourceSha256 }, at) => ({
      chunkId: id,
      sourceSha256,
      vector: vectors[at] ?? [],
    }));
    return { entries, usage };
  };
  const ids = chunks.map(({ id }) => id);
  const known = await index.known(space, tenantId, ids, asked.signal).catch(async (error: unknown) => {
    if (error instanceof IndexAway && embedder.kind === 'lexical') {
      await defer(space, (await embed(chunks)).entries);
    }
    throw error;
  });
  const missing = chunks.filter(({ id }) => !known.has(id));
  if (missing.length === 0) return noUsage;
  const { entries, usage } = await embed(missing);
  await index.put(space, tenantId, entries, asked.signal).catch(async (error: unknown) => {
    if (error instanceof IndexAway) await defer(space, entries);
    throw error;
  });
  return usage;
}

function placesOf(near: readonly NearChunk[], { chunks }: Corpus): Ranked[] {
  const places = new Map(chunks.map(({ id }, index) => [id, index]));
  return near.flatMap(({ chunkId, similarity }) => {
    const index = places.get(chunkId);
    return index === undefined ? [] : [{ index, score: similarity }];
  });
}
