/** Benjamini and Hochberg's adjusted p-values, in the order of the given ones. */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const greatestFirst = pValues.map((p, index) => ({ p, index })).sort((a, b) => b.p - a.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 1;
  greatestFirst.forEach(({ p, index }, place) => {
    least = Math.min(least, (p * pValues.length) / (pValues.length - place));
    adjusted[index] = least;
  });
  return adjusted;
}
