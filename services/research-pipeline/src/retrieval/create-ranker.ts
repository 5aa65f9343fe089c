import { AppError } from '@signalbox/errors';
import type { Logger } from '@signalbox/telemetry';
import type { Chunk } from '../chunks/chunk.ts';
import { diversify } from './diversify.ts';
import {
  addUsage,
  EmbeddingRefused,
  noUsage,
  type Embedder,
  type EmbeddingUsage,
  type EmbedOptions,
  type Spending,
} from './embedder.ts';
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
  /** Wraps what may take so many tokens; rejects with `EmbeddingRefused` where there is no room. Default: there is. */
  reserving?: Spending['reserving'];
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

const indexAway = 'The vector index does not answer.';

interface Corpus {
  chunks: readonly Chunk[];
  lexical: LexicalIndex;
  /** By the space: several questions wait for one filling. */
  filling: Map<number, Promise<void>>;
}

interface VectorRanking {
  ranking: Ranked[] | null;
  degraded: string | null;
}

/**
 * Ranks passages by what they say to a question: by their words (BM25) and by their vectors, fused by places, and without those
 * that repeat another. Passages that the index does not have yet are embedded and put there first. When the embedder or the
 * index does not answer, the words decide alone, and the ranking says so. A passage that neither shares a word with the
 * question nor is near it by a model is not among them, so there may be none.
 */
export function createRanker(options: RankerOptions): RankChunks {
  // Questions of one job are asked of the same passages.
  const corpora = new WeakMap<readonly Chunk[], Promise<Corpus>>();
  return async (input) => {
    const corpus = corpora.get(input.chunks) ?? createCorpus(input.chunks);
    corpora.set(input.chunks, corpus);
    const { chunks, lexical } = await corpus;
    const byWords = lexical.search(input.question);
    let usage = noUsage;
    const spending: Spending = {
      reserving: input.reserving ?? ((_tokensMax, call) => call()),
      onUsage: (more) => {
        usage = addUsage(usage, more);
      },
    };
    const { ranking, degraded } = await rankByVectors(options, { ...input, spending }, await corpus);
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

async function createCorpus(given: readonly Chunk[]): Promise<Corpus> {
  const chunks = [...new Map(given.map((chunk) => [chunk.id, chunk])).values()];
  return { chunks, lexical: await createLexicalIndex(chunks.map(({ text }) => text)), filling: new Map() };
}

async function rankByVectors(
  options: RankerOptions,
  { question, ...asked }: RankInput & EmbedOptions,
  corpus: Corpus,
): Promise<VectorRanking> {
  const { embedder, index, tenantId, logger } = options;
  const { chunks, lexical } = corpus;
  const without = (degraded: string | null): VectorRanking => ({ ranking: null, degraded });
  if (chunks.length === 0) return without(null);
  if (index === null) return without('There is no vector index.');
  // Nothing is paid for what cannot be compared.
  if (embedder.kind === 'model' && index.isAway()) return without(indexAway);
  try {
    const vector = await embedder.embedQuestion(question, { ...lexical, ...asked });
    const space = { embedder: embedder.name, dimensions: vector.length };
    await fillOnce(options, corpus, space, asked);
    const sources = [...new Set(chunks.map(({ sourceSha256 }) => sourceSha256))];
    const near = await index.nearest(space, { tenantId, sources, vector, limit: depthMax }, asked.signal);
    return { ranking: placesOf(near, corpus), degraded: null };
  } catch (error) {
    asked.signal.throwIfAborted();
    if (error instanceof IndexAway) return without(indexAway);
    if (error instanceof EmbeddingRefused) return without(`No vectors: ${error.message}`);
    if (!(error instanceof AppError)) throw error;
    logger.warn('retrieval.embedder_failed', { embedder: embedder.name, error });
    return without(`No vectors: the embedder ${embedder.name} failed: ${error.message}`);
  }
}

/** Several questions wait for one filling, which the first of them pays for. One that failed is tried again by the next. */
async function fillOnce(
  options: RankerOptions,
  corpus: Corpus,
  space: VectorSpace,
  asked: EmbedOptions,
): Promise<void> {
  const under = corpus.filling.get(space.dimensions);
  if (under !== undefined) return under;
  const filling = fillMissing(options, corpus.chunks, space, asked);
  corpus.filling.set(space.dimensions, filling);
  try {
    await filling;
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
  asked: EmbedOptions,
): Promise<void> {
  if (index === null) return;
  const embed = async (missing: readonly Chunk[]): Promise<VectorEntry[]> => {
    const vectors = await embedder.embed(
      missing.map(({ text }) => text),
      asked,
    );
    return missing.map(({ id, sourceSha256 }, at) => ({ chunkId: id, sourceSha256, vector: vectors[at] ?? [] }));
  };
  const ids = chunks.map(({ id }) => id);
  const known = await index.known(space, tenantId, ids, asked.signal).catch(async (error: unknown) => {
    if (error instanceof IndexAway && embedder.kind === 'lexical') await defer(space, await embed(chunks));
    throw error;
  });
  const missing = chunks.filter(({ id }) => !known.has(id));
  if (missing.length === 0) return;
  const entries = await embed(missing);
  await index.put(space, tenantId, entries, asked.signal).catch(async (error: unknown) => {
    if (error instanceof IndexAway) await defer(space, entries);
    throw error;
  });
}

function placesOf(near: readonly NearChunk[], { chunks }: Corpus): Ranked[] {
  const places = new Map(chunks.map(({ id }, index) => [id, index]));
  return near.flatMap(({ chunkId, similarity }) => {
    const index = places.get(chunkId);
    return index === undefined ? [] : [{ index, score: similarity }];
  });
}
