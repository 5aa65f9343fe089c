/** What a provider says it spent on one answer. Null: it did not say; nobody guesses in its place. */
export interface TokenUsage {
  promptTokens: number | null;
  completionTokens: number | null;
  /** Part of `promptTokens`. */
  cachedTokens: number | null;
  /** Part of `promptTokens`: what the provider put into its prompt cache, which some charge more for. */
  cacheWriteTokens: number | null;
  /** Part of `completionTokens`. */
  reasoningTokens: number | null;
}

export const unknownUsage: TokenUsage = {
  promptTokens: null,
  completionTokens: null,
  cachedTokens: null,
  cacheWriteTokens: null,
  reasoningTokens: null,
};

const tokensMax = 2_147_483_647;

/** A foreign number as a count the ledger can hold: whole, and between 0 and 2³¹ − 1; null for anything but a number. */
export function toTokenCount(value: unknown): number | null {
  if (typeof value !== 'number' || Number.isNaN(value)) return null;
  return Math.min(tokensMax, Math.max(0, Math.trunc(value)));
}

/** What is known after a provider told its sums again: what it does not repeat still holds. */
export function mergeUsage(before: TokenUsage, now: TokenUsage): TokenUsage {
  return {
    promptTokens: now.promptTokens ?? before.promptTokens,
    completionTokens: now.completionTokens ?? before.completionTokens,
    cachedTokens: now.cachedTokens ?? before.cachedTokens,
    cacheWriteTokens: now.cacheWriteTokens ?? before.cacheWriteTokens,
    reasoningTokens: now.reasoningTokens ?? before.reasoningTokens,
  };
}
