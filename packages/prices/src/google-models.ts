import { price, since, unknown, type Given } from './entries.ts';
import type { ModelEntry, PricePeriod, Source } from './model-entry.ts';

const googlePrices: Source = { url: 'https://ai.google.dev/gemini-api/docs/pricing', asOf: '2026-10-03' };
const modelsPage: Source = { url: 'https://ai.google.dev/gemini-api/docs/models', asOf: '2026-10-03' };

/** Google's Flash models cost half until the end of 2026, as its page says. */
const flashPrices: PricePeriod[] = [
  { from: '2026-09-07', input: '0.75', output: '3.75', cachedInput: '0.075' },
  { from: '2027-01-01', input: '1.50', output: '7.50', cachedInput: '0.15' },
];

function google(given: Given): ModelEntry {
  return {
    ...unknown,
    vendor: 'google',
    contextTokensMax: 1_048_576,
    outputTokensMax: 65_536,
    vision: true,
    tools: true,
    jsonSchema: true,
    reasoning: true,
    tokenizer: 'models.countTokens',
    sources: [googlePrices, modelsPage],
    ...given,
  };
}

export const googleModels: readonly ModelEntry[] = [
  google({ id: 'gemini-3.8-flash', tier: 2, prices: flashPrices }),
  google({ id: 'gemini-3.7-flash', tier: 2, prices: flashPrices }),
  google({
    id: 'gemini-3.6-flash',
    tier: 2,
    prices: [{ from: since, input: '1.50', output: '7.50' }, ...flashPrices],
  }),
  google({
    id: 'gemini-3.5-flash',
    tier: 2,
    prices: price({ input: '1.50', cachedInput: '0.15', output: '9.00' }),
  }),
  google({
    id: 'gemini-3.5-flash-lite',
    tier: 1,
    prices: price({ input: '0.30', cachedInput: '0.03', output: '2.50' }),
  }),
  google({
    id: 'gemini-3.1-pro-preview',
    tier: 3,
    prices: [
      {
        from: since,
        input: '2.00',
        cachedInput: '0.20',
        output: '12.00',
        long: { aboveTokens: 200_000, input: '4.00', cachedInput: '0.40', output: '18.00' },
      },
    ],
  }),
  google({
    id: 'gemini-3.1-flash-lite',
    tier: 1,
    prices: price({ input: '0.25', cachedInput: '0.025', output: '1.50' }),
  }),
  google({
    id: 'gemini-3-flash-preview',
    tier: 2,
    prices: price({ input: '0.50', cachedInput: '0.05', output: '3.00' }),
  }),
  google({
    id: 'gemini-2.5-pro',
    tier: 3,
    prices: [
      {
        from: since,
        input: '1.25',
        cachedInput: '0.125',
        output: '10.00',
        long: { aboveTokens: 200_000, input: '2.50', cachedInput: '0.25', output: '15.00' },
      },
    ],
  }),
  google({
    id: 'gemini-2.5-flash',
    tier: 2,
    prices: price({ input: '0.30', cachedInput: '0.03', output: '2.50' }),
  }),
  google({
    id: 'gemini-2.5-flash-lite',
    tier: 1,
    prices: price({ input: '0.10', cachedInput: '0.01', output: '0.40' }),
  }),
];
