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

/** What a call used. Null: nobody said. */
export interface UsedTokens {
  promptTokens: number | null;
  completionTokens: number | null;
  /** Parts of `promptTokens`. */
  cachedTokens: number | null;
  cacheWriteTokens: number | null;
  /** Part of `completionTokens`. */
  reasoningTokens: number | null;
}

/** Exact to the nano-dollar, rounded up once. Null where nobody said what was used. */
export function priceTokens(used: UsedTokens, price: KnownPrice): NanoUsd | null {
  const { promptTokens, completionTokens } = used;
  if (promptTokens === null || completionTokens === null) return null;
  const isLong = price.longInput !== null && promptTokens > price.longInput.aboveTokens;
  const prices = isLong && price.longInput !== null ? price.longInput.prices : price.prices;
  // Parts cannot be more than the whole, whatever a provider says.
  const cached = Math.min(used.cachedTokens ?? 0, promptTokens);
  const written = Math.min(used.cacheWriteTokens ?? 0, promptTokens - cached);
  const reasoning = Math.min(used.reasoningTokens ?? 0, completionTokens);
  return perMillion(
    BigInt(promptTokens - cached - written) * prices.input +
      BigInt(cached) * (prices.cachedInput ?? prices.input) +
      BigInt(written) * (prices.cacheWrite ?? prices.input) +
      BigInt(completionTokens - reasoning) * prices.output +
      BigInt(reasoning) * (prices.reasoning ?? prices.output),
  );
}

/** So many tokens times their price for a million, rounded up. */
export function perMillion(nanos: bigint): NanoUsd {
  return (nanos + 999_999n) / 1_000_000n;
}
