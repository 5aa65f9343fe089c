import { price, unknown, type Given } from './entries.ts';
import type { ModelEntry, Source } from './model-entry.ts';

const anthropicPrices: Source = {
  url: 'https://platform.claude.com/docs/en/about-claude/pricing',
  asOf: '2026-10-03',
};
const modelsPage: Source = {
  url: 'https://platform.claude.com/docs/about-claude/models/overview',
  asOf: '2026-10-03',
};

const claude5 = { contextTokensMax: 1_000_000, outputTokensMax: 128_000 } as const;

function anthropic(given: Given): ModelEntry {
  return {
    ...unknown,
    vendor: 'anthropic',
    vision: true,
    tools: true,
    jsonSchema: true,
    reasoning: true,
    tokenizer: 'POST /v1/messages/count_tokens',
    sources: [anthropicPrices, modelsPage],
    ...given,
  };
}

export const anthropicModels: readonly ModelEntry[] = [
  anthropic({
    ...claude5,
    id: 'claude-fable-5-1',
    tier: 3,
    prices: price({ input: '10.00', cachedInput: '0.25', cacheWrite: '12.50', output: '50.00' }),
  }),
  anthropic({
    ...claude5,
    id: 'claude-opus-5-5',
    tier: 3,
    prices: price({ input: '4.00', cachedInput: '0.20', cacheWrite: '5.00', output: '20.00' }, '2026-09-22'),
  }),
  anthropic({
    ...claude5,
    id: 'claude-sonnet-5-5',
    tier: 2,
    prices: price({ input: '2.00', cachedInput: '0.20', cacheWrite: '2.50', output: '10.00' }, '2026-09-28'),
  }),
  // Its page gives a price that only begins there: what more it depends on is not known here.
  anthropic({ ...claude5, id: 'claude-haiku-5-5', tier: 1, prices: [] }),
  anthropic({
    ...claude5,
    id: 'claude-opus-5',
    tier: 3,
    prices: price({ input: '5.00', cachedInput: '0.50', cacheWrite: '6.25', output: '25.00' }),
  }),
  anthropic({
    ...claude5,
    id: 'claude-sonnet-5',
    tier: 2,
    prices: price({ input: '2.00', cachedInput: '0.20', cacheWrite: '2.50', output: '10.00' }),
  }),
  ...(['claude-opus-4-8', 'claude-opus-4-7', 'claude-opus-4-6'] as const).map((id) =>
    anthropic({
      id,
      tier: 3,
      contextTokensMax: 1_000_000,
      outputTokensMax: 128_000,
      prices: price({ input: '5.00', cachedInput: '0.50', cacheWrite: '6.25', output: '25.00' }),
    }),
  ),
  anthropic({
    id: 'claude-opus-4-5-20251101',
    aliases: ['claude-opus-4-5'],
    tier: 3,
    contextTokensMax: 200_000,
    outputTokensMax: 64_000,
    prices: price({ input: '5.00', cachedInput: '0.50', cacheWrite: '6.25', output: '25.00' }),
  }),
  anthropic({
    id: 'claude-sonnet-4-6',
    tier: 2,
    contextTokensMax: 1_000_000,
    outputTokensMax: 64_000,
    prices: price({ input: '3.00', cachedInput: '0.30', cacheWrite: '3.75', output: '15.00' }),
  }),
  anthropic({
    id: 'claude-sonnet-4-5-20250929',
    aliases: ['claude-sonnet-4-5'],
    tier: 2,
    contextTokensMax: 200_000,
    outputTokensMax: 64_000,
    prices: price({ input: '3.00', cachedInput: '0.30', cacheWrite: '3.75', output: '15.00' }),
  }),
  anthropic({
    id: 'claude-haiku-4-5-20251001',
    aliases: ['claude-haiku-4-5'],
    tier: 1,
    contextTokensMax: 200_000,
    outputTokensMax: 64_000,
    prices: price({ input: '1.00', cachedInput: '0.10', cacheWrite: '1.25', output: '5.00' }),
  }),
];
