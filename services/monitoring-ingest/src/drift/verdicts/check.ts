import type { DriftCheck, DriftPolicy } from '@signalbox/contracts';

/** A check of one column, before it is known how likely it is among all the others. */
export interface Check {
  column: string;
  check: DriftCheck['check'];
  /** Null: there is too little to say anything. */
  effect: { method: string; value: number; threshold: number } | null;
  significance: { method: string; pValue: number } | null;
  /** By permutation, p has a least value: such checks are a family of their own. */
  isPermuted: boolean;
  isCalibrated: boolean;
  sizes: { reference: number; current: number };
  bins: DriftCheck['bins'];
  details: Readonly<Record<string, unknown>>;
}

export type Thresholds = Omit<DriftPolicy, 'alpha'>;
