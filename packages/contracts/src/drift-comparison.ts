import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const tag = 'Drift';
const service = 'monitoring-ingest';

/** MX-7: every way of comparing two samples. `GET /api/v1/drift/methods` says of each what it computes and which options it has. */
export const DriftMethodName = z
  .enum([
    'psi',
    'ks',
    'chi_square',
    'wasserstein',
    'jensen_shannon',
    'hellinger',
    'kl',
    'tvd',
    'l_infinity',
    'cramers_v',
    'energy_distance',
    'mann_whitney_u',
    'cramer_von_mises',
    'welch_t',
    'mmd',
    'centroid_euclidean',
    'centroid_cosine_distance',
    'missing_share',
    'out_of_range',
    'new_categories',
    'page_hinkley',
    'cbpe',
  ])
  .meta({ id: 'DriftMethodName' });
export type DriftMethodName = z.infer<typeof DriftMethodName>;

export const SampleKind = z
  .enum(['numeric', 'categorical', 'probability', 'embedding'])
  .describe(
    'What a sample holds: numbers; names; the shares of one distribution, bin by bin; vectors of one length. Without it: ' +
      'vectors where there are arrays, numeric where there is a number, else categorical.',
  )
  .meta({ id: 'SampleKind' });
export type SampleKind = z.infer<typeof SampleKind>;

/** Which of them a method has is in the list of methods; another method's option is refused. */
export const DriftOptions = z
  .strictObject({
    kind: SampleKind.optional(),
    binning: z
      .enum(['recommended', 'deciles_of_reference', 'by_value', 'sturges_on_both', 'doane_on_reference'])
      .optional()
      .describe(
        'How numbers are binned. `recommended`: by value where the reference has 20 distinct values or fewer, else deciles. ' +
          '`deciles_of_reference`: the interior edges are the distinct type-7 quantiles 0.1 … 0.9 of the reference, the ' +
          'outer bins are open to infinity. `sturges_on_both`: equal widths over both. `doane_on_reference`: equal widths ' +
          'over the reference, and one bin for what lies outside.',
      ),
    closed: z
      .enum(['left_closed', 'right_closed'])
      .optional()
      .describe('Bins are [a, b) or (a, b], of `deciles_of_reference`.'),
    zero_shares: z
      .enum(['fill', 'floor', 'add_half', 'none'])
      .optional()
      .describe(
        '`fill`: a share of zero is replaced by epsilon. `floor`: a share is epsilon at least. `add_half`: (count + 0.5) / ' +
          '(n + 0.5 × bins). `none`: as it is, which may make the result "Infinity".',
      ),
    epsilon: z.number().positive().max(0.5).optional().describe('Default 1e-4.'),
    p_value: z
      .enum([
        'auto',
        'p_exact',
        'p_exact_ties_aware',
        'p_asymptotic_kstwo',
        'p_asymptotic_kolmogorov',
        'p_asymptotic_stephens',
      ])
      .optional()
      .describe('Which p of `ks`. `auto`: `p_exact` up to 10,000 values a side, else `p_asymptotic_kstwo`.'),
    normed: z
      .enum(['none', 'reference_std', 'reference_std_floor_0.001'])
      .optional()
      .describe("Divide W1 by the reference's population standard deviation, or by at least 0.001."),
    measure: z
      .enum(['distance_base2', 'divergence_base2', 'distance_natural', 'divergence_natural'])
      .optional()
      .describe('The divergence, or its square root, in logarithms to base 2 or natural ones.'),
    direction: z.enum(['reference_to_current', 'current_to_reference']).optional().describe('KL(from ‖ to).'),
    test: z
      .enum(['homogeneity', 'homogeneity_yates', 'g_test', 'goodness_of_fit_reference_as_truth'])
      .optional()
      .describe(
        'Of the table of counts. `homogeneity`: 2 × k, without continuity correction. `homogeneity_yates`: with it, which ' +
          'is for 2 × 2 and changes no other.',
      ),
    gamma: z
      .number()
      .positive()
      .max(1e12)
      .optional()
      .describe('Of the kernel exp(−γ‖x−y‖²). Default: 1 / median² of the distances between the two samples.'),
    permutations: z.int().min(0).max(9_999).optional().describe('For a p by permutation; 0: none.'),
    seed: z.int().min(0).max(4_294_967_295).optional().describe('Of the permutations. Default 1.'),
    delta: z.number().min(0).max(1e9).optional().describe('What `page_hinkley` tolerates above the mean.'),
    lambda: z.number().positive().max(1e12).optional().describe('The rise that is an alarm.'),
  })
  .meta({ id: 'DriftOptions' });
export type DriftOptions = z.infer<typeof DriftOptions>;

const rows = z.array(z.unknown()).max(2_000_000);
const counts = z
  .unknown()
  .describe(
    'In place of rows: an object of categories and how often each occurs. The order of its members is nothing.',
  );

export const DriftComparisonRequest = z
  .strictObject({
    method: DriftMethodName,
    reference: rows
      .optional()
      .describe('What was: numbers, names or vectors. null is missing; "NaN", "Infinity" and "-Infinity" are invalid.'),
    current: rows.optional().describe('What is now.'),
    reference_counts: counts.optional(),
    current_counts: counts.optional(),
    options: DriftOptions.optional(),
  })
  .meta({ id: 'DriftComparisonRequest' });
export type DriftComparisonRequest = z.infer<typeof DriftComparisonRequest>;

const Result = z
  .union([z.number(), z.literal('Infinity'), z.literal('-Infinity')])
  .nullable()
  .describe('null: not defined, or too little to say it.');

export const DriftComparison = z
  .object({
    method: DriftMethodName,
    statistic: Result,
    p_value: z.number().min(0).max(1).nullable().describe('null where the method has none.'),
    details: z
      .record(z.string(), z.unknown())
      .describe('What it was computed from, bin by bin; `outcome` is `compared` or `insufficient_data`.'),
  })
  .meta({ id: 'DriftComparison' });
export type DriftComparison = z.infer<typeof DriftComparison>;

export const DriftMethod = z
  .object({
    method: DriftMethodName,
    summary: z.string(),
    kinds: z.array(SampleKind),
    statistic: z.string().describe('What `statistic` is.'),
    p_value: z.string().nullable().describe('What `p_value` is; null where there is none.'),
    options: z.array(
      z.object({
        name: z.string(),
        default_value: z.union([z.string(), z.number()]).nullable(),
        values: z.array(z.string()).nullable().describe('null: any number that its description allows.'),
        description: z.string(),
      }),
    ),
  })
  .meta({ id: 'DriftMethod' });
export type DriftMethod = z.infer<typeof DriftMethod>;

export const compareDrift = defineRoute({
  operationId: 'compareDrift',
  service,
  method: 'post',
  path: '/api/v1/drift/compare',
  tag,
  summary: 'Compare two samples',
  description:
    'Computes and keeps nothing. Missing and invalid values are left out and counted in `details`; a value of the wrong ' +
    'type is refused with its index. A side without values is `insufficient_data`, with `statistic` null.',
  scope: 'metrics:read',
  routeClass: 'compute',
  bodyTypes: ['application/json'],
  bodyBytesMax: 67_108_864,
  firstByteTimeoutMs: 120_000,
  body: DriftComparisonRequest,
  response: { status: 200, description: 'The comparison', schema: DriftComparison },
});

export const listDriftMethods = defineRoute({
  operationId: 'listDriftMethods',
  service,
  method: 'get',
  path: '/api/v1/drift/methods',
  tag,
  summary: 'List the methods of comparison with their options',
  scope: 'metrics:read',
  response: { status: 200, description: 'The methods', schema: z.object({ data: z.array(DriftMethod) }) },
});

export const driftComparisonRoutes = [compareDrift, listDriftMethods];
