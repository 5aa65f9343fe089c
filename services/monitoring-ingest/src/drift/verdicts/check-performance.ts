import { calibrationError, differenceOfMeansP, estimateBinary } from '../../stats/performance.ts';
import { bothSides, type Sides } from '../comparison/samples.ts';
import type { Check, Thresholds } from './check.ts';
import type { ColumnOf, LabelledPrediction } from './column.ts';

/** Probabilities that are further from the truth than this promise nothing. */
const calibrationErrorMax = 0.1;
const labelledMin = 100;

/**
 * Estimates from the scores alone how often the model is right (CBPE), and whether that is another share than it was. Where the
 * reference has labels enough, its scores must be calibrated.
 */
export function checkPerformance(
  name: string,
  columns: Sides<ColumnOf<'estimated_performance'>>,
  thresholds: Thresholds,
): Check {
  const { reference, current } = bothSides((side) => columns[side].predictions);
  const [was, is] = [estimateBinary(reference), estimateBinary(current)];
  const labelled = labelledOf(reference);
  const error = labelled.length >= labelledMin ? calibrationError(labelled) : null;
  return {
    column: name,
    check: 'estimated_performance',
    effect: { method: 'cbpe', value: Math.abs(is.accuracy - was.accuracy), threshold: thresholds.accuracy_change },
    significance: {
      method: 'difference of means',
      pValue: differenceOfMeansP(chancesToBeRight(reference), chancesToBeRight(current)),
    },
    isPermuted: false,
    isCalibrated: error === null || error <= calibrationErrorMax,
    sizes: { reference: reference.length, current: current.length },
    bins: [],
    details: {
      estimated: { reference: was, current: is },
      realised_accuracy: { reference: realisedAccuracy(reference), current: realisedAccuracy(current) },
      reference_calibration_error: error,
    },
  };
}

function labelledOf(predictions: readonly LabelledPrediction[]) {
  return predictions.flatMap(({ score, isTrue }) => (isTrue === null ? [] : [{ score, isTrue }]));
}

function chancesToBeRight(predictions: readonly LabelledPrediction[]): number[] {
  return predictions.map(({ score, isPositive }) => (isPositive ? score : 1 - score));
}

function realisedAccuracy(predictions: readonly LabelledPrediction[]): number | null {
  const known = predictions.filter(({ isTrue }) => isTrue !== null);
  if (known.length === 0) return null;
  return known.filter(({ isTrue, isPositive }) => isTrue === isPositive).length / known.length;
}
