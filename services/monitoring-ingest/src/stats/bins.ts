import { momentsOf, populationDeviation } from './moments.ts';
import { countDistinct, quantile } from './quantile.ts';
import { sum, type CountPair } from './shares.ts';

/** Which side of an edge a value on it belongs to: `[a, b)` or `(a, b]`. */
export type ClosedSide = 'left_closed' | 'right_closed';

/** Up to so many distinct values in the reference, values are counted as they are. */
const distinctByValueMax = 20;

/** The distinct type-7 quantiles 0.1 … 0.9: the edges between ten bins, of which the outer two are open to infinity. */
export function decileEdges(ascending: Float64Array): number[] {
  const deciles = Array.from({ length: 9 }, (_, index) => quantile(ascending, (index + 1) / 10));
  return deciles.filter((edge, index) => edge !== deciles[index - 1]);
}

/** How many values of an ascending sample lie in each bin between the interior edges. */
export function countByEdges(ascending: Float64Array, edges: readonly number[], closed: ClosedSide): number[] {
  const starts = [0, ...edges.map((edge) => position(ascending, edge, closed)), ascending.length];
  return edges.concat(0).map((_, bin) => (starts[bin + 1] ?? 0) - (starts[bin] ?? 0));
}

/** Each value that either sample has, with both counts. */
export function countByValue(reference: Float64Array, current: Float64Array): CountPair & { values: number[] } {
  const counted = { values: [] as number[], reference: [] as number[], current: [] as number[] };
  let [i, j] = [0, 0];
  while (i < reference.length || j < current.length) {
    const value = Math.min(reference[i] ?? Infinity, current[j] ?? Infinity);
    const [fromReference, fromCurrent] = [i, j];
    while (i < reference.length && reference[i] === value) i += 1;
    while (j < current.length && current[j] === value) j += 1;
    counted.values.push(value);
    counted.reference.push(i - fromReference);
    counted.current.push(j - fromCurrent);
  }
  return counted;
}

/** Whether a sample is one to be counted by value. */
export function hasFewValues(ascending: Float64Array): boolean {
  return countDistinct(ascending) <= distinctByValueMax;
}

/** Edges of bins of equal width, the first and the last included. */
export interface EqualWidths {
  edges: number[];
}

/** Sturges' number of bins over both samples together. */
export function sturgesOnBoth(reference: Float64Array, current: Float64Array): EqualWidths {
  const least = Math.min(reference[0] ?? 0, current[0] ?? 0);
  const greatest = Math.max(reference.at(-1) ?? 0, current.at(-1) ?? 0);
  const width = (greatest - least) / (Math.log2(reference.length + current.length) + 1);
  return equalWidths(least, greatest, width);
}

/** Doane's number of bins over the reference, which allows for its skewness. */
export function doaneOnReference(reference: Float64Array): EqualWidths {
  const n = reference.length;
  const [least, greatest] = [reference[0] ?? 0, reference.at(-1) ?? 0];
  const moments = momentsOf(reference);
  const deviation = populationDeviation(moments);
  if (n <= 2 || deviation === 0) return equalWidths(least, greatest, 0);
  const spread = Math.sqrt((6 * (n - 2)) / ((n + 1) * (n + 3)));
  const skewness = sum(Array.from(reference, (value) => ((value - moments.mean) / deviation) ** 3)) / n;
  return equalWidths(
    least,
    greatest,
    (greatest - least) / (1 + Math.log2(n) + Math.log2(1 + Math.abs(skewness) / spread)),
  );
}

/** By bins `[a, b)`, the last one closed, and what lies outside all of them. */
export function countByWidths(ascending: Float64Array, { edges }: EqualWidths): { counts: number[]; outside: number } {
  const starts = edges.map((edge, index) =>
    position(ascending, edge, index === edges.length - 1 ? 'right_closed' : 'left_closed'),
  );
  const counts = edges.slice(1).map((_, bin) => (starts[bin + 1] ?? 0) - (starts[bin] ?? 0));
  return { counts, outside: ascending.length - sum(counts) };
}

function equalWidths(least: number, greatest: number, width: number): EqualWidths {
  const [first, last] = greatest > least ? [least, greatest] : [least - 0.5, greatest + 0.5];
  const bins = width > 0 ? Math.ceil((last - first) / width) : 1;
  const step = (last - first) / bins;
  return { edges: Array.from({ length: bins + 1 }, (_, index) => (index === bins ? last : first + index * step)) };
}

/** How many values lie before the edge. */
function position(ascending: Float64Array, edge: number, closed: ClosedSide): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const value = ascending[middle] ?? Infinity;
    if (value < edge || (closed === 'right_closed' && value === edge)) low = middle + 1;
    else high = middle;
  }
  return low;
}
