import type { CostBasis } from '@signalbox/contracts';
import { perMillion, type KnownPrice, type NanoUsd } from '@signalbox/prices';

export { priceTokens as priceUsage, type KnownPrice } from '@signalbox/prices';

/** What one call costs, and how that is known. */
export interface Charge {
  /** Null: unknown, which is not 0. */
  usd: NanoUsd | null;
  basis: CostBasis;
  priceVersion: string | null;
  /** What counts against budgets of tokens; null: unknown. */
  tokens: number | null;
}

/** What so many tokens cost at most, whatever they turn out to be. */
export function priceAtMost(tokens: { input: number; output: number }, price: KnownPrice): NanoUsd {
  const tables = price.longInput === null ? [price.prices] : [price.prices, price.longInput.prices];
  return perMillion(
    BigInt(tokens.input) *
      dearest(tables.flatMap(({ input, cachedInput, cacheWrite }) => [input, cachedInput, cacheWrite])) +
      BigInt(tokens.output) * dearest(tables.flatMap(({ output, reasoning }) => [output, reasoning])),
  );
}

/** What so many tokens cost at one price for all of them. */
export function priceFlat(tokens: number, usdPerMillion: NanoUsd): NanoUsd {
  return perMillion(BigInt(tokens) * usdPerMillion);
}

/** What so many tokens are expected to cost, of which nothing more is known. */
export function priceExpected(tokens: { input: number; output: number }, price: KnownPrice): NanoUsd {
  const { prices } = price.longInput !== null && tokens.input > price.longInput.aboveTokens ? price.longInput : price;
  return perMillion(BigInt(tokens.input) * prices.input + BigInt(tokens.output) * prices.output);
}

function dearest(prices: readonly (NanoUsd | null)[]): NanoUsd {
  return prices.reduce<NanoUsd>((most, price) => (price !== null && price > most ? price : most), 0n);
}
