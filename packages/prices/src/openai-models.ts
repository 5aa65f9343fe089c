import { price, since, unknown, type Given } from './entries.ts';
import type { ModelEntry, PricePeriod, PriceTable, Source } from './model-entry.ts';

const openaiPrices: Source = { url: 'https://developers.openai.com/api/docs/pricing', asOf: '2026-10-03' };
const modelsPage: Source = { url: 'https://developers.openai.com/api/docs/models', asOf: '2026-10-03' };

const gpt6 = { contextTokensMax: 1_050_000, outputTokensMax: 128_000, reasoning: true } as const;
const gpt5 = { contextTokensMax: 400_000, outputTokensMax: 128_000, reasoning: true, tokenizer: 'o200k_base' } as const;

function openai(given: Given): ModelEntry {
  return {
    ...unknown,
    vendor: 'openai',
    vision: true,
    tools: true,
    jsonSchema: true,
    sources: [openaiPrices, modelsPage],
    ...given,
  };
}

/** OpenAI's second table, for input above 272,000 tokens. */
function openaiPrice(short: PriceTable, long: PriceTable, from = since): PricePeriod[] {
  return [{ from, ...short, long: { aboveTokens: 272_000, ...long } }];
}

export const openaiModels: readonly ModelEntry[] = [
  openai({
    ...gpt6,
    id: 'gpt-6-astra',
    tier: 3,
    contextTokensMax: null,
    outputTokensMax: null,
    prices: openaiPrice(
      { input: '10.00', cachedInput: '1.00', cacheWrite: '12.50', output: '50.00' },
      { input: '20.00', cachedInput: '2.00', cacheWrite: '25.00', output: '75.00' },
      '2026-09-07',
    ),
  }),
  openai({
    ...gpt6,
    id: 'gpt-6.1-sol',
    tier: 2,
    prices: openaiPrice(
      { input: '2.00', cachedInput: '0.10', cacheWrite: '2.50', output: '10.00' },
      { input: '4.00', cachedInput: '0.20', cacheWrite: '5.00', output: '15.00' },
      '2026-09-29',
    ),
  }),
  openai({
    ...gpt6,
    id: 'gpt-6-sol',
    tier: 2,
    prices: openaiPrice(
      { input: '2.00', cachedInput: '0.20', cacheWrite: '2.50', output: '10.00' },
      { input: '4.00', cachedInput: '0.40', cacheWrite: '5.00', output: '15.00' },
      '2026-09-22',
    ),
  }),
  openai({
    ...gpt6,
    id: 'gpt-6-luna',
    tier: 1,
    prices: openaiPrice(
      { input: '0.10', cachedInput: '0.01', cacheWrite: '0.125', output: '0.50' },
      { input: '0.20', cachedInput: '0.02', cacheWrite: '0.25', output: '0.75' },
      '2026-09-22',
    ),
  }),
  openai({
    ...gpt6,
    id: 'gpt-5.6-sol',
    contextTokensMax: null,
    tier: 3,
    // Called promotional, until 2026-11-21 at least; what it is afterwards nobody has said.
    prices: [
      { from: since, input: '5.00', cachedInput: '0.50', output: '30.00' },
      {
        from: '2026-09-07',
        input: '4.00',
        cachedInput: '0.40',
        cacheWrite: '5.00',
        output: '20.00',
        long: { aboveTokens: 272_000, input: '8.00', cachedInput: '0.80', cacheWrite: '10.00', output: '30.00' },
      },
    ],
  }),
  openai({
    id: 'gpt-5.6-terra',
    reasoning: true,
    tier: 2,
    prices: openaiPrice(
      { input: '2.00', cachedInput: '0.20', cacheWrite: '2.50', output: '12.00' },
      { input: '4.00', cachedInput: '0.40', cacheWrite: '5.00', output: '18.00' },
    ),
  }),
  openai({
    id: 'gpt-5.6-luna',
    reasoning: true,
    tier: 1,
    prices: openaiPrice(
      { input: '0.20', cachedInput: '0.02', cacheWrite: '0.25', output: '1.20' },
      { input: '0.40', cachedInput: '0.04', cacheWrite: '0.50', output: '1.80' },
    ),
  }),
  openai({
    id: 'gpt-5.5',
    reasoning: true,
    tier: 3,
    prices: openaiPrice(
      { input: '5.00', cachedInput: '0.50', output: '30.00' },
      { input: '10.00', cachedInput: '1.00', output: '45.00' },
    ),
  }),
  openai({
    id: 'gpt-5.4',
    reasoning: true,
    tier: 3,
    prices: openaiPrice(
      { input: '2.50', cachedInput: '0.25', output: '15.00' },
      { input: '5.00', cachedInput: '0.50', output: '22.50' },
    ),
  }),
  openai({
    id: 'gpt-5.4-mini',
    reasoning: true,
    tier: 2,
    prices: price({ input: '0.75', cachedInput: '0.075', output: '4.50' }),
  }),
  openai({
    id: 'gpt-5.4-nano',
    reasoning: true,
    tier: 1,
    prices: price({ input: '0.20', cachedInput: '0.02', output: '1.25' }),
  }),
  openai({ ...gpt5, id: 'gpt-5.2', tier: 3, prices: price({ input: '1.75', cachedInput: '0.175', output: '14.00' }) }),
  openai({ ...gpt5, id: 'gpt-5.1', tier: 3, prices: price({ input: '1.25', cachedInput: '0.125', output: '10.00' }) }),
  openai({ ...gpt5, id: 'gpt-5', tier: 3, prices: price({ input: '1.25', cachedInput: '0.125', output: '10.00' }) }),
  openai({
    ...gpt5,
    id: 'gpt-5-mini',
    tier: 2,
    prices: price({ input: '0.25', cachedInput: '0.025', output: '2.00' }),
  }),
  openai({
    ...gpt5,
    id: 'gpt-5-nano',
    tier: 1,
    prices: price({ input: '0.05', cachedInput: '0.005', output: '0.40' }),
  }),
  ...(
    [
      ['gpt-4.1', 2, { input: '2.00', cachedInput: '0.50', output: '8.00' }],
      ['gpt-4.1-mini', 1, { input: '0.40', cachedInput: '0.10', output: '1.60' }],
      ['gpt-4.1-nano', 1, { input: '0.10', cachedInput: '0.025', output: '0.40' }],
    ] as const
  ).map(([id, tier, table]) =>
    openai({
      id,
      tier,
      contextTokensMax: 1_047_576,
      outputTokensMax: 32_768,
      reasoning: false,
      tokenizer: 'o200k_base',
      prices: price(table),
    }),
  ),
  ...(
    [
      ['gpt-4o', 2, { input: '2.50', cachedInput: '1.25', output: '10.00' }],
      ['gpt-4o-mini', 1, { input: '0.15', cachedInput: '0.075', output: '0.60' }],
    ] as const
  ).map(([id, tier, table]) =>
    openai({
      id,
      tier,
      contextTokensMax: 128_000,
      outputTokensMax: 16_384,
      reasoning: false,
      tokenizer: 'o200k_base',
      prices: price(table),
    }),
  ),
  ...(
    [
      ['text-embedding-3-small', '0.02'],
      ['text-embedding-3-large', '0.13'],
    ] as const
  ).map(([id, input]) =>
    openai({
      id,
      contextTokensMax: 8_192,
      outputTokensMax: 0,
      vision: false,
      tools: false,
      jsonSchema: false,
      reasoning: false,
      embeddings: true,
      tokenizer: 'cl100k_base',
      prices: price({ input, output: '0' }),
    }),
  ),
];
