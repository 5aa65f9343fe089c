import { allInCurrent, shareDifferenceP } from '../../stats/exceedance.ts';
import { pageHinkley, pageHinkleyPInSteps } from '../../stats/page-hinkley.ts';
import { differenceOfMeansP, estimateBinary } from '../../stats/performance.ts';
import { notDefined, type Comparing, type Outcome, type SamplesOf, type Settings } from './outcome.ts';
import { totalOf, type Sides, type Tally } from './samples.ts';

/** By how much more, or less, is missing now. */
export function compareMissing({ reference, current }: Sides<Tally>): Outcome {
  const [was, is] = [reference.missing / reference.rows, current.missing / current.rows];
  return {
    statistic: is - was,
    pValue: shareDifferenceP(reference.missing, reference.rows, current.missing, current.rows),
    details: { reference_missing: reference.missing, current_missing: current.missing },
  };
}

/** Which share of the current values lies outside the reference's range, and how likely that is of equal samples. */
export function compareRange({ reference, current }: Sides<Float64Array>): Outcome {
  const [least, greatest] = [reference[0] ?? 0, reference.at(-1) ?? 0];
  const below = current.findIndex((value) => value >= least);
  const under = below === -1 ? current.length : below;
  const over = current.reduce((count, value) => count + (value > greatest ? 1 : 0), 0);
  const beyond = (count: number): number => allInCurrent(count, reference.length, current.length);
  return {
    statistic: (under + over) / current.length,
    pValue: Math.min(1, 2 * Math.min(beyond(under), beyond(over))),
    details: { reference_min: least, reference_max: greatest, below_min: under, above_max: over },
  };
}

/** Which share of the current values is of categories that the reference has not. */
export function compareNewCategories({ reference, current }: Sides<Map<string, number>>): Outcome {
  const unseen = [...current].filter(([category]) => !reference.has(category)).sort((a, b) => b[1] - a[1]);
  const [n, m] = [totalOf(reference), totalOf(current)];
  const categories = reference.size + unseen.length;
  // Any of the categories might have been the one that shows up late.
  const least = unseen[0] === undefined ? 1 : allInCurrent(unseen[0][1], n, m) * categories;
  const unseenCount = unseen.reduce((total, [, count]) => total + count, 0);
  return {
    statistic: unseenCount / m,
    pValue: Math.min(1, least),
    details: {
      unseen_share: unseenCount / m,
      unseen_categories: unseen.slice(0, 200).map(([category]) => category),
      unseen_counts: unseen.slice(0, 200).map(([, count]) => count),
    },
  };
}

/** The reference's stream and then the current one, in the order in which they were given. */
export function* comparePageHinkley({ inOrder }: SamplesOf<'numeric'>, settings: Settings): Comparing {
  const { delta, lambda, permutations, seed } = settings;
  const joined = new Float64Array(inOrder.reference.length + inOrder.current.length);
  joined.set(inOrder.reference);
  joined.set(inOrder.current, inOrder.reference.length);
  const found = pageHinkley(joined, { delta, lambda });
  const p = permutations === 0 ? notDefined : yield* pageHinkleyPInSteps(joined, { delta, lambda, permutations, seed });
  return {
    statistic: found.statistic,
    pValue: p,
    details: {
      is_alarm: found.alarmAt !== null,
      alarm_at: found.alarmAt,
      change_at: found.changeAt,
      current_from: inOrder.reference.length,
    },
  };
}

/** The difference of the accuracies that calibrated probabilities of the positive class promise, decided at 0.5. */
export function compareCbpe({ inOrder: { reference, current } }: SamplesOf<'numeric'>): Outcome {
  const estimate = (scores: Float64Array) =>
    estimateBinary(Array.from(scores, (score) => ({ score, isPositive: score >= 0.5 })));
  const chances = (scores: Float64Array) => scores.map((score) => Math.max(score, 1 - score));
  const estimated = { reference: estimate(reference), current: estimate(current) };
  return {
    statistic: estimated.current.accuracy - estimated.reference.accuracy,
    pValue: differenceOfMeansP(chances(reference), chances(current)),
    details: { estimated },
  };
}
