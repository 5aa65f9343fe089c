import { DriftOptions, type DriftMethod, type DriftMethodName, type SampleKind } from '@signalbox/contracts';
import { defaultSettings, type Settings } from './outcome.ts';

export type OptionName = Exclude<keyof DriftOptions, 'kind'>;

/** What a method takes and gives. */
export interface MethodDescription {
  summary: string;
  kinds: readonly SampleKind[];
  statistic: string;
  pValue: string | null;
  options: readonly OptionName[];
  /** Where its defaults differ from the others'. */
  defaults: Partial<Settings>;
}

const binnable = ['numeric', 'categorical', 'probability'] as const;
const countable = ['numeric', 'categorical'] as const;
const numeric = ['numeric'] as const;
const embedding = ['embedding'] as const;
const binOptions = ['binning', 'closed'] as const;
const deciles = { binning: 'deciles_of_reference' } as const;

/** Every method of comparison, in the order in which they are listed. */
export const methods: Readonly<Record<DriftMethodName, MethodDescription>> = {
  psi: {
    summary: 'The population stability index: Σ (ref − cur)·ln(ref/cur) over bins, natural logarithm.',
    kinds: binnable,
    statistic: 'The PSI with zero shares treated as asked for.',
    pValue: 'P(χ² ≥ PSI / (1/n + 1/m)) with bins − 1 degrees of freedom; null of given shares.',
    options: [...binOptions, 'zero_shares', 'epsilon'],
    defaults: {},
  },
  ks: {
    summary: 'The two-sample Kolmogorov-Smirnov test, two-sided.',
    kinds: numeric,
    statistic: 'D, the greatest distance of the two distribution functions.',
    pValue:
      'Two-sided. `p_exact` ignores ties in the null distribution (conservative), `p_exact_ties_aware` is the permutation ' +
      'p given the pooled sample.',
    options: ['p_value'],
    defaults: {},
  },
  chi_square: {
    summary: 'The chi-square test of the 2 × k table of counts, by default of homogeneity.',
    kinds: countable,
    statistic: 'χ²; "Infinity" of `goodness_of_fit_reference_as_truth` with an unseen category.',
    pValue: 'P(χ² ≥ statistic) with k − 1 degrees of freedom.',
    options: ['test', ...binOptions],
    defaults: {},
  },
  wasserstein: {
    summary: 'The first Wasserstein distance: the area between the two distribution functions.',
    kinds: numeric,
    statistic: "W1, in the values' own unit unless normed.",
    pValue: null,
    options: ['normed'],
    defaults: {},
  },
  jensen_shannon: {
    summary: 'Jensen and Shannon: how far both distributions are from their middle.',
    kinds: binnable,
    statistic: 'The square root of the divergence to base 2, from 0 to 1, unless another measure is asked for.',
    pValue: null,
    options: ['measure', ...binOptions],
    defaults: deciles,
  },
  hellinger: {
    summary: 'Hellinger: √(1 − Σ √(ref·cur)).',
    kinds: binnable,
    statistic: 'The distance, from 0 to 1.',
    pValue: null,
    options: binOptions,
    defaults: deciles,
  },
  kl: {
    summary: 'Kullback and Leibler: the relative entropy in nats. What replaces zero shares is renormalised.',
    kinds: binnable,
    statistic: 'The divergence; "Infinity" where one side has what the other lacks and zeros stay.',
    pValue: null,
    options: ['direction', 'zero_shares', 'epsilon', ...binOptions],
    defaults: { ...deciles, zero_shares: 'none' },
  },
  tvd: {
    summary: 'Total variation: ½ Σ |ref − cur|.',
    kinds: binnable,
    statistic: 'The distance, from 0 to 1.',
    pValue: null,
    options: binOptions,
    defaults: deciles,
  },
  l_infinity: {
    summary: 'The greatest difference of one share.',
    kinds: binnable,
    statistic: 'The difference, from 0 to 1.',
    pValue: null,
    options: binOptions,
    defaults: deciles,
  },
  cramers_v: {
    summary: "Cramér's V of the 2 × k table: √(χ² / N).",
    kinds: countable,
    statistic: 'V, from 0 to 1.',
    pValue: 'Of the chi-square test of homogeneity.',
    options: binOptions,
    defaults: {},
  },
  energy_distance: {
    summary: 'The energy distance: √(2 ∫ (F − G)²).',
    kinds: numeric,
    statistic: 'The distance.',
    pValue: null,
    options: [],
    defaults: {},
  },
  mann_whitney_u: {
    summary: 'The rank sum test of Mann and Whitney.',
    kinds: numeric,
    statistic: 'U of the reference.',
    pValue: 'Two-sided, normal, with ties and continuity corrected.',
    options: [],
    defaults: {},
  },
  cramer_von_mises: {
    summary: 'The two-sample test of Cramér and von Mises: the squared difference of the distribution functions.',
    kinds: numeric,
    statistic: 'T, by midranks.',
    pValue: 'Of the limit law.',
    options: [],
    defaults: {},
  },
  welch_t: {
    summary: "Welch's t test: whether two means are one, whatever the variances are.",
    kinds: numeric,
    statistic: 't of the mean of the reference less that of the current values; infinite where nothing varies.',
    pValue: 'Two-sided, with the degrees of freedom of Satterthwaite.',
    options: [],
    defaults: {},
  },
  mmd: {
    summary: 'The squared maximum mean discrepancy of vectors, unbiased, with the kernel exp(−γ‖x − y‖²).',
    kinds: embedding,
    statistic: 'MMD², which is below 0 about as often as above where nothing differs.',
    pValue: 'By permutation; null where `permutations` is 0.',
    options: ['gamma', 'permutations', 'seed'],
    defaults: { permutations: 199 },
  },
  centroid_euclidean: {
    summary: 'The Euclidean distance of the two mean vectors.',
    kinds: embedding,
    statistic: 'The distance.',
    pValue: null,
    options: [],
    defaults: {},
  },
  centroid_cosine_distance: {
    summary: 'One minus the cosine of the angle between the two mean vectors.',
    kinds: embedding,
    statistic: 'The distance, from 0 to 2; null where a mean is zero.',
    pValue: null,
    options: [],
    defaults: {},
  },
  missing_share: {
    summary: 'By how much more is missing now.',
    kinds: ['numeric', 'categorical', 'embedding'],
    statistic: 'The current share of missing values less that of the reference.',
    pValue: "That both are one share: chi-square, or Fisher's exact test where a cell expects less than 5.",
    options: [],
    defaults: {},
  },
  out_of_range: {
    summary: "Which share of the current values lies outside the reference's least and greatest.",
    kinds: numeric,
    statistic: 'The share.',
    pValue: 'Exact, of two equal samples mixed at random.',
    options: [],
    defaults: {},
  },
  new_categories: {
    summary: 'Which share of the current values is of categories that the reference has not.',
    kinds: ['categorical'],
    statistic: 'The share.',
    pValue: 'Exact, of the most frequent new one, times the number of all categories.',
    options: [],
    defaults: {},
  },
  page_hinkley: {
    summary:
      'Page and Hinkley: whether the mean of a stream (the reference, then the current values) rises, and where.',
    kinds: numeric,
    statistic: 'The greatest rise of Σ (x − mean − δ) above its least value; an alarm beyond λ.',
    pValue: 'By permutation; null unless `permutations` asks for some.',
    options: ['delta', 'lambda', 'permutations', 'seed'],
    defaults: {},
  },
  cbpe: {
    summary:
      'By how much the accuracy differs that calibrated probabilities of the positive class promise, decided at 0.5.',
    kinds: numeric,
    statistic: 'The accuracy expected now less that of the reference.',
    pValue: 'That both means are one: two-sided, normal.',
    options: [],
    defaults: {},
  },
};

/** The defaults of a method's own options. */
export function settingsOf(method: DriftMethodName): Settings {
  return { ...defaultSettings, ...methods[method].defaults };
}

/** As `GET /api/v1/drift/methods` lists them. */
export function listMethods(): DriftMethod[] {
  return Object.entries(methods).map(([name, description]) => {
    const method = name as DriftMethodName;
    const settings = settingsOf(method);
    return {
      method,
      summary: description.summary,
      kinds: [...description.kinds],
      statistic: description.statistic,
      p_value: description.pValue,
      options: [
        describeOption('kind', null),
        ...description.options.map((option) => describeOption(option, settings[option])),
      ],
    };
  });
}

function describeOption(name: keyof DriftOptions, byDefault: string | number | null): DriftMethod['options'][number] {
  const schema = DriftOptions.shape[name];
  const inner = schema.unwrap();
  return {
    name,
    default_value: byDefault,
    values: 'options' in inner ? [...inner.options] : null,
    description: schema.description ?? inner.description ?? '',
  };
}
