import { momentsOf } from './moments.ts';
import { normalTwoSided } from './tails.ts';

/** What a classifier is expected to reach, computed from calibrated probabilities alone (CBPE). */
export interface EstimatedPerformance {
  rows: number;
  accuracy: number;
  /** A ratio with nothing below the line is null. */
  precision: number | null;
  recall: number | null;
  f1: number | null;
  roc_auc: number | null;
}

/** One prediction: the calibrated probability of the positive class, and whether that class was predicted. */
export interface ScoredPrediction {
  score: number;
  isPositive: boolean;
}

/** From the probability of the positive class: each row is an expected share of a true or a false one. */
export function estimateBinary(predictions: readonly ScoredPrediction[]): EstimatedPerformance {
  let [truePositive, falsePositive, falseNegative] = [0, 0, 0];
  for (const { score, isPositive } of predictions) {
    if (isPositive) {
      truePositive += score;
      falsePositive += 1 - score;
    } else {
      falseNegative += score;
    }
  }
  return {
    rows: predictions.length,
    accuracy: momentsOf(predictions.map(({ score, isPositive }) => (isPositive ? score : 1 - score))).mean,
    precision: ratio(truePositive, truePositive + falsePositive),
    recall: ratio(truePositive, truePositive + falseNegative),
    f1: ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative),
    roc_auc: expectedRocAuc(predictions.map(({ score }) => score)),
  };
}

/** How far probabilities are from how often they came true, in ten bins, weighted by their rows (ECE). */
export function calibrationError(rows: readonly { score: number; isTrue: boolean }[]): number {
  const bins = Array.from({ length: 10 }, () => ({ score: 0, cameTrue: 0 }));
  for (const { score, isTrue } of rows) {
    const bin = bins[Math.min(9, Math.floor(score * 10))];
    if (bin === undefined) continue;
    bin.score += score;
    bin.cameTrue += isTrue ? 1 : 0;
  }
  return bins.reduce((total, { score, cameTrue }) => total + Math.abs(score - cameTrue), 0) / rows.length;
}

/** The two-sided p of a difference of two means (Welch's z: for samples of a hundred and more). */
export function differenceOfMeansP(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  const [a, b] = [momentsOf(reference), momentsOf(current)];
  const apart = a.mean - b.mean;
  const variance = a.m2 / (a.count - 1) / a.count + b.m2 / (b.count - 1) / b.count;
  if (!(variance > 0)) return apart === 0 ? 1 : 0;
  return normalTwoSided(apart / Math.sqrt(variance));
}

/** Over all pairs of rows, how much likelier the higher score is the positive one: expected concordant pairs over all. */
function expectedRocAuc(scores: number[]): number | null {
  const ascending = scores.sort((a, b) => a - b);
  const positives = ascending.reduce((total, score) => total + score, 0);
  let [concordant, negativesBelow, selfPairs] = [0, 0, 0];
  for (let index = 0; index < ascending.length;) {
    const score = ascending[index] ?? 0;
    let tied = 0;
    while (ascending[index + tied] === score) tied += 1;
    concordant += tied * score * (negativesBelow + ((tied - 1) * (1 - score)) / 2);
    selfPairs += tied * score * (1 - score);
    negativesBelow += tied * (1 - score);
    index += tied;
  }
  return ratio(concordant, positives * negativesBelow - selfPairs);
}

function ratio(above: number, below: number): number | null {
  return below > 0 ? above / below : null;
}
