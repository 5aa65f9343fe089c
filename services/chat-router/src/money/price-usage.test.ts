import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { unknownUsage } from '../usage/token-usage.ts';
import { estimateError, estimateSpend } from './estimate-spend.ts';
import { formatUsd, parseUsd } from './nano-usd.ts';
import { priceAtMost, priceFlat, priceUsage, type KnownPrice } from './price-usage.ts';

const usd = fc.bigInt({ min: 0n, max: 1_000_000_000_000n });
const maybeUsd = fc.option(usd);
const prices = fc.record({ input: usd, output: usd, cachedInput: maybeUsd, cacheWrite: maybeUsd, reasoning: maybeUsd });
const count = fc.nat({ max: 2_147_483_647 });
const maybeCount = fc.option(count);
const usage = fc.record({
  promptTokens: count,
  completionTokens: count,
  cachedTokens: maybeCount,
  cacheWriteTokens: maybeCount,
  reasoningTokens: maybeCount,
});
const price = fc.record({
  prices,
  longInput: fc.option(fc.record({ aboveTokens: count, prices })),
  version: fc.constant('test'),
});

function priceOf(input: string, output: string, more: Partial<KnownPrice['prices']> = {}): KnownPrice {
  const table = { input: parseUsd(input), output: parseUsd(output) };
  return {
    prices: { ...table, cachedInput: null, cacheWrite: null, reasoning: null, ...more },
    longInput: null,
    version: 'test',
  };
}

describe('amounts of money', () => {
  it('are read and written without losing a billionth', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 19n }), (amount) => {
        expect(parseUsd(formatUsd(amount))).toBe(amount);
      }),
    );
    expect(formatUsd(parseUsd('0.1') + parseUsd('0.2'))).toBe('0.300000000');
    expect(formatUsd(-1n)).toBe('-0.000000001');
  });

  it('are nothing else than decimals of nine places', () => {
    for (const text of ['', '.5', '1.', '1e3', '-1', '+1', ' 1', '0.0000000001', '1,5', 'NaN', 'Infinity', '0x1']) {
      expect(() => parseUsd(text)).toThrow(TypeError);
    }
  });
});

describe('what a call costs (LA-14, LA-21)', () => {
  it('is its tokens at their prices, to the billionth', () => {
    const usage = { ...unknownUsage, promptTokens: 1_234, completionTokens: 567 };
    // 1,234 × 1.25 / 10⁶ + 567 × 10 / 10⁶
    expect(formatUsd(priceUsage(usage, priceOf('1.25', '10')) ?? -1n)).toBe('0.007212500');
  });

  it('counts what was cached, written to a cache and thought as parts of the whole', () => {
    const more = { cachedInput: parseUsd('0.125'), cacheWrite: parseUsd('1.5625'), reasoning: parseUsd('20') };
    const usage = {
      promptTokens: 1_000_000,
      cachedTokens: 400_000,
      cacheWriteTokens: 100_000,
      completionTokens: 1_000_000,
      reasoningTokens: 250_000,
    };
    // 0.5 × 1.25 + 0.4 × 0.125 + 0.1 × 1.5625 + 0.75 × 10 + 0.25 × 20
    expect(formatUsd(priceUsage(usage, priceOf('1.25', '10', more)) ?? -1n)).toBe('13.331250000');
    const plain = { ...unknownUsage, promptTokens: 1_000_000, completionTokens: 1_000_000 };
    expect(priceUsage({ ...plain, cachedTokens: 400_000, reasoningTokens: 250_000 }, priceOf('1.25', '10'))).toBe(
      priceUsage(plain, priceOf('1.25', '10')),
    );
  });

  it('is rounded up once, and not to nothing', () => {
    expect(priceUsage({ ...unknownUsage, promptTokens: 1, completionTokens: 1 }, priceOf('0.000000001', '0'))).toBe(1n);
  });

  it('is the dearer table’s for all of a request whose input is long', () => {
    const known: KnownPrice = {
      ...priceOf('2', '10'),
      longInput: { aboveTokens: 272_000, prices: priceOf('4', '15').prices },
    };
    const at = (promptTokens: number) =>
      formatUsd(priceUsage({ ...unknownUsage, promptTokens, completionTokens: 1_000 }, known) ?? -1n);
    expect(at(272_000)).toBe('0.554000000');
    expect(at(272_001)).toBe('1.103004000');
  });

  it('is unknown where the provider did not count', () => {
    expect(priceUsage(unknownUsage, priceOf('1', '1'))).toBeNull();
    expect(priceUsage({ ...unknownUsage, promptTokens: 1 }, priceOf('1', '1'))).toBeNull();
  });

  it('never exceeds what was held back for as many tokens, whatever a provider says of its parts', () => {
    fc.assert(
      fc.property(usage, price, (used, known) => {
        const most = priceAtMost({ input: used.promptTokens, output: used.completionTokens }, known);
        const cost = priceUsage(used, known);
        expect(cost !== null && cost >= 0n && cost <= most).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is at a flat price that of all tokens alike', () => {
    expect(formatUsd(priceFlat(1_500_000, parseUsd('100')))).toBe('150.000000000');
  });
});

describe('what is expected of a request (OP-4)', () => {
  it('is four characters to a token, and what is held back at most one token to a byte', () => {
    const estimate = estimateSpend({
      characters: 401,
      bytes: 500,
      messages: 2,
      images: 1,
      outputTokensMax: 64,
      answers: 1,
    });
    expect(estimate).toEqual({
      method: 'characters/4',
      inputTokens: 101,
      inputTokensMax: 500 + 2 * 16 + 3_000,
      outputTokensMax: 64,
      answers: 1,
    });
  });

  it('errs by parts of what was billed', () => {
    expect(estimateError(110, 100)).toBe(0.1);
    expect(estimateError(50, 100)).toBe(-0.5);
    expect(estimateError(50, 0)).toBeNull();
    expect(estimateError(50, null)).toBeNull();
  });
});
