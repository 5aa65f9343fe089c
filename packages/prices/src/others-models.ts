import { price, unknown } from './entries.ts';
import type { ModelEntry, Source } from './model-entry.ts';

const groqModels: Source = { url: 'https://console.groq.com/docs/models', asOf: '2026-10-03' };

export const othersModels: readonly ModelEntry[] = [
  {
    ...unknown,
    vendor: 'mistral',
    id: 'mistral-medium-3-5',
    aliases: ['mistral-medium-latest'],
    tier: 2,
    contextTokensMax: 256_000,
    prices: price({ input: '1.50', output: '7.50' }, '2026-04-28'),
    sources: [{ url: 'https://mistral.ai/pricing', asOf: '2026-05-22' }],
  },
  // DeepSeek's prices depend on the hour of the day, which nothing here can say.
  {
    ...unknown,
    vendor: 'deepseek',
    id: 'deepseek-v4-pro',
    tier: 3,
    prices: [],
    sources: [{ url: 'https://api-docs.deepseek.com/quick_start/pricing', asOf: '2026-10-27' }],
  },
  ...(
    [
      ['openai/gpt-oss-120b', 2, { input: '0.15', output: '0.60' }],
      ['openai/gpt-oss-20b', 1, { input: '0.075', output: '0.30' }],
    ] as const
  ).map(([id, tier, table]): ModelEntry => ({
    ...unknown,
    vendor: 'groq',
    id,
    tier,
    contextTokensMax: 131_072,
    vision: false,
    tools: true,
    reasoning: true,
    tokenizer: 'o200k_harmony',
    prices: price(table),
    sources: [groqModels],
  })),

  // Ours: it costs nobody anything, and the limit is of characters. See the service's README.
  {
    ...unknown,
    vendor: 'signalbox',
    id: 'extractive',
    tier: null,
    generates: false,
    vision: false,
    tools: false,
    jsonSchema: false,
    reasoning: false,
    tokenizer: 'UAX #29 words',
    prices: [{ from: '2020-01-01', input: '0', output: '0' }],
    sources: [{ url: 'services/chat-router/README.md', asOf: '2026-11-20' }],
  },
];
