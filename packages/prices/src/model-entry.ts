/** Whose API a model is asked through. The same weights behind another API are another model, with another price. */
export type Vendor = 'openai' | 'anthropic' | 'google' | 'xai' | 'mistral' | 'deepseek' | 'groq' | 'signalbox';

/** US dollars for a million tokens, as decimal texts. */
export interface PriceTable {
  input: string;
  output: string;
  cachedInput?: string;
  /** For the cache that is kept shortest; longer ones cost more at some. */
  cacheWrite?: string;
  /** Absent: as all other output. */
  reasoning?: string;
}

export interface PricePeriod extends PriceTable {
  /** The first day (UTC) on which this price was, or will be, in force. */
  from: string;
  /** What all of a request costs whose input is longer than `aboveTokens`. */
  long?: PriceTable & { aboveTokens: number };
}

/**
 * One model. Prices are those of the sources; windows and capabilities that no source gives are taken from earlier models of
 * the family. Null: nobody was found who says.
 */
export interface ModelEntry {
  vendor: Vendor;
  /** The vendor's own name of the model. */
  id: string;
  /** Other names that the vendor takes for it. */
  aliases: readonly string[];
  /** Input and output together. */
  contextTokensMax: number | null;
  outputTokensMax: number | null;
  vision: boolean | null;
  tools: boolean | null;
  jsonSchema: boolean | null;
  reasoning: boolean | null;
  /** False: it writes nothing of its own, and only quotes. */
  generates: boolean;
  embeddings: boolean;
  /** The tokenizer by which the vendor counts, or the API that counts where it is not public. */
  tokenizer: string | null;
  /** The place in the vendor's line-up: 3 its best, 2 the one for most work, 1 the small one. */
  tier: 1 | 2 | 3 | null;
  /** In the order of their days; empty: unknown. */
  prices: readonly PricePeriod[];
  sources: readonly Source[];
}

export interface Source {
  /** The page that a public record of that day was made of; the page itself was not read. */
  url: string;
  /** The day of that record. */
  asOf: string;
}
