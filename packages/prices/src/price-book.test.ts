import { describe, expect, it } from '@jest/globals';
import type { ModelEntry } from './model-entry.ts';
import { models, registryVersion } from './models.ts';
import { createPriceBook } from './price-book.ts';
import { priceTokens } from './price-tokens.ts';

const used = { completionTokens: 0, cachedTokens: null, cacheWriteTokens: null, reasoningTokens: null };

describe('the price book', () => {
  it('knows a model by each of its names, by the day, and by whom it is asked at', () => {
    const [known] = models.filter(({ id }) => id === 'gpt-5');
    if (known === undefined) throw new Error('the table has no gpt-5');
    const dearer = { from: '2026-06-01', input: '2', output: '20' };
    const entry: ModelEntry = { ...known, aliases: ['also'], prices: [...known.prices, dearer] };
    const book = createPriceBook({ entries: [entry], version: 'v' });
    expect(book.priceOf('openai', 'also', '2026-05-31')?.prices.input).toBe(1_250_000_000n);
    expect(book.priceOf('openai', 'gpt-5', '2026-06-01')?.prices.input).toBe(2_000_000_000n);
    expect(book.priceOf('openai', 'gpt-5', '2020-01-01')).toBeNull();
    expect(book.priceOf('groq', 'gpt-5', '2026-06-01')).toBeNull();
    expect(book.priceOf('openai', 'gpt-5', '2026-06-01')?.version).toBe('registry v');
  });

  it('counts cached tokens once, and never more of a part than there is of the whole', () => {
    const price = createPriceBook({ entries: models, version: registryVersion }).priceOf(
      'openai',
      'gpt-5',
      '2026-11-20',
    );
    if (price === null) throw new Error('the table has no price');
    const cached = { ...used, promptTokens: 17_903, cachedTokens: 17_817 };
    expect(priceTokens(cached, price)).toBe(86n * 1_250n + 17_817n * 125n);
    expect(priceTokens({ ...cached, cachedTokens: 1_000_000 }, price)).toBe(17_903n * 125n);
    expect(priceTokens({ ...used, promptTokens: null }, price)).toBeNull();
  });
});
