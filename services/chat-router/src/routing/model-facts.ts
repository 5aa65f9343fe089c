import type { KnownPrice } from '../money/price-usage.ts';

/** What is known of a model, for choosing among several. Null: nobody knows. */
export interface ModelFacts {
  /** Input and output together. */
  contextTokensMax: number | null;
  outputTokensMax: number | null;
  vision: boolean | null;
  tools: boolean | null;
  jsonSchema: boolean | null;
  reasoning: boolean | null;
  /** False: it writes nothing of its own, and only quotes what it is given. */
  generates: boolean | null;
  /** It makes embeddings, and does nothing else. */
  embeddings: boolean | null;
  price: KnownPrice | null;
  /** The higher the better; only its order means anything. */
  quality: number | null;
  /** By what its vendor counts tokens. */
  tokenizer: string | null;
  /** Who said so, and on which day. */
  sources: readonly { url: string; asOf: string }[];
}

export const unknownFacts: ModelFacts = {
  contextTokensMax: null,
  outputTokensMax: null,
  vision: null,
  tools: null,
  jsonSchema: null,
  reasoning: null,
  generates: null,
  embeddings: null,
  price: null,
  quality: null,
  tokenizer: null,
  sources: [],
};
