/** A copy in ascending order. */
export function sorted(values: ArrayLike<number>): Float64Array {
  return new Float64Array(values).sort();
}

/** The quantile of type 7 (Hyndman and Fan) of values in ascending order; NaN of none. */
export function quantile(ascending: ArrayLike<number>, probability: number): number {
  const position = (ascending.length - 1) * probability;
  const below = Math.floor(position);
  const low = ascending[below] ?? Number.NaN;
  const high = ascending[Math.min(below + 1, ascending.length - 1)] ?? Number.NaN;
  const part = position - below;
  // From the nearer end: an edge must be the same double wherever it is computed, for a value on it has a side.
  return part < 0.5 ? low + (high - low) * part : high - (high - low) * (1 - part);
}

export function median(values: ArrayLike<number>): number {
  return quantile(sorted(values), 0.5);
}

/** How many different values there are. */
export function countDistinct(ascending: ArrayLike<number>): number {
  let distinct = ascending.length === 0 ? 0 : 1;
  for (let index = 1; index < ascending.length; index += 1) {
    if (ascending[index] !== ascending[index - 1]) distinct += 1;
  }
  return distinct;
}
