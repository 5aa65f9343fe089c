/** Where an answer to a question is to be found. */
export interface IndexEntry {
  tenantId: string;
  context: string;
  /** Of the answer, in the cache that keeps it. */
  reference: string;
  /** By the clock of the wall, in milliseconds. */
  expiresAt: number;
}

export interface Neighbour {
  reference: string;
  /** The cosine of the two vectors. */
  similarity: number;
}

/**
 * An index of questions by what they mean. It holds no answer and may be lost at any time: each question that is answered
 * is put into it again. Every method rejects with `IndexAway` while the index does not answer, which it says at once
 * as long as it was not heard of.
 */
export interface VectorIndex extends AsyncDisposable {
  isAway(): boolean;
  /** The nearest of one tenant and context that have not expired, the most alike first. */
  nearest(
    vector: readonly number[],
    where: Pick<IndexEntry, 'tenantId' | 'context'>,
    signal: AbortSignal,
  ): Promise<Neighbour[]>;
  put(vector: readonly number[], entry: IndexEntry, signal: AbortSignal): Promise<void>;
  /** How many entries of a tenant have not expired. */
  count(tenantId: string, signal: AbortSignal): Promise<number>;
  /** Forgets everything of one tenant; tells how many entries there were. */
  clear(tenantId: string, signal: AbortSignal): Promise<number>;
  /** For health. */
  ping(signal: AbortSignal): Promise<void>;
}

/** The index did not answer. Whoever asked goes on without. */
export class IndexAway extends Error {
  override readonly name = 'IndexAway';

  constructor(options?: ErrorOptions) {
    super('The index of the semantic cache does not answer.', options);
  }
}
