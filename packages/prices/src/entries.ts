import type { ModelEntry, PricePeriod, PriceTable } from './model-entry.ts';

/** Before the year in which the prices were gathered nothing is known of them. */
export const since = '2026-01-01';

export type Given = Pick<ModelEntry, 'id' | 'prices'> & Partial<ModelEntry>;

/** What a model is as long as nobody says more. */
export const unknown = {
  aliases: [],
  contextTokensMax: null,
  outputTokensMax: null,
  vision: null,
  tools: null,
  jsonSchema: null,
  reasoning: null,
  generates: true,
  embeddings: false,
  tokenizer: null,
  tier: null,
} as const;

export function price(table: PriceTable, from = since): PricePeriod[] {
  return [{ from, ...table }];
}
