import { describe, expect, it } from '@jest/globals';
import { models, registryVersion } from '@signalbox/prices';
import { formatUsd, parseUsd } from '../money/nano-usd.ts';
import { priceUsage } from '../money/price-usage.ts';
import { unknownFacts } from '../routing/model-facts.ts';
import { unknownUsage } from '../usage/token-usage.ts';
import { createModelRegistry, vendorOf } from './model-registry.ts';

const registry = createModelRegistry();

describe('the model registry (LA-16, OP-4)', () => {
  it('names every model once, and where each fact comes from', () => {
    const names = models.flatMap(({ vendor, id, aliases }) => [id, ...aliases].map((name) => `${vendor}/${name}`));
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    for (const { sources } of models) {
      expect(sources.length).toBeGreaterThan(0);
      for (const { asOf } of sources) expect(asOf <= registryVersion && /^\d{4}-\d\d-\d\d$/.test(asOf)).toBe(true);
    }
  });

  it('has prices that are exact amounts, in the order of their days', () => {
    for (const { id, prices } of models) {
      const days = prices.map(({ from }) => from);
      expect([id, days]).toEqual([id, [...days].sort()]);
      for (const { input, output, cachedInput = input } of prices) {
        for (const text of [input, output, cachedInput]) expect(formatUsd(parseUsd(text))).toMatch(/^\d+\.\d{9}$/);
        // What was cached is never dearer.
        expect(parseUsd(cachedInput) <= parseUsd(input)).toBe(true);
      }
    }
  });

  it('knows nothing of a model that it does not know: null, and never 0', () => {
    expect(registry.factsOf('openai', 'gpt-99')).toEqual(unknownFacts);
    expect(registry.factsOf(null, 'gpt-5')).toEqual(unknownFacts);
    expect(registry.factsOf('anthropic', 'claude-haiku-5-5').price).toBeNull();
  });

  it('finds a model by every name of it', () => {
    expect(registry.entryOf('anthropic', 'claude-haiku-4-5')?.id).toBe('claude-haiku-4-5-20251001');
    expect(registry.factsOf('anthropic', 'claude-haiku-4-5')).toEqual(
      registry.factsOf('anthropic', 'claude-haiku-4-5-20251001'),
    );
  });

  it('charges what is in force on the day', () => {
    const usage = { ...unknownUsage, promptTokens: 1_000_000, completionTokens: 0 };
    const on = (day: string) => {
      const { price } = createModelRegistry({ now: () => new Date(day) }).factsOf('google', 'gemini-3.8-flash');
      return price === null ? null : formatUsd(priceUsage(usage, price) ?? -1n);
    };
    expect(on('2026-09-06T23:59:59Z')).toBeNull();
    expect(on('2026-12-31T23:59:59Z')).toBe('0.750000000');
    expect(on('2027-01-01T00:00:00Z')).toBe('1.500000000');
  });

  it('lets whoever connects a model state what is otherwise', () => {
    const facts = registry.factsOf(null, 'my-model', {
      context_tokens_max: 8_192,
      tools: true,
      prices: { input: '0.5', output: '1.5', cached_input: '0.05' },
    });
    expect(facts).toMatchObject({ contextTokensMax: 8_192, tools: true, vision: null });
    expect(facts.price).toMatchObject({
      prices: { input: 500_000_000n, output: 1_500_000_000n, cachedInput: 50_000_000n, reasoning: null },
      version: 'stated input 0.5, output 1.5, cachedInput 0.05',
    });
  });

  it('tells by the address whose prices hold', () => {
    expect(vendorOf('openai', null)).toBe('openai');
    expect(vendorOf('gemini', null)).toBe('google');
    expect(vendorOf('openai_compatible', 'https://api.openai.com/v1')).toBe('openai');
    expect(vendorOf('openai_compatible', 'https://api.groq.com/openai/v1')).toBe('groq');
    // The same kind behind somebody else's address has somebody else's prices.
    expect(vendorOf('openai', 'https://proxy.example/v1')).toBeNull();
    expect(vendorOf('openai_compatible', 'http://127.0.0.1:11434/v1')).toBeNull();
  });
});
