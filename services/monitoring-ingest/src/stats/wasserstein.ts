/** The first Wasserstein distance of two samples in ascending order: the area between their distribution functions. */
export function wasserstein(reference: Float64Array, current: Float64Array): number {
  return areaBetween(reference, current, (gap) => gap);
}

/** √(2 ∫ (F − G)²): the energy distance. */
export function energyDistance(reference: Float64Array, current: Float64Array): number {
  return Math.sqrt(2 * areaBetween(reference, current, (gap) => gap * gap));
}

function areaBetween(reference: Float64Array, current: Float64Array, weigh: (gap: number) => number): number {
  const n = reference.length;
  const m = current.length;
  let [i, j, area, lost] = [0, 0, 0, 0];
  let previous = Math.min(reference[0] ?? 0, current[0] ?? 0);
  while (i < n || j < m) {
    const value = Math.min(reference[i] ?? Infinity, current[j] ?? Infinity);
    // In integers up to the division: equal shares of samples of unlike sizes are equal.
    const part = weigh(Math.abs(i * m - j * n) / (n * m)) * (value - previous) - lost;
    const next = area + part;
    lost = next - area - part;
    area = next;
    while (i < n && reference[i] === value) i += 1;
    while (j < m && current[j] === value) j += 1;
    previous = value;
  }
  return area;
}
