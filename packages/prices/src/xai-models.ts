import { price, since, unknown, type Given } from './entries.ts';
import type { ModelEntry, Source } from './model-entry.ts';

const modelsPage: Source = { url: 'https://docs.x.ai/docs/models', asOf: '2026-08-13' };

function xai(given: Given): ModelEntry {
  return {
    ...unknown,
    vendor: 'xai',
    tools: true,
    jsonSchema: true,
    tokenizer: 'POST /v1/tokenize-text',
    sources: [modelsPage],
    ...given,
  };
}

export const xaiModels: readonly ModelEntry[] = [
  ...(['grok-4.6', 'grok-4.5'] as const).map((id) =>
    xai({
      id,
      tier: 3,
      contextTokensMax: 500_000,
      vision: true,
      reasoning: true,
      prices: [
        {
          from: '2026-07-09',
          input: '2.00',
          cachedInput: '0.50',
          output: '6.00',
          long: { aboveTokens: 200_000, input: '4.00', output: '12.00' },
        },
      ],
    }),
  ),
  xai({
    id: 'grok-4-0709',
    aliases: ['grok-4', 'grok-4-latest'],
    tier: 3,
    contextTokensMax: 256_000,
    reasoning: true,
    prices: [
      {
        from: since,
        input: '3.00',
        cachedInput: '0.75',
        output: '15.00',
        long: { aboveTokens: 128_000, input: '6.00', output: '30.00' },
      },
    ],
  }),
  ...(
    [
      ['grok-4-fast-reasoning', 'grok-4-fast', true],
      ['grok-4-fast-non-reasoning', 'grok-4-fast-non-reasoning-latest', false],
    ] as const
  ).map(([id, alias, reasoning]) =>
    xai({
      id,
      aliases: [alias],
      tier: 2,
      contextTokensMax: 2_000_000,
      reasoning,
      prices: price({ input: '0.20', cachedInput: '0.05', output: '0.50' }),
    }),
  ),
  xai({
    id: 'grok-code-fast-1',
    aliases: ['grok-code-fast'],
    tier: 1,
    contextTokensMax: 256_000,
    reasoning: true,
    prices: price({ input: '0.20', cachedInput: '0.02', output: '1.50' }),
  }),
  xai({
    id: 'grok-3',
    aliases: ['grok-3-latest'],
    tier: 2,
    contextTokensMax: 131_072,
    reasoning: false,
    prices: price({ input: '3.00', cachedInput: '0.75', output: '15.00' }),
  }),
  xai({
    id: 'grok-3-mini',
    aliases: ['grok-3-mini-latest'],
    tier: 1,
    contextTokensMax: 131_072,
    reasoning: true,
    prices: price({ input: '0.30', cachedInput: '0.075', output: '0.50' }),
  }),
];
