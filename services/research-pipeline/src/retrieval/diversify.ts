import type { Ranked } from './lexical-index.ts';

/** The share of being relevant, against being unlike what was taken before. */
const relevanceShare = 0.7;
/** More are not looked at: what stands so far behind is not taken for being different. */
const lookedAtFactor = 4;

/**
 * Takes so many of a ranking, each time the one that is most relevant and least like those that were taken (maximal marginal
 * relevance, Carbonell and Goldstein, 1998), so that the same passage of three copies does not stand for three. Keeps the
 * scores. `terms` gives those of a text.
 */
export function diversify(
  ranking: readonly Ranked[],
  {
    limit,
    terms,
    rarityOf,
  }: { limit: number; terms: (index: number) => readonly string[]; rarityOf: (term: string) => number },
): Ranked[] {
  const waiting = ranking
    .slice(0, limit * lookedAtFactor)
    .map((ranked) => ({ ranked, vector: vectorOf(terms(ranked.index), rarityOf), nearest: 0 }));
  const best = Math.max(...waiting.map(({ ranked }) => ranked.score), Number.MIN_VALUE);
  const taken: Ranked[] = [];
  while (taken.length < limit && waiting.length > 0) {
    let chosen = 0;
    let chosenWorth = -Infinity;
    waiting.forEach(({ ranked, nearest }, at) => {
      const worth = relevanceShare * (ranked.score / best) - (1 - relevanceShare) * nearest;
      if (worth > chosenWorth) [chosen, chosenWorth] = [at, worth];
    });
    const [next] = waiting.splice(chosen, 1);
    if (next === undefined) break;
    taken.push(next.ranked);
    for (const one of waiting) one.nearest = Math.max(one.nearest, likeness(one.vector, next.vector));
  }
  return taken;
}

function vectorOf(terms: readonly string[], rarityOf: (term: string) => number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1);
  const weights = [...counts].map(([term, count]) => [term, (1 + Math.log(count)) * rarityOf(term)] as const);
  const length = Math.hypot(...weights.map(([, weight]) => weight));
  return new Map(length === 0 ? [] : weights.map(([term, weight]) => [term, weight / length] as const));
}

function likeness(one: ReadonlyMap<string, number>, other: ReadonlyMap<string, number>): number {
  const [small, large] = one.size < other.size ? [one, other] : [other, one];
  let sum = 0;
  for (const [term, weight] of small) sum += weight * (large.get(term) ?? 0);
  return sum;
}
