import { seededRandom, shuffle } from './random.ts';

export interface PageHinkleyOptions {
  /** How far above the mean so far is tolerated. */
  delta: number;
  /** The sum of excesses that is an alarm. */
  lambda: number;
}

export interface PageHinkley {
  /** The greatest rise of the sum of excesses above its least value so far. */
  statistic: number;
  /** The index at which the rise first exceeded lambda. */
  alarmAt: number | null;
  /** Where the rise began that became the greatest. */
  changeAt: number;
}

/** Page and Hinkley's test of a stream for a rise of its mean: m_t = Σ (x_i − mean_i − δ), PH_t = m_t − min m. */
export function pageHinkley(stream: ArrayLike<number>, { delta, lambda }: PageHinkleyOptions): PageHinkley {
  let [mean, excess, least, leastAt] = [0, 0, 0, 0];
  const found: PageHinkley = { statistic: 0, alarmAt: null, changeAt: 0 };
  for (let index = 0; index < stream.length; index += 1) {
    const value = stream[index] ?? 0;
    mean += (value - mean) / (index + 1);
    excess += value - mean - delta;
    if (excess < least) [least, leastAt] = [excess, index + 1];
    const rise = excess - least;
    if (rise > found.statistic) [found.statistic, found.changeAt] = [rise, leastAt];
    if (rise > lambda) found.alarmAt ??= index;
  }
  return found;
}

/** How often a random order of the same stream rises as much: what makes the statistic comparable over lengths and rates. */
export function* pageHinkleyPInSteps(
  stream: Float64Array,
  options: PageHinkleyOptions & { permutations: number; seed: number },
): Generator<undefined, number> {
  const { statistic } = pageHinkley(stream, options);
  const random = seededRandom(options.seed);
  const order = stream.slice();
  let reached = 0;
  for (let permutation = 0; permutation < options.permutations; permutation += 1) {
    if (pageHinkley(shuffle(order, random), options).statistic >= statistic - 1e-12) reached += 1;
    if (permutation % 16 === 15) yield;
  }
  return (1 + reached) / (1 + options.permutations);
}
