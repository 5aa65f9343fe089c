import type { NanoUsd } from './nano-usd.ts';
import type { PricedCall, PricedTarget } from './budgets.ts';
import type { SpendEstimate } from './estimate-spend.ts';
import { priceAtMost, priceFlat, priceUsage, type Charge } from './price-usage.ts';

/** Where neither a request nor anybody else says how much a model writes at most: more than any model in the registry. */
const outputTokensUnknown = 131_072;

/**
 * What a call costs: what the provider counted, at its price. Where it counted nothing, what we saw; where the price is not
 * known, at the ceiling; where there is none, nobody knows.
 */
export function chargeCall(call: PricedCall, estimate: SpendEstimate, ceilingUsd: NanoUsd | null): Charge {
  const { price, usage, answered, outputCharacters } = call;
  const isCounted = usage.promptTokens !== null && usage.completionTokens !== null;
  const saidNothing = usage.promptTokens === null && usage.completionTokens === null;
  if (saidNothing && !answered) return { usd: 0n, basis: 'not_billed', priceVersion: null, tokens: 0 };

  const promptTokens = usage.promptTokens ?? estimate.inputTokens;
  const completionTokens = usage.completionTokens ?? Math.ceil(outputCharacters / 4);
  const tokens = promptTokens + completionTokens;
  if (price !== null) {
    const usd = priceUsage({ ...usage, promptTokens, completionTokens }, price);
    return { usd, basis: isCounted ? 'price' : 'estimate', priceVersion: price.version, tokens };
  }
  if (ceilingUsd === null) return { usd: null, basis: 'unknown', priceVersion: null, tokens };
  return { usd: priceFlat(tokens, ceilingUsd), basis: 'ceiling', priceVersion: null, tokens };
}

/** What one call to a target may come to at most; its dollars are null where nobody can say. */
export function chargeAtMost(
  target: PricedTarget,
  estimate: SpendEstimate,
  ceilingUsd: NanoUsd | null,
): { usd: NanoUsd | null; tokens: number } {
  const input = estimate.inputTokensMax;
  const bounds = [estimate.outputTokensMax, target.outputTokensMax].filter((bound) => bound !== null);
  const output = estimate.answers * (bounds.length === 0 ? outputTokensUnknown : Math.min(...bounds));
  const tokens = input + output;
  if (target.price !== null) return { usd: priceAtMost({ input, output }, target.price), tokens };
  return { usd: ceilingUsd === null ? null : priceFlat(tokens, ceilingUsd), tokens };
}
