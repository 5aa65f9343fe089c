import { formatUsd, parseUsd } from '../money/nano-usd.ts';
import type { TokenUsage } from '../usage/token-usage.ts';
import type { ModelAnswer } from './ask.ts';

/** What several answers cost together. Null: not known, because one of them did not say. */
export interface Spending {
  calls: number;
  promptTokens: number | null;
  completionTokens: number | null;
  costUsd: string | null;
}

/** A sum in which one part is not known is not known. */
export function sumOf(answers: readonly Pick<ModelAnswer, 'usage' | 'costUsd'>[]): Spending {
  return {
    calls: answers.length,
    promptTokens: total(answers.map(({ usage }) => usage.promptTokens)),
    completionTokens: total(answers.map(({ usage }) => usage.completionTokens)),
    costUsd: totalUsd(answers.map(({ costUsd }) => costUsd)),
  };
}

/** What several answers used together, count by count. */
export function usageOfAll(answers: readonly Pick<ModelAnswer, 'usage'>[]): TokenUsage {
  const of = (count: keyof TokenUsage): number | null => total(answers.map(({ usage }) => usage[count]));
  return {
    promptTokens: of('promptTokens'),
    completionTokens: of('completionTokens'),
    cachedTokens: of('cachedTokens'),
    cacheWriteTokens: of('cacheWriteTokens'),
    reasoningTokens: of('reasoningTokens'),
  };
}

/** Tokens in and out together, where both are known. */
export function totalTokens({ promptTokens, completionTokens }: Spending): number | null {
  return total([promptTokens, completionTokens]);
}

function total(parts: readonly (number | null)[]): number | null {
  return parts.reduce((sum, part) => (sum === null || part === null ? null : sum + part), 0);
}

function totalUsd(parts: readonly (string | null)[]): string | null {
  let sum = 0n;
  for (const part of parts) {
    if (part === null) return null;
    sum += parseUsd(part);
  }
  return formatUsd(sum);
}
