import { cramerVonMises } from '../../stats/cramer-von-mises.ts';
import {
  exactCells,
  ksAsymptoticKolmogorov,
  ksAsymptoticKstwo,
  ksAsymptoticStephens,
  ksExactInSteps,
  ksExactTiesAwareInSteps,
  ksStatistic,
  type KsStatistic,
} from '../../stats/kolmogorov-smirnov.ts';
import { momentsOf, populationDeviation } from '../../stats/moments.ts';
import { mannWhitney } from '../../stats/rank-sum.ts';
import { energyDistance, wasserstein } from '../../stats/wasserstein.ts';
import { welch } from '../../stats/welch.ts';
import { AppError } from '@signalbox/errors';
import { notDefined, type Comparing, type Outcome, type SamplesOf, type Settings } from './outcome.ts';

type Numbers = SamplesOf<'numeric'>;

/** Up to so many values a side the p is exact unless another one is asked for. */
const exactValuesMax = 10_000;
/** The most cells of the lattice that anyone may ask for, and how many are worth telling what nobody asked for. */
const cellsMax = 400_000_000;
const cellsUnasked = 1_000_000;

export function* compareKs({ ascending: { reference, current } }: Numbers, settings: Settings): Comparing {
  const statistic = ksStatistic(reference, current);
  const { n, m, lcm, steps, d } = statistic;
  const isSmall = Math.max(n, m) <= exactValuesMax;
  const kind = settings.p_value === 'auto' ? (isSmall ? 'p_exact' : 'p_asymptotic_kstwo') : settings.p_value;
  const exact = kind === 'p_exact' || isSmall ? yield* exactP(statistic) : null;
  const tiesAware =
    kind === 'p_exact_ties_aware' || n * m <= cellsUnasked ? yield* tiesAwareP(statistic, reference, current) : null;
  const all = {
    p_exact: exact,
    p_exact_ties_aware: tiesAware,
    p_asymptotic_kstwo: ksAsymptoticKstwo(statistic),
    p_asymptotic_kolmogorov: ksAsymptoticKolmogorov(statistic),
    p_asymptotic_stephens: ksAsymptoticStephens(statistic),
  };
  const divisor = steps === 0 ? lcm : greatestCommonDivisor(steps, lcm);
  return {
    statistic: d,
    pValue: all[kind] ?? notDefined,
    details: {
      D: d,
      D_fraction: `${String(steps / divisor)}/${String(lcm / divisor)}`,
      p_value_kind: kind,
      p_scipy_auto: isSmall ? exact : all.p_asymptotic_kstwo,
      ...all,
    },
  };
}

export function compareWasserstein({ ascending: { reference, current } }: Numbers, { normed }: Settings): Outcome {
  const distance = wasserstein(reference, current);
  const deviation = populationDeviation(momentsOf(reference));
  const all = {
    none: distance,
    'reference_std_floor_0.001': distance / Math.max(deviation, 0.001),
    reference_std: distance === 0 ? 0 : distance / deviation,
  };
  return {
    statistic: all[normed],
    pValue: notDefined,
    details: {
      wasserstein_1: all.none,
      reference_std_population: deviation,
      'wasserstein_normed_by_reference_std_floor_0.001': all['reference_std_floor_0.001'],
      wasserstein_normed_by_reference_std: all.reference_std,
    },
  };
}

export function compareEnergy({ ascending: { reference, current } }: Numbers): Outcome {
  return { statistic: energyDistance(reference, current), pValue: notDefined, details: {} };
}

export function compareRanks({ ascending: { reference, current } }: Numbers): Outcome {
  const { u, p } = mannWhitney(reference, current);
  return { statistic: u, pValue: p, details: { U_reference: u, p_asymptotic_two_sided_continuity: p } };
}

export function compareCramerVonMises({ ascending: { reference, current } }: Numbers): Outcome {
  const { statistic, p } = cramerVonMises(reference, current);
  return { statistic, pValue: p, details: { p_asymptotic: p } };
}

export function compareMeans({ ascending: { reference, current } }: Numbers): Outcome {
  const { t, df, p } = welch(reference, current);
  return { statistic: t, pValue: p, details: { t, df } };
}

function* exactP(statistic: KsStatistic): Generator<undefined, number> {
  if (exactCells(statistic) > cellsMax) throw tooLarge();
  return yield* ksExactInSteps(statistic);
}

function* tiesAwareP(
  statistic: KsStatistic,
  reference: Float64Array,
  current: Float64Array,
): Generator<undefined, number> {
  if (statistic.n * statistic.m > cellsMax) throw tooLarge();
  const pooled = new Float64Array(statistic.n + statistic.m);
  pooled.set(reference);
  pooled.set(current, statistic.n);
  return yield* ksExactTiesAwareInSteps(statistic, pooled.sort());
}

function tooLarge(): AppError {
  return new AppError('unprocessable', 'The samples are too large for an exact p. Ask for an asymptotic one.');
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
