import type { Embedder } from './embedder.ts';
import type { Ranked } from './lexical-index.ts';

export interface WeightedRanking {
  ranking: readonly Ranked[];
  weight: number;
}

/** As Cormack, Clarke and Büttcher (2009) chose it: the first places count more than the others, but not all. */
const rankOffset = 60;

/** How far down either list is looked: what stands deeper in both would not be chosen. */
export const depthMax = 200;
/** Beside the ranking by words, which counts 1. An embedder that sees words only says the same, less exactly. */
const weights = { lexical: 0.5, model: 1 } as const satisfies Record<Embedder['kind'], number>;

/** The ranking by words together with that by vectors, where there is one, of an embedder of that kind. */
export function fuseWordsAndVectors(
  byWords: readonly Ranked[],
  byVectors: readonly Ranked[] | null,
  kind: Embedder['kind'],
): Ranked[] {
  const words = { ranking: byWords.slice(0, depthMax), weight: 1 };
  if (byVectors === null) return fuseRankings([words]);
  // Where words alone make a vector, two of them may share a place: what has no word of the question is not found by that.
  const sharing = kind === 'lexical' ? new Set(byWords.map(({ index }) => index)) : null;
  const ranking = byVectors.filter(({ index }) => sharing === null || sharing.has(index)).slice(0, depthMax);
  return fuseRankings([words, { ranking, weight: weights[kind] }]);
}

/**
 * One ranking out of several by their places alone, since their scores cannot be compared (reciprocal rank fusion). A score is 1
 * for what stands first in all of them, and always above 0. Of equals the one with the lower index comes first.
 */
export function fuseRankings(rankings: readonly WeightedRanking[]): Ranked[] {
  const scores = new Map<number, number>();
  const best = rankings.reduce((sum, { weight }) => sum + weight, 0) / (rankOffset + 1);
  for (const { ranking, weight } of rankings) {
    ranking.forEach(({ index }, place) => {
      scores.set(index, (scores.get(index) ?? 0) + weight / (rankOffset + place + 1) / best);
    });
  }
  return [...scores]
    .map(([index, score]) => ({ index, score }))
    .sort((one, other) => other.score - one.score || one.index - other.index);
}
