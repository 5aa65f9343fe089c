/** What an embedding took. */
export interface EmbeddingUsage {
  inputTokens: number;
  /** Null: nobody knows the price. */
  costUsd: number | null;
}

/** There is no room for it in what may be spent. */
export class EmbeddingRefused extends Error {
  override readonly name = 'EmbeddingRefused';
}

/** Where what is spent is counted. */
export interface Spending {
  /** Wraps what may take so many tokens at most; rejects with `EmbeddingRefused` where there is no room for them. */
  reserving: <Result>(tokensMax: number, call: () => Promise<Result>) => Promise<Result>;
  /** Told after every call that was paid, also where a later one fails. */
  onUsage: (usage: EmbeddingUsage) => void;
}

export interface EmbedOptions {
  signal: AbortSignal;
  /** The same key with the same texts is paid for once, however often it is asked. */
  idempotencyKey: string;
  spending: Spending;
}

export interface QuestionOptions extends EmbedOptions {
  /** The question's terms, and how much each says among the passages that are searched: for embedders that go by words. */
  termsOf: (question: string) => readonly string[];
  rarityOf: (term: string) => number;
}

/** Gives texts a place, so that those of a kind are near one another. */
export interface Embedder {
  /** Stands in reports, and parts what is not to be compared: `hashed-lexical-v1-2048`, `openai/text-embedding-3-small`. */
  readonly name: string;
  /** `lexical`: it sees words and no meaning, costs nothing and is always there. */
  readonly kind: 'lexical' | 'model';
  /** One vector for each text, in order, all of one length. */
  embed: (texts: readonly string[], options: EmbedOptions) => Promise<number[][]>;
  embedQuestion: (question: string, options: QuestionOptions) => Promise<number[]>;
}

export const noUsage: EmbeddingUsage = { inputTokens: 0, costUsd: 0 };

/** A sum with a part that nobody knows is a sum that nobody knows. */
export function addUsage(one: EmbeddingUsage, other: EmbeddingUsage): EmbeddingUsage {
  const costUsd = one.costUsd === null || other.costUsd === null ? null : one.costUsd + other.costUsd;
  return { inputTokens: one.inputTokens + other.inputTokens, costUsd };
}
