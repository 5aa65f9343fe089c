/** Vectors of different embedders, or of different lengths, are not to be compared: each kind is searched by itself. */
export interface VectorSpace {
  embedder: string;
  dimensions: number;
}

/** Where a passage is, for an index that holds no texts. */
export interface VectorEntry {
  chunkId: string;
  sourceSha256: string;
  vector: readonly number[];
}

export interface NearChunk {
  chunkId: string;
  /** The cosine of the two vectors. */
  similarity: number;
}

/**
 * An index of passages by what they are about, each tenant's for itself. It holds no text, and can be filled again from
 * the sources at any time. Every method rejects with `IndexAway` while the index does not answer, which it says at once as
 * long as it was not heard of, and with the signal's reason when that fires.
 */
export interface VectorIndex extends AsyncDisposable {
  isAway(): boolean;
  /** Those of the passages that are there. */
  known(space: VectorSpace, tenantId: string, chunkIds: readonly string[], signal: AbortSignal): Promise<Set<string>>;
  /** Puts each entry at its place, once, however often it is put. */
  put(space: VectorSpace, tenantId: string, entries: readonly VectorEntry[], signal: AbortSignal): Promise<void>;
  /** The passages of these sources that are nearest, the nearest first. */
  nearest(
    space: VectorSpace,
    question: { tenantId: string; sources: readonly string[]; vector: readonly number[]; limit: number },
    signal: AbortSignal,
  ): Promise<NearChunk[]>;
  /** Forgets all passages of these sources, of every embedder. */
  forget(tenantId: string, sources: readonly string[], signal: AbortSignal): Promise<void>;
  /** For health. */
  ping(signal: AbortSignal): Promise<void>;
}

/** The index did not answer. Whoever asked goes on by words alone. */
export class IndexAway extends Error {
  override readonly name = 'IndexAway';

  constructor(options?: ErrorOptions) {
    super('The vector index does not answer.', options);
  }
}
