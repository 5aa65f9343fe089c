/** Something of the reference and the same of the current sample. */
export interface Sides<Part> {
  reference: Part;
  current: Part;
}

/** What became of a side's rows: values are what is left without the missing and the invalid ones. */
export interface Tally {
  rows: number;
  missing: number;
  /** Not finite. */
  invalid: number;
}

/** Two samples that can be compared. */
export type Samples =
  | { kind: 'numeric'; ascending: Sides<Float64Array>; inOrder: Sides<Float64Array>; tallies: Sides<Tally> }
  | { kind: 'categorical'; counts: Sides<Map<string, number>>; tallies: Sides<Tally> }
  | { kind: 'probability'; shares: Sides<number[]> }
  | { kind: 'embedding'; vectors: Sides<number[][]>; tallies: Sides<Tally> };

export const sideNames = ['reference', 'current'] as const;
export type SideName = (typeof sideNames)[number];

export function bothSides<Part>(of: (side: SideName) => Part): Sides<Part> {
  return { reference: of('reference'), current: of('current') };
}

/** How many values a side has. */
export function sizesOf(samples: Samples): Sides<number> {
  switch (samples.kind) {
    case 'numeric':
      return bothSides((side) => samples.ascending[side].length);
    case 'categorical':
      return bothSides((side) => totalOf(samples.counts[side]));
    case 'probability':
      return bothSides((side) => samples.shares[side].length);
    case 'embedding':
      return bothSides((side) => samples.vectors[side].length);
  }
}

/** All categories of both sides in the order of their code units, with their counts. */
export function countCategories({ reference, current }: Sides<Map<string, number>>): {
  categories: string[];
  reference: number[];
  current: number[];
} {
  const categories = [...new Set([...reference.keys(), ...current.keys()])].sort();
  return {
    categories,
    reference: categories.map((category) => reference.get(category) ?? 0),
    current: categories.map((category) => current.get(category) ?? 0),
  };
}

export function totalOf(counts: Map<string, number>): number {
  let total = 0;
  for (const count of counts.values()) total += count;
  return total;
}
