import type { Ranked } from './lexical-index.ts';

export interface WeightedRanking {
  ranking: readonly Ranked[];
  weight: number;
}

/** As Cormack, Clarke and Büttcher (2009) chose it: the first places count more than the others, but not all. */
const rankOffset = 60;

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
