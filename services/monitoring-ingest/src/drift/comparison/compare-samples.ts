import type { DriftComparison, DriftComparisonRequest, DriftMethodName, DriftOptions } from '@signalbox/contracts';
import { AppError, type FieldError } from '@signalbox/errors';
import { compareChiSquare, compareCramersV, comparePsi, compareShares } from './compare-bins.ts';
import {
  compareCramerVonMises,
  compareEnergy,
  compareKs,
  compareMeans,
  compareRanks,
  compareWasserstein,
} from './compare-numbers.ts';
import {
  compareCbpe,
  compareMissing,
  compareNewCategories,
  comparePageHinkley,
  compareRange,
} from './compare-quality.ts';
import { compareCentroids, compareMmd } from './compare-vectors.ts';
import { methods, settingsOf, type OptionName } from './methods.ts';
import type { Comparing, Outcome, SamplesOf, Settings } from './outcome.ts';
import { readSamples } from './read-samples.ts';
import { bothSides, sizesOf, type Samples, type Sides, type Tally } from './samples.ts';

/**
 * Compares what a request holds. Throws `validation_failed` for a value, an option or a kind of samples that does not belong;
 * a side without values is an answer: `insufficient_data`.
 */
export function* compareSamples(request: DriftComparisonRequest): Generator<undefined, DriftComparison> {
  const { method, options = {} } = request;
  const settings = withDefaults(method, options);
  const samples = readSamples(rawSamplesOf(request), options.kind);
  const description = methods[method];
  if (!description.kinds.includes(samples.kind)) {
    const expected = `Expected ${description.kinds.join(' or ')} samples for ${method}; they are ${samples.kind}.`;
    throw notValid([{ path: 'reference', message: expected }]);
  }
  const lacking = lackOf(method, samples);
  const told = toldOf(samples);
  if (lacking !== null) {
    const details = { ...told, outcome: 'insufficient_data', reason: lacking };
    return { method, statistic: null, p_value: null, details };
  }
  const { statistic, pValue, details } = yield* compare(method, samples, settings);
  return {
    method,
    statistic: presentNumber(statistic),
    p_value: Number.isNaN(pValue) ? null : Math.min(1, Math.max(0, pValue)),
    details: {
      outcome: 'compared',
      ...told,
      options: Object.fromEntries(description.options.map((name) => [name, settings[name]])),
      ...(presentable(details) as Record<string, unknown>),
    },
  };
}

function withDefaults(method: DriftMethodName, options: DriftOptions): Settings {
  const known: readonly string[] = ['kind', ...methods[method].options];
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const foreign = given.filter(([name]) => !known.includes(name));
  if (foreign.length > 0) {
    const message = `Expected an option of ${method}: ${known.join(', ')}.`;
    throw notValid(foreign.map(([name]): FieldError => ({ path: `options.${name}`, message })));
  }
  const named = given.filter((entry): entry is [OptionName, never] => entry[0] !== 'kind');
  return { ...settingsOf(method), ...(Object.fromEntries(named) as Partial<Settings>) };
}

function rawSamplesOf(request: DriftComparisonRequest) {
  const { reference, current, reference_counts: referenceCounts, current_counts: currentCounts } = request;
  const hasRows = reference !== undefined || current !== undefined;
  if (referenceCounts !== undefined || currentCounts !== undefined) {
    if (hasRows) throw notValid([{ path: 'reference_counts', message: 'Expected rows or counts, not both.' }]);
    return { counts: { reference: referenceCounts, current: currentCounts } };
  }
  const missing = bothSides((side) => request[side] === undefined);
  const fields = (['reference', 'current'] as const).flatMap((path) =>
    missing[path] ? [{ path, message: 'Expected an array; it is missing.' }] : [],
  );
  if (fields.length > 0) throw notValid(fields);
  return { rows: { reference: reference ?? [], current: current ?? [] } };
}

/** Which need two values on each side: there is no spread, and no pair, of one. */
const pairwise: ReadonlySet<DriftMethodName> = new Set(['mmd', 'cramer_von_mises', 'welch_t']);

/** Why there is nothing to compare; null where there is. */
function lackOf(method: DriftMethodName, samples: Samples): string | null {
  const sizes = method === 'missing_share' ? rowsOf(samples) : sizesOf(samples);
  const least = pairwise.has(method) ? 2 : 1;
  const empty = (['reference', 'current'] as const).filter((side) => sizes[side] < least);
  if (empty.length === 0) return null;
  return `Fewer than ${String(least)} values: ${empty.join(', ')}.`;
}

function rowsOf(samples: Samples): Sides<number> {
  return samples.kind === 'probability' ? sizesOf(samples) : bothSides((side) => samples.tallies[side].rows);
}

/** What every answer tells of its samples. */
function toldOf(samples: Samples): Record<string, unknown> {
  const sizes = sizesOf(samples);
  const { kind } = samples;
  if (samples.kind === 'probability') return { kind, bins: sizes.reference };
  const { tallies } = samples;
  const shareOf = ({ rows, missing }: Tally): number | null => (rows === 0 ? null : missing / rows);
  return {
    kind,
    n_reference: sizes.reference,
    n_current: sizes.current,
    missing_share: bothSides((side) => shareOf(tallies[side])),
    invalid_count: bothSides((side) => tallies[side].invalid),
  };
}

type Comparison = (samples: Samples, settings: Settings) => Outcome | Comparing;

const comparisons: Readonly<Record<DriftMethodName, Comparison>> = {
  psi: (samples, settings) => comparePsi(as(samples, 'numeric', 'categorical', 'probability'), settings),
  ks: (samples, settings) => compareKs(as(samples, 'numeric'), settings),
  chi_square: (samples, settings) => compareChiSquare(as(samples, 'numeric', 'categorical'), settings),
  wasserstein: (samples, settings) => compareWasserstein(as(samples, 'numeric'), settings),
  jensen_shannon: sharesBy('jensen_shannon'),
  hellinger: sharesBy('hellinger'),
  kl: sharesBy('kl'),
  tvd: sharesBy('tvd'),
  l_infinity: sharesBy('l_infinity'),
  cramers_v: (samples, settings) => compareCramersV(as(samples, 'numeric', 'categorical'), settings),
  energy_distance: (samples) => compareEnergy(as(samples, 'numeric')),
  mann_whitney_u: (samples) => compareRanks(as(samples, 'numeric')),
  cramer_von_mises: (samples) => compareCramerVonMises(as(samples, 'numeric')),
  welch_t: (samples) => compareMeans(as(samples, 'numeric')),
  mmd: (samples, settings) => compareMmd(as(samples, 'embedding'), settings),
  centroid_euclidean: (samples) => compareCentroids('centroid_euclidean', as(samples, 'embedding')),
  centroid_cosine_distance: (samples) => compareCentroids('centroid_cosine_distance', as(samples, 'embedding')),
  missing_share: (samples) => missingOf(as(samples, 'numeric', 'categorical', 'embedding')),
  out_of_range: (samples) => compareRange(as(samples, 'numeric').ascending),
  new_categories: (samples) => compareNewCategories(as(samples, 'categorical').counts),
  page_hinkley: (samples, settings) => comparePageHinkley(as(samples, 'numeric'), settings),
  cbpe: (samples) => compareProbabilities(as(samples, 'numeric')),
};

function sharesBy(method: Parameters<typeof compareShares>[0]): Comparison {
  return (samples, settings) => compareShares(method, as(samples, 'numeric', 'categorical', 'probability'), settings);
}

function* compare(method: DriftMethodName, samples: Samples, settings: Settings): Comparing {
  const outcome = comparisons[method](samples, settings);
  return 'next' in outcome ? yield* outcome : outcome;
}

function missingOf({ tallies }: SamplesOf<'numeric' | 'categorical' | 'embedding'>): Outcome {
  return compareMissing(tallies);
}

function compareProbabilities(samples: SamplesOf<'numeric'>): Outcome {
  const fields = (['reference', 'current'] as const).flatMap((path) => {
    const { [path]: ascending } = samples.ascending;
    const isWithin = (ascending[0] ?? 0) >= 0 && (ascending.at(-1) ?? 0) <= 1;
    return isWithin ? [] : [{ path, message: 'Expected probabilities from 0 to 1.' }];
  });
  if (fields.length > 0) throw notValid(fields);
  return compareCbpe(samples);
}

/** The kinds that the method's description names, which has been checked before. */
function as<Kind extends Samples['kind']>(samples: Samples, ...kinds: Kind[]): SamplesOf<Kind> {
  if (!(kinds as string[]).includes(samples.kind)) throw new TypeError(`not for ${samples.kind} samples`);
  return samples as SamplesOf<Kind>;
}

function presentNumber(value: number): DriftComparison['statistic'] {
  if (Number.isNaN(value)) return null;
  if (value === Infinity) return 'Infinity';
  return value === -Infinity ? '-Infinity' : value;
}

/** JSON has no Infinity and no NaN. */
function presentable(value: unknown): unknown {
  if (typeof value === 'number') return presentNumber(value);
  if (Array.isArray(value)) return value.map(presentable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, presentable(member)]));
}

function notValid(fields: readonly FieldError[]): AppError {
  return new AppError('validation_failed', undefined, { fields });
}
