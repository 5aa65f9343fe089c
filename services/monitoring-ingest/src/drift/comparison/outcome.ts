import type { DriftOptions } from '@signalbox/contracts';
import type { Samples } from './samples.ts';

/** What a method found. NaN stands for what is not defined; it never leaves the process. */
export interface Outcome {
  statistic: number;
  pValue: number;
  details: Readonly<Record<string, unknown>>;
}

export const notDefined = Number.NaN;

/** Every option that a method of that name has, with its default filled in. */
export type Settings = {
  [Name in Exclude<keyof DriftOptions, 'kind' | 'gamma'>]-?: NonNullable<DriftOptions[Name]>;
} & { gamma: number | null };

export const defaultSettings: Settings = {
  binning: 'recommended',
  closed: 'left_closed',
  zero_shares: 'fill',
  epsilon: 1e-4,
  p_value: 'auto',
  normed: 'none',
  measure: 'distance_base2',
  direction: 'reference_to_current',
  test: 'homogeneity',
  gamma: null,
  permutations: 0,
  seed: 1,
  delta: 0.005,
  lambda: 50,
};

/** Pauses between its steps, so that a large comparison does not hold the process. */
export type Comparing = Generator<undefined, Outcome>;

/** Of one kind of samples, or of several. */
export type SamplesOf<Kind extends Samples['kind']> = Extract<Samples, { kind: Kind }>;
