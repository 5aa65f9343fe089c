import { sum, type CountPair } from './shares.ts';
import { chiSquareTail } from './tails.ts';

export interface ChiSquare {
  statistic: number;
  dof: number;
  p: number;
}

/** Of a 2 × k table against “both rows come from one distribution”, without continuity correction. */
export function homogeneity(counts: CountPair): ChiSquare & { min_expected: number } {
  const table = expectedOf(counts);
  const statistic = sum(table.map(({ observed, expected }) => (observed - expected) ** 2 / expected));
  return { ...withTail(statistic, table.length / 2 - 1), min_expected: leastExpected(table) };
}

/** With Yates' correction, which is for 2 × 2 tables; null for any other. */
export function homogeneityYates(counts: CountPair): ChiSquare | null {
  const table = expectedOf(counts);
  if (table.length !== 4) return null;
  const terms = table.map(({ observed, expected }) => {
    const gap = Math.abs(observed - expected);
    return (gap - Math.min(0.5, gap)) ** 2 / expected;
  });
  return withTail(sum(terms), 1);
}

/** The likelihood ratio of the same table. */
export function gTest(counts: CountPair): ChiSquare {
  const table = expectedOf(counts);
  const terms = table.map(({ observed, expected }) => (observed === 0 ? 0 : observed * Math.log(observed / expected)));
  return withTail(Math.max(0, 2 * sum(terms)), table.length / 2 - 1);
}

/** Takes the reference's shares for the truth: an unseen category is then impossible (infinite, p = 0). */
export function goodnessOfFit({ reference, current }: CountPair): ChiSquare {
  const [n, m] = [sum(reference), sum(current)];
  const kept = reference.map((count, bin) => ({ expected: (count / n) * m, observed: current[bin] ?? 0 }));
  const possible = kept.filter(({ expected, observed }) => expected > 0 || observed > 0);
  const terms = possible.map(({ expected, observed }) => (observed - expected) ** 2 / expected);
  return withTail(sum(terms), possible.length - 1);
}

/** √(χ² / N) of a table with two rows; 0 where there is one category. */
export function cramersV(counts: CountPair): number {
  const { statistic, dof } = homogeneity(counts);
  return dof < 1 ? 0 : Math.sqrt(statistic / (sum(counts.reference) + sum(counts.current)));
}

interface Cell {
  observed: number;
  expected: number;
}

/** Without categories that neither side has. */
function expectedOf({ reference, current }: CountPair): Cell[] {
  const [n, m] = [sum(reference), sum(current)];
  return reference.flatMap((count, bin) => {
    const other = current[bin] ?? 0;
    const both = count + other;
    if (both === 0) return [];
    return [
      { observed: count, expected: (both * n) / (n + m) },
      { observed: other, expected: (both * m) / (n + m) },
    ];
  });
}

function leastExpected(table: readonly Cell[]): number {
  return table.reduce((least, { expected }) => Math.min(least, expected), Infinity);
}

function withTail(statistic: number, dof: number): ChiSquare {
  return { statistic, dof, p: chiSquareTail(statistic, dof) };
}
