import { median } from './quantile.ts';
import { normalTwoSided } from './tails.ts';

export interface TimedValue {
  /** In any unit. */
  at: number;
  value: number;
}

/** A straight line that half of the pairs rise faster than. */
export interface Trend {
  /** Per unit of `at`, with its bounds at 95 %. */
  slope: number;
  low: number;
  high: number;
  /** Where the line is at `at`. */
  levelAt: (at: number) => number;
  /** Of no trend at all. */
  pValue: number;
}

/** Two standard deviations and a little less: 97.5 % of the normal distribution is below. */
const z95 = 1.959963984540054;

/**
 * Sen's slope and the Mann-Kendall test, with pairs of the same season alone (Gilbert 1987, chapters 16 and 17): what comes
 * and goes with the season is no trend. Null where no season has two values. `seasonOf` gives all the same for none.
 */
export function findTrend(values: readonly TimedValue[], seasonOf: (at: number) => number): Trend | null {
  const seasons = new Map<number, TimedValue[]>();
  for (const one of values) {
    const season = seasonOf(one.at);
    seasons.set(season, [...(seasons.get(season) ?? []), one]);
  }
  const slopes: number[] = [];
  let [statistic, variance] = [0, 0];
  for (const season of seasons.values()) {
    for (const [index, later] of season.entries()) {
      for (const earlier of season.slice(0, index)) {
        slopes.push((later.value - earlier.value) / (later.at - earlier.at));
        statistic += Math.sign(later.value - earlier.value);
      }
    }
    variance += varianceOf(season.map(({ value }) => value));
  }
  if (slopes.length === 0) return null;
  const ascending = slopes.sort((a, b) => a - b);
  const slope = median(ascending);
  const half = (z95 * Math.sqrt(variance)) / 2;
  const rank = (position: number): number =>
    ascending[Math.min(ascending.length - 1, Math.max(0, Math.round(position)))] ?? slope;
  const offset = median(values.map(({ at, value }) => value - slope * at));
  const corrected = Math.max(0, Math.abs(statistic) - 1);
  return {
    slope,
    low: rank((ascending.length - 1) / 2 - half),
    high: rank((ascending.length - 1) / 2 + half),
    levelAt: (at) => offset + slope * at,
    pValue: variance === 0 ? 1 : normalTwoSided(corrected / Math.sqrt(variance)),
  };
}

/** Of Kendall's sum of signs, were the order chance; ties leave it less. */
function varianceOf(values: readonly number[]): number {
  const ties = new Map<number, number>();
  for (const value of values) ties.set(value, (ties.get(value) ?? 0) + 1);
  const term = (count: number): number => count * (count - 1) * (2 * count + 5);
  const tied = [...ties.values()].reduce((sum, count) => sum + term(count), 0);
  return (term(values.length) - tied) / 18;
}
