import {
  cramersV,
  goodnessOfFit,
  gTest,
  homogeneity,
  homogeneityYates,
  type ChiSquare,
} from '../../stats/chi-square.ts';
import {
  hellinger,
  jensenShannon,
  kullbackLeibler,
  lInfinity,
  psi,
  psiTerms,
  renormalised,
  sharesPlusHalf,
  sum,
  totalVariation,
  withoutZeros,
  type CountPair,
  type SharePair,
} from '../../stats/shares.ts';
import { chiSquareTail } from '../../stats/tails.ts';
import { binSamples, type Binnable, type Binned } from './bin-samples.ts';
import { notDefined, type Outcome, type Settings } from './outcome.ts';

/** Bins are told one by one up to here; beyond, only those that contribute most. */
const binsToldMax = 200;

export function comparePsi(samples: Binnable, settings: Settings): Outcome {
  const binned = binSamples(samples, settings);
  const pair = nonZero(binned, settings);
  const statistic = psi(pair);
  const bins = binned.labels.length;
  const pValue = binned.counts === null ? notDefined : psiTail(statistic, binned.counts, bins);
  const fill = psi(withoutZeros(binned.shares, 'fill', 1e-4));
  return {
    statistic,
    pValue,
    details: {
      ...binned.told,
      'psi_fill_zero_1e-4': fill,
      'psi_floor_1e-4': psi(withoutZeros(binned.shares, 'floor', 1e-4)),
      psi_no_fill: psi(binned.shares),
      ...(binned.counts === null
        ? {}
        : {
            psi_add_half: psi(sharesPlusHalf(binned.counts)),
            'p_value_chi2_approx_of_psi_fill_zero_1e-4': psiTail(fill, binned.counts, bins),
            ...countsTold(binned.counts),
          }),
      bins: explainBins(binned, psiTerms(pair)),
    },
  };
}

export function compareChiSquare(samples: Binnable, settings: Settings): Outcome {
  const binned = binSamples(samples, settings);
  const counts = countsIn(binned);
  const all = chiSquares(counts);
  // Yates corrects tables of two by two; of a larger one there is nothing to correct.
  const tested = all[settings.test] ?? all.homogeneity;
  return {
    statistic: tested.statistic,
    pValue: tested.p,
    details: {
      ...binned.told,
      dof: tested.dof,
      min_expected: all.homogeneity.min_expected,
      chi_square: all,
      ...countsTold(counts),
      ...unseenTold(binned, counts),
      bins: explainBins(binned, cellTerms(counts)),
    },
  };
}

export function compareCramersV(samples: Binnable, settings: Settings): Outcome {
  const { pValue, details } = compareChiSquare(samples, { ...settings, test: 'homogeneity' });
  return { statistic: cramersV(countsIn(binSamples(samples, settings))), pValue, details };
}

/** The distances of two distributions, which have no p of their own. */
export function compareShares(
  method: 'jensen_shannon' | 'hellinger' | 'kl' | 'tvd' | 'l_infinity',
  samples: Binnable,
  settings: Settings,
): Outcome {
  const binned = binSamples(samples, settings);
  const { shares } = binned;
  const prefix = samples.kind === 'numeric' ? 'bins_' : '';
  const told = Object.entries(distancesOf(shares)).map(([name, value]) => [prefix + name, value] as const);
  return {
    statistic: distanceOf(method, binned, settings),
    pValue: notDefined,
    details: {
      ...binned.told,
      ...Object.fromEntries(told),
      ...(binned.counts === null
        ? {}
        : { ...countsTold(binned.counts), chi_square: { homogeneity: homogeneity(binned.counts) } }),
      bins: explainBins(binned, psiTerms(withoutZeros(shares, 'fill', 1e-4))),
    },
  };
}

function distanceOf(
  method: 'jensen_shannon' | 'hellinger' | 'kl' | 'tvd' | 'l_infinity',
  binned: Binned,
  settings: Settings,
): number {
  switch (method) {
    case 'jensen_shannon':
      return jensenShannonAs(settings.measure, binned.shares);
    case 'hellinger':
      return hellinger(binned.shares);
    case 'kl': {
      const { reference, current } =
        settings.zero_shares === 'none' ? binned.shares : normal(nonZero(binned, settings));
      return settings.direction === 'reference_to_current'
        ? kullbackLeibler(reference, current)
        : kullbackLeibler(current, reference);
    }
    case 'tvd':
      return totalVariation(binned.shares);
    case 'l_infinity':
      return lInfinity(binned.shares);
  }
}

function distancesOf(shares: SharePair): Record<string, number> {
  const filled = normal(withoutZeros(shares, 'fill', 1e-4));
  return {
    js_distance_base2: jensenShannonAs('distance_base2', shares),
    js_divergence_base2: jensenShannonAs('divergence_base2', shares),
    js_distance_natural: jensenShannonAs('distance_natural', shares),
    hellinger: hellinger(shares),
    tvd: totalVariation(shares),
    l_infinity: lInfinity(shares),
    kl_reference_to_current: kullbackLeibler(shares.reference, shares.current),
    kl_current_to_reference: kullbackLeibler(shares.current, shares.reference),
    'kl_reference_to_current_fill1e-4': kullbackLeibler(filled.reference, filled.current),
  };
}

function jensenShannonAs(measure: Settings['measure'], shares: SharePair): number {
  const divergence = jensenShannon(shares);
  switch (measure) {
    case 'distance_base2':
      return Math.sqrt(divergence / Math.LN2);
    case 'divergence_base2':
      return divergence / Math.LN2;
    case 'distance_natural':
      return Math.sqrt(divergence);
    case 'divergence_natural':
      return divergence;
  }
}

/** Shares without zeros, as asked; of given shares no half can be added, so they are filled. */
function nonZero({ shares, counts }: Binned, { zero_shares: zeros, epsilon }: Settings): SharePair {
  if (zeros !== 'add_half') return withoutZeros(shares, zeros, epsilon);
  return counts === null ? withoutZeros(shares, 'fill', epsilon) : sharesPlusHalf(counts);
}

/** Entropies compare distributions: what was filled up adds up to 1 again. */
function normal({ reference, current }: SharePair): SharePair {
  return { reference: renormalised(reference), current: renormalised(current) };
}

/** Without drift, PSI / (1/n + 1/m) is chi-square with bins − 1 degrees of freedom (Yurdakul and Naranjo, 2020). */
function psiTail(statistic: number, { reference, current }: CountPair, bins: number): number {
  return chiSquareTail(statistic / (1 / sum(reference) + 1 / sum(current)), bins - 1);
}

interface ChiSquares {
  homogeneity: ReturnType<typeof homogeneity>;
  homogeneity_yates?: ChiSquare;
  g_test: ChiSquare;
  cramers_v: number;
  goodness_of_fit_reference_as_truth: ChiSquare;
}

function chiSquares(counts: CountPair): ChiSquares {
  const yates = homogeneityYates(counts);
  return {
    homogeneity: homogeneity(counts),
    ...(yates === null ? {} : { homogeneity_yates: yates }),
    g_test: gTest(counts),
    cramers_v: cramersV(counts),
    goodness_of_fit_reference_as_truth: goodnessOfFit(counts),
  };
}

function unseenTold({ labels }: Binned, { reference, current }: CountPair): Record<string, unknown> {
  const unseen = labels.filter((_, bin) => reference[bin] === 0 && current[bin] !== 0);
  const lost = labels.filter((_, bin) => reference[bin] !== 0 && current[bin] === 0);
  const unseenCount = sum(current.filter((_, bin) => reference[bin] === 0));
  return {
    unseen_share: unseenCount / sum(current),
    unseen_categories: unseen.slice(0, binsToldMax),
    lost_categories: lost.slice(0, binsToldMax),
  };
}

function countsTold({ reference, current }: CountPair): Record<string, unknown> {
  return { reference_counts: reference.slice(0, binsToldMax), current_counts: current.slice(0, binsToldMax) };
}

/** Both rows' part of the homogeneity statistic, bin by bin. */
function cellTerms({ reference, current }: CountPair): number[] {
  const [n, m] = [sum(reference), sum(current)];
  return reference.map((count, bin) => {
    const other = current[bin] ?? 0;
    const both = count + other;
    return both === 0 ? 0 : (count * m - other * n) ** 2 / (both * n * m);
  });
}

/** What each bin has on both sides and what it adds to the result; of very many, those that add most. */
function explainBins({ labels, counts, shares }: Binned, terms: readonly number[]): Record<string, unknown>[] {
  const bins = labels.map((label, bin) => ({
    bin: label,
    ...(counts === null ? {} : { reference_count: counts.reference[bin], current_count: counts.current[bin] }),
    reference_share: shares.reference[bin],
    current_share: shares.current[bin],
    contribution: terms[bin] ?? 0,
  }));
  return bins.length <= binsToldMax ? bins : bins.sort((a, b) => b.contribution - a.contribution).slice(0, binsToldMax);
}

function countsIn({ counts }: Binned): CountPair {
  if (counts === null) throw new TypeError('shares without counts cannot be tested');
  return counts;
}
