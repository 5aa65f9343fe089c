import { countByValue, hasFewValues } from '../../stats/bins.ts';
import { homogeneity } from '../../stats/chi-square.ts';
import { ksAsymptoticKstwo, ksExact, ksStatistic } from '../../stats/kolmogorov-smirnov.ts';
import { psiTerms, sum, withoutZeros, type CountPair } from '../../stats/shares.ts';
import { binSamples, type Binned } from '../comparison/bin-samples.ts';
import { countCategories, type Samples, type Sides } from '../comparison/samples.ts';
import type { Check, Thresholds } from './check.ts';
import { valuesIn, type ColumnOf } from './column.ts';

/** Up to so many cells of the lattice the p of KS is exact; beyond, the asymptotic one differs by a few hundredths of itself. */
const exactCellsMax = 1_000_000;
/** With fewer expected in a cell, chi-square is not what it is called. */
const expectedMin = 5;
const binsToldMax = 20;

/**
 * The effect is the PSI over recommended bins; the significance is that of KS, or of chi-square where values are names or few.
 * PSI alone exceeds any fixed threshold by chance when rows are few, and p alone finds the smallest thing when they are many.
 */
export function checkDistribution(
  name: string,
  { reference, current }: Sides<ColumnOf<'numeric'> | ColumnOf<'categorical'>>,
  thresholds: Thresholds,
): Check {
  const samples = samplesOf(reference, current);
  const binned = binSamples(samples, { binning: 'recommended', closed: 'left_closed' });
  const terms = psiTerms(withoutZeros(binned.shares, 'fill', 1e-4));
  const { method, pValue, details } = significanceOf(samples);
  const stability = sum(terms);
  return {
    column: name,
    check: 'distribution',
    effect: { method: 'psi', value: stability, threshold: thresholds.psi },
    significance: { method, pValue },
    isPermuted: false,
    isCalibrated: true,
    sizes: { reference: valuesIn(reference), current: valuesIn(current) },
    bins: explain(binned, terms),
    details: { ...details, psi_band: bandOf(stability, thresholds) },
  };
}

/** The usual names: below 0.1, up to 0.25, and from there on. They say how much, not how certain. */
function bandOf(stability: number, thresholds: Thresholds): 'minor' | 'moderate' | 'major' {
  if (stability < thresholds.psi) return 'minor';
  return stability < thresholds.psi_major ? 'moderate' : 'major';
}

type Comparable = Extract<Samples, { kind: 'numeric' | 'categorical' }>;

function significanceOf(samples: Comparable): { method: string; pValue: number; details: Record<string, unknown> } {
  if (samples.kind === 'categorical') return chiSquareOf(countCategories(samples.counts));
  const { reference, current } = samples.ascending;
  if (hasFewValues(reference)) return chiSquareOf(countByValue(reference, current));
  const statistic = ksStatistic(reference, current);
  const isExact = statistic.n * statistic.m <= exactCellsMax;
  const pValue = isExact ? ksExact(statistic) : ksAsymptoticKstwo(statistic);
  return {
    method: 'ks',
    pValue,
    details: { D: statistic.d, p_value_kind: isExact ? 'p_exact' : 'p_asymptotic_kstwo' },
  };
}

function chiSquareOf(counts: CountPair): { method: string; pValue: number; details: Record<string, unknown> } {
  const { statistic, dof, p } = homogeneity(withoutRare(counts));
  return { method: 'chi_square', pValue: p, details: { statistic, dof } };
}

/** Puts together what is expected too rarely. It looks at both sides' sum only, so that the test stays what it is. */
function withoutRare({ reference, current }: CountPair): CountPair {
  const [n, m] = [sum(reference), sum(current)];
  const lesserPart = Math.min(n, m) / (n + m);
  const bins = reference
    .map((count, bin) => ({ reference: count, current: current[bin] ?? 0 }))
    .sort((a, b) => b.reference + b.current - a.reference - a.current);
  const kept: { reference: number; current: number }[] = [];
  const rest = { reference: 0, current: 0 };
  for (const bin of bins) {
    if ((bin.reference + bin.current) * lesserPart >= expectedMin) kept.push({ ...bin });
    else {
      rest.reference += bin.reference;
      rest.current += bin.current;
    }
  }
  const last = kept.at(-1);
  if (last === undefined || (rest.reference + rest.current) * lesserPart >= expectedMin) kept.push(rest);
  else {
    last.reference += rest.reference;
    last.current += rest.current;
  }
  return { reference: kept.map((bin) => bin.reference), current: kept.map((bin) => bin.current) };
}

function samplesOf(
  reference: ColumnOf<'numeric'> | ColumnOf<'categorical'>,
  current: ColumnOf<'numeric'> | ColumnOf<'categorical'>,
): Comparable {
  const tallies = { reference: none, current: none };
  if (reference.kind === 'numeric' && current.kind === 'numeric') {
    const ascending = { reference: reference.ascending, current: current.ascending };
    return { kind: 'numeric', ascending, inOrder: ascending, tallies };
  }
  if (reference.kind === 'categorical' && current.kind === 'categorical') {
    return { kind: 'categorical', counts: { reference: reference.counts, current: current.counts }, tallies };
  }
  throw new TypeError(`a ${current.kind} column beside a ${reference.kind} one`);
}

const none = { rows: 0, missing: 0, invalid: 0 };

function explain({ labels, shares }: Binned, terms: readonly number[]): Check['bins'] {
  return labels
    .map((bin, index) => ({
      bin,
      reference_share: shares.reference[index] ?? 0,
      current_share: shares.current[index] ?? 0,
      contribution: terms[index] ?? 0,
    }))
    .sort((a, b) => b.contribution - a.contribution)
    .slice(0, binsToldMax);
}
