import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DriftComparison, DriftComparisonRequest, DriftOptions } from '@signalbox/contracts';

/** One figure of the sample file, and the request whose answer must be it. */
export interface GoldenFigure {
  name: string;
  request: DriftComparisonRequest;
  /** Which part of the answer is the figure. */
  of: 'statistic' | 'p_value';
  expected: number | 'Infinity';
}

type Json = Readonly<Record<string, unknown>>;
export interface GoldenCase {
  id: string;
  kind: string;
  expected: Json;
  [member: string]: unknown;
}

const path = join(import.meta.dirname, 'fixtures/drift-cases.json');
const file = JSON.parse(readFileSync(path, 'utf8')) as { cases: GoldenCase[] };
export const goldenCases: readonly GoldenCase[] = file.cases;

/** Every figure of numeric, categorical, probability and embedding cases. */
export function goldenFigures(): GoldenFigure[] {
  return goldenCases.flatMap((each) => {
    switch (each.kind) {
      case 'numeric':
        return numericFigures(each);
      case 'categorical':
        return categoricalFigures(each);
      case 'probability':
        return probabilityFigures(each);
      case 'embedding':
        return embeddingFigures(each);
      default:
        return [];
    }
  });
}

/** True within the tolerance of the issue: relative 1e-9, or absolute 1e-12. */
export function agrees(found: DriftComparison['statistic'], expected: number | 'Infinity'): boolean {
  if (typeof found !== 'number' || typeof expected !== 'number') return found === expected;
  return Math.abs(found - expected) <= Math.max(1e-12, 1e-9 * Math.abs(expected));
}

function numericFigures({ id, expected, reference, current }: GoldenCase): GoldenFigure[] {
  const figure = figures(id, { reference: reference as number[], current: current as number[] });
  const at = (...steps: string[]) => read(expected, steps);
  const deciles = (closed: 'left_closed' | 'right_closed'): GoldenFigure[] => {
    const bins = { binning: 'deciles_of_reference', closed } as const;
    const of = (name: string) => at('psi_deciles_of_reference', closed, name);
    return [
      figure('psi', of('psi_fill_zero_1e-4'), { ...bins, zero_shares: 'fill' }),
      figure('psi', of('psi_floor_1e-4'), { ...bins, zero_shares: 'floor' }),
      figure('psi', of('psi_add_half'), { ...bins, zero_shares: 'add_half' }),
      figure('psi', of('p_value_chi2_approx_of_psi_fill_zero_1e-4'), bins, 'p_value'),
      ...distanceFigures(figure, of, 'bins_', bins),
    ];
  };
  return [
    figure('ks', at('ks', 'D')),
    figure('ks', at('ks', 'p_scipy_auto'), {}, 'p_value'),
    ...(
      [
        'p_exact',
        'p_exact_ties_aware',
        'p_asymptotic_kstwo',
        'p_asymptotic_kolmogorov',
        'p_asymptotic_stephens',
      ] as const
    ).map((kind) => figure('ks', at('ks', kind), { p_value: kind }, 'p_value')),
    figure('wasserstein', at('wasserstein_1')),
    figure('wasserstein', at('wasserstein_normed_by_reference_std'), { normed: 'reference_std' }),
    figure('wasserstein', at('wasserstein_normed_by_reference_std_floor_0.001'), {
      normed: 'reference_std_floor_0.001',
    }),
    ...deciles('left_closed'),
    ...deciles('right_closed'),
    figure('psi', at('psi_by_value', 'psi_fill_zero_1e-4'), { binning: 'by_value' }),
    figure('psi', at('psi_by_value', 'psi_add_half'), { binning: 'by_value', zero_shares: 'add_half' }),
    figure('psi', at('psi_recommended', 'value')),
    figure('psi', at('sturges_on_both', 'psi_fill_zero_1e-4'), { binning: 'sturges_on_both' }),
    figure('jensen_shannon', at('doane_on_reference_plus_overflow_bin', 'js_distance_base2'), {
      binning: 'doane_on_reference',
    }),
    figure('hellinger', at('doane_on_reference_plus_overflow_bin', 'hellinger'), { binning: 'doane_on_reference' }),
    figure('energy_distance', at('extras', 'energy_distance')),
    figure('mann_whitney_u', at('extras', 'mann_whitney_u', 'U_reference')),
    figure('mann_whitney_u', at('extras', 'mann_whitney_u', 'p_asymptotic_two_sided_continuity'), {}, 'p_value'),
    figure('cramer_von_mises', at('extras', 'cramer_von_mises', 'statistic')),
    figure('cramer_von_mises', at('extras', 'cramer_von_mises', 'p_asymptotic'), {}, 'p_value'),
    figure('welch_t', at('extras', 'welch_t', 't')),
    figure('welch_t', at('extras', 'welch_t', 'p'), {}, 'p_value'),
  ];
}

function categoricalFigures({ id, expected, ...counts }: GoldenCase): GoldenFigure[] {
  const rows = {
    reference: rowsOf(counts['reference_counts'] as Record<string, number>),
    current: rowsOf(counts['current_counts'] as Record<string, number>),
  };
  const figure = figures(id, rows);
  const at = (...steps: string[]) => read(expected, steps);
  const tests = ['homogeneity', 'g_test', 'goodness_of_fit_reference_as_truth'] as const;
  return [
    ...tests.flatMap((test) => [
      figure('chi_square', at('chi_square', test, 'statistic'), { test }),
      figure('chi_square', at('chi_square', test, 'p'), { test }, 'p_value'),
    ]),
    figure('cramers_v', at('chi_square', 'cramers_v')),
    figure('psi', at('psi_fill_zero_1e-4')),
    figure('psi', at('psi_floor_1e-4'), { zero_shares: 'floor' }),
    figure('psi', at('psi_floor_0.01_deepchecks'), { zero_shares: 'floor', epsilon: 0.01 }),
    figure('psi', at('psi_add_half'), { zero_shares: 'add_half' }),
    figure('new_categories', at('unseen_share')),
    ...distanceFigures(figure, (name) => at(name), '', {}),
  ];
}

function probabilityFigures({ id, expected, p, q }: GoldenCase): GoldenFigure[] {
  const figure = figures(id, { reference: p as number[], current: q as number[] });
  const at = (name: string) => read(expected, [name]);
  const kind = { kind: 'probability' } as const;
  return [
    figure('psi', at('psi_fill_zero_1e-4'), kind),
    figure('psi', at('psi_no_fill'), { ...kind, zero_shares: 'none' }),
    ...distanceFigures(figure, at, '', kind),
  ];
}

function embeddingFigures({ id, expected, reference, current }: GoldenCase): GoldenFigure[] {
  const figure = figures(id, { reference: reference as number[][], current: current as number[][] });
  const at = (name: string) => read(expected, [name]);
  return [
    figure('mmd', at('mmd2_unbiased_rbf_gamma_1_over_median2')),
    figure('centroid_euclidean', at('centroid_euclidean')),
    figure('centroid_cosine_distance', at('centroid_cosine_distance')),
  ];
}

type MakeFigure = (
  method: DriftComparisonRequest['method'],
  expected: number | 'Infinity',
  options?: DriftOptions,
  of?: GoldenFigure['of'],
) => GoldenFigure;

function distanceFigures(
  figure: MakeFigure,
  of: (name: string) => number | 'Infinity',
  prefix: string,
  options: DriftOptions,
): GoldenFigure[] {
  return [
    figure('jensen_shannon', of(`${prefix}js_distance_base2`), options),
    figure('jensen_shannon', of(`${prefix}js_divergence_base2`), { ...options, measure: 'divergence_base2' }),
    figure('jensen_shannon', of(`${prefix}js_distance_natural`), { ...options, measure: 'distance_natural' }),
    figure('hellinger', of(`${prefix}hellinger`), options),
    figure('tvd', of(`${prefix}tvd`), options),
    figure('l_infinity', of(`${prefix}l_infinity`), options),
    figure('kl', of(`${prefix}kl_reference_to_current`), options),
    figure('kl', of(`${prefix}kl_current_to_reference`), { ...options, direction: 'current_to_reference' }),
    figure('kl', of(`${prefix}kl_reference_to_current_fill1e-4`), { ...options, zero_shares: 'fill' }),
  ];
}

function figures(id: string, rows: { reference: unknown[]; current: unknown[] }): MakeFigure {
  return (method, expected, options = {}, of = 'statistic') => ({
    name: `${id} ${method} ${of} ${JSON.stringify(options)}`,
    request: { method, ...rows, options },
    of,
    expected,
  });
}

function rowsOf(counts: Record<string, number>): string[] {
  return Object.entries(counts).flatMap(([category, count]) => Array.from({ length: count }, () => category));
}

function read(from: Json, steps: readonly string[]): number | 'Infinity' {
  let value: unknown = from;
  for (const step of steps) value = (value as Json)[step];
  if (typeof value === 'number' || value === 'Infinity') return value;
  throw new TypeError(`the sample file has no figure at ${steps.join('.')}`);
}
