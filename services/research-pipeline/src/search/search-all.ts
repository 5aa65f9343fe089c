import { AppError } from '@signalbox/errors';
import type { Hit, SearchOutcome } from '../sources/source.ts';
import { canonicalUrl } from './canonical-url.ts';
import type { SearchOptions, SearchProvider } from './search-provider.ts';

/**
 * Asks all of them side by side. `limit` is for each; what several found is there once. Providers take turns in the order of
 * the hits, so that none crowds out the others. One that fails is an outcome with its reason and takes nothing from the rest;
 * throws the reason of the signal when that fires.
 */
export async function searchAll(
  providers: readonly SearchProvider[],
  query: string,
  options: SearchOptions,
): Promise<{ hits: Hit[]; outcomes: SearchOutcome[] }> {
  const answers = await Promise.all(providers.map((provider) => askOne(provider, query, options)));
  return { hits: inTurns(answers.map(({ hits }) => hits)), outcomes: answers.map(({ outcome }) => outcome) };
}

interface Answer {
  hits: Hit[];
  outcome: SearchOutcome;
}

async function askOne(provider: SearchProvider, query: string, options: SearchOptions): Promise<Answer> {
  const none = (status: 'failed' | 'not_configured' | 'rate_limited', reason: string): Answer => ({
    hits: [],
    outcome: { provider: provider.name, query, status, hits: 0, reason },
  });
  if (provider.missing !== undefined) return none('not_configured', provider.missing);
  try {
    const hits = (await provider.search(query, options)).slice(0, options.limit);
    return { hits, outcome: { provider: provider.name, query, status: 'ok', hits: hits.length, reason: null } };
  } catch (error) {
    if (options.signal.aborted) throw options.signal.reason as Error;
    // Anything else is a fault of ours, and not to be told as one of theirs.
    if (!(error instanceof AppError)) throw error;
    return none(error.code === 'rate_limited' ? 'rate_limited' : 'failed', error.message);
  }
}

/** The first of each, then the second of each: a hit that somebody gave before is left out. */
function inTurns(lists: readonly Hit[][]): Hit[] {
  const known = new Set<string>();
  const hits: Hit[] = [];
  const longest = Math.max(0, ...lists.map((list) => list.length));
  for (let rank = 0; rank < longest; rank += 1) {
    for (const list of lists) {
      const hit = list[rank];
      if (hit === undefined) continue;
      const key = keyOf(hit);
      if (known.has(key)) continue;
      known.add(key);
      hits.push(hit);
    }
  }
  return hits;
}

function keyOf({ url, documentId }: Hit): string {
  return url === null ? `document ${documentId ?? ''}` : canonicalUrl(url);
}
