export interface EmbedOptions {
  signal: AbortSignal;
  /** The same key with the same texts is paid for once, however often it is asked. */
  idempotencyKey: string;
}

export interface QuestionOptions extends EmbedOptions {
  /** The question's terms, and how much each says among the passages that are searched: for embedders that go by words. */
  termsOf: (question: string) => readonly string[];
  rarityOf: (term: string) => number;
}

/** What an embedding took. */
export interface EmbeddingUsage {
  inputTokens: number;
  /** Null: nobody knows the price. */
  costUsd: number | null;
}

export interface Embedded {
  /** One for each text, in order. */
  vectors: number[][];
  usage: EmbeddingUsage;
}

/** Gives texts a place, so that those of a kind are near one another. */
export interface Embedder {
  /** Stands in reports, and parts what is not to be compared: `hashed-lexical-v1-2048`, `openai/text-embedding-3-small`. */
  readonly name: string;
  /** Null: only the model knows. All vectors of one embedder have the same length. */
  readonly dimensions: number | null;
  /** `lexical`: it sees words and no meaning, costs nothing and is always there. */
  readonly kind: 'lexical' | 'model';
  embed(texts: readonly string[], options: EmbedOptions): Promise<Embedded>;
  embedQuestion(question: string, options: QuestionOptions): Promise<Embedded>;
}

export const noUsage: EmbeddingUsage = { inputTokens: 0, costUsd: 0 };

/** A sum with a part that nobody knows is a sum that nobody knows. */
export function addUsage(one: EmbeddingUsage, other: EmbeddingUsage): EmbeddingUsage {
  const costUsd = one.costUsd === null || other.costUsd === null ? null : one.costUsd + other.costUsd;
  return { inputTokens: one.inputTokens + other.inputTokens, costUsd };
}
