import type { ResearchInput } from '@signalbox/contracts';
import type { Amounts } from './job-tables.ts';

const defaults: Amounts = {
  sources: 30,
  fetch_bytes: 60_000_000,
  llm_tokens: 200_000,
  usd: 1,
  wall_seconds: 900,
};

export const nothingSpent: Amounts = { sources: 0, fetch_bytes: 0, llm_tokens: 0, usd: 0, wall_seconds: 0 };

/** A budget is always there: what is not said is not unlimited. */
export function budgetOf({ budget = {} }: ResearchInput): Amounts {
  return {
    sources: budget.max_sources ?? defaults.sources,
    fetch_bytes: budget.max_fetch_bytes ?? defaults.fetch_bytes,
    llm_tokens: budget.max_llm_tokens ?? defaults.llm_tokens,
    usd: budget.max_usd ?? defaults.usd,
    wall_seconds: budget.max_wall_seconds ?? defaults.wall_seconds,
  };
}

const names: Readonly<Record<keyof Amounts, string>> = {
  sources: 'sources',
  fetch_bytes: 'fetched bytes',
  llm_tokens: 'tokens of models',
  usd: 'US dollars',
  wall_seconds: 'seconds of work',
};

/**
 * What is used up by so great a share (0.8 for 80 %), in words; null: nothing is. Sources are counted apart: the last of them
 * may still be read, and being done with them all is no reason to stop.
 */
export function exhausted(budget: Amounts, spent: Amounts, share: number): string | null {
  for (const member of ['fetch_bytes', 'llm_tokens', 'usd', 'wall_seconds'] as const)
    if (spent[member] >= budget[member] * share) return names[member];
  return null;
}
