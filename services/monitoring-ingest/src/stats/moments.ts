/** Count, mean, sum of squared deviations (`m2`), least and greatest value; two of them merge into that of the whole. */
export interface Moments {
  count: number;
  mean: number;
  m2: number;
  min: number;
  max: number;
}

export const noMoments: Moments = { count: 0, mean: 0, m2: 0, min: Infinity, max: -Infinity };

/** Two passes, so that a large offset costs no digits. */
export function momentsOf(values: ArrayLike<number>): Moments {
  if (values.length === 0) return noMoments;
  let [min, max] = [Infinity, -Infinity];
  const origin = values[0] ?? 0;
  let shifted = 0;
  for (const value of each(values)) {
    shifted += value - origin;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  const mean = origin + shifted / values.length;
  let [m2, rest] = [0, 0];
  for (const value of each(values)) {
    m2 += (value - mean) ** 2;
    rest += value - mean;
  }
  return { count: values.length, mean, m2: Math.max(0, m2 - rest ** 2 / values.length), min, max };
}

/** Of the union (Chan, Golub and LeVeque). */
export function mergeMoments(first: Moments, second: Moments): Moments {
  const count = first.count + second.count;
  if (first.count === 0 || second.count === 0) return first.count === 0 ? second : first;
  const apart = second.mean - first.mean;
  return {
    count,
    mean: first.mean + (apart * second.count) / count,
    m2: first.m2 + second.m2 + (apart ** 2 * first.count * second.count) / count,
    min: Math.min(first.min, second.min),
    max: Math.max(first.max, second.max),
  };
}

/** Of the population: divided by the count. */
export function populationDeviation({ m2, count }: Moments): number {
  return Math.sqrt(m2 / count);
}

function each(values: ArrayLike<number>): Iterable<number> {
  return values as Iterable<number> & ArrayLike<number>;
}
