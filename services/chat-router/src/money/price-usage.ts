import type { CostBasis } from '@signalbox/contracts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { NanoUsd } from './nano-usd.ts';

/** Nano-dollars for a million tokens. Null: there is no price of its own, and what it is a part of tells. */
export interface Prices {
  input: NanoUsd;
  output: NanoUsd;
  /** Input that the provider had in its cache. */
  cachedInput: NanoUsd | null;
  /** Input that the provider put into its cache. */
  cacheWrite: NanoUsd | null;
  /** Output that was thinking. */
  reasoning: NanoUsd | null;
}

/** A price and where it comes from. */
export interface KnownPrice {
  prices: Prices;
  /** What a request costs, all of it, whose input is longer than this; null: the same. */
  longInput: { aboveTokens: number; prices: Prices } | null;
  /** Names the table that it stood in, so that what was charged can be found again. */
  version: string;
}

/** What one call costs, and how that is known. */
export interface Charge {
  /** Null: unknown, which is not 0. */
  usd: NanoUsd | null;
  basis: CostBasis;
  priceVersion: string | null;
  /** What counts against budgets of tokens; null: unknown. */
  tokens: number | null;
}

/** Exact to the nano-dollar, rounded up once. Null where the provider did not say what it used. */
export function priceUsage(usage: TokenUsage, price: KnownPrice): NanoUsd | null {
  const { promptTokens, completionTokens } = usage;
  if (promptTokens === null || completionTokens === null) return null;
  const isLong = price.longInput !== null && promptTokens > price.longInput.aboveTokens;
  const prices = isLong && price.longInput !== null ? price.longInput.prices : price.prices;
  // Parts cannot be more than the whole, whatever a provider says.
  const cached = Math.min(usage.cachedTokens ?? 0, promptTokens);
  const written = Math.min(usage.cacheWriteTokens ?? 0, promptTokens - cached);
  const reasoning = Math.min(usage.reasoningTokens ?? 0, completionTokens);
  return perMillion(
    BigInt(promptTokens - cached - written) * prices.input +
      BigInt(cached) * (prices.cachedInput ?? prices.input) +
      BigInt(written) * (prices.cacheWrite ?? prices.input) +
      BigInt(completionTokens - reasoning) * prices.output +
      BigInt(reasoning) * (prices.reasoning ?? prices.output),
  );
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

function perMillion(nanos: bigint): NanoUsd {
  return (nanos + 999_999n) / 1_000_000n;
}

function dearest(prices: readonly (NanoUsd | null)[]): NanoUsd {
  return prices.reduce<NanoUsd>((most, price) => (price !== null && price > most ? price : most), 0n);
}
