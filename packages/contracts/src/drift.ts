import { z } from 'zod';
import { defineJob } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { ModelId } from './monitoring-models.ts';
import { pageOf, PageQuery } from './page.ts';
import { Sample } from './samples.ts';

const tag = 'Drift';
const service = 'monitoring-ingest';

const share = z.number().min(0).max(1);
const Id = z.string().max(64).describe('The id of the reference or of the verdict.');
const Moment = z.iso.datetime({ offset: true });

/** What it takes to call a difference drift: as large as this, and as unlikely without drift as `alpha` says. */
export const DriftPolicy = z
  .strictObject({
    alpha: z
      .number()
      .min(1e-6)
      .max(0.2)
      .describe('The false discovery rate over all checks of a model (Benjamini and Hochberg).'),
    rows_min: z.int().min(10).max(10_000).describe('Fewer values on a side: insufficient data.'),
    psi: z.number().positive().max(100).describe('The least PSI of a distribution that is drift.'),
    psi_major: z.number().positive().max(100).describe('The least PSI that is called major, and not moderate.'),
    mmd2: z.number().positive().max(2).describe('The least squared MMD of embeddings that is drift.'),
    missing_share: share.describe('The least change of the share of missing or invalid values that is drift.'),
    out_of_range_share: share.describe('The least share of values outside the range of the reference that is drift.'),
    new_categories_share: share.describe('The least share of unseen categories that is drift.'),
    error_rate_rise: share.describe('The least rise of the error rate that is drift.'),
    accuracy_change: share.describe('The least change of the estimated accuracy that is drift.'),
  })
  .meta({ id: 'DriftPolicy' });
export type DriftPolicy = z.infer<typeof DriftPolicy>;

export const defaultDriftPolicy: DriftPolicy = {
  alpha: 0.01,
  rows_min: 100,
  psi: 0.1,
  psi_major: 0.25,
  mmd2: 0.01,
  missing_share: 0.05,
  out_of_range_share: 0.01,
  new_categories_share: 0.01,
  error_rate_rise: 0.05,
  accuracy_change: 0.05,
};

const { features, prediction, score, actual, embedding, error_rate: errorRate } = Sample.shape;
export const DriftRow = z
  .strictObject({ features, prediction, score, actual, embedding, error_rate: errorRate })
  .meta({ id: 'DriftRow' });
export type DriftRow = z.infer<typeof DriftRow>;

const Window = z
  .strictObject({ from: Moment, to: Moment })
  .refine(({ from, to }) => Date.parse(from) < Date.parse(to), 'Expected from before to.')
  .describe('From (included) to (excluded).');

export const DriftReferenceInput = z
  .strictObject({
    model_id: ModelId,
    window: Window.optional().describe('Samples of the model that are stored, up to 10,000 of them.'),
    rows: z.array(DriftRow).min(1).max(10_000).optional().describe('An upload, in place of a window.'),
    window_minutes: z
      .int()
      .min(1)
      .max(10_080)
      .optional()
      .describe('How long each current window is. Default 60; windows are aligned to multiples of it.'),
    is_scheduled: z.boolean().optional().describe('Whether each window is judged by itself. Default true.'),
    positive_label: z
      .string()
      .max(1_000)
      .optional()
      .describe('The prediction whose probability `score` is. Without it the decision is at a score of 0.5.'),
    policy: DriftPolicy.partial().optional(),
  })
  .refine(({ window, rows }) => (window === undefined) !== (rows === undefined), 'Expected window or rows.')
  .meta({ id: 'DriftReferenceInput' });
export type DriftReferenceInput = z.infer<typeof DriftReferenceInput>;

export const DriftColumnKind = z
  .enum(['numeric', 'categorical', 'embedding', 'error_rate', 'estimated_performance'])
  .meta({ id: 'DriftColumnKind' });
export type DriftColumnKind = z.infer<typeof DriftColumnKind>;

export const DriftReference = z
  .object({
    id: z.string(),
    model_id: z.string(),
    version: z.int().describe("The model's newest is in force; older ones stay as they are."),
    status: z.enum(['active', 'superseded', 'retired']),
    source: z.enum(['window', 'upload']),
    window: z.object({ from: z.string(), to: z.string() }).nullable(),
    rows: z.int().describe('How many rows it keeps.'),
    rows_total: z.int().describe('Of how many.'),
    columns: z.array(z.object({ column: z.string(), kind: DriftColumnKind, values: z.int(), missing: z.int() })),
    window_minutes: z.int(),
    is_scheduled: z.boolean(),
    positive_label: z.string().nullable(),
    policy: DriftPolicy,
    created_at: z.iso.datetime(),
    created_by: z.string(),
  })
  .meta({ id: 'DriftReference' });
export type DriftReference = z.infer<typeof DriftReference>;

export const DriftCheck = z
  .object({
    column: z.string().describe('`feature:<name>`, `prediction`, `score`, `embedding`, `error_rate`, `performance`.'),
    check: z.enum([
      'distribution',
      'missing_share',
      'out_of_range',
      'new_categories',
      'outside_schema',
      'error_rate_rise',
      'estimated_performance',
    ]),
    outcome: z.enum(['drift', 'no_drift', 'insufficient_data', 'not_calibrated']),
    effect: z.object({ method: z.string(), value: z.number(), threshold: z.number() }).nullable(),
    significance: z
      .object({ method: z.string(), p_value: share, adjusted_p_value: share, alpha: z.number() })
      .nullable(),
    n_reference: z.int(),
    n_current: z.int(),
    bins: z
      .array(
        z.object({
          bin: z.string(),
          reference_share: z.number(),
          current_share: z.number(),
          contribution: z.number().describe('Its part of the effect.'),
        }),
      )
      .describe('What the effect is made of, those that contribute most first; at most 20.'),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'DriftCheck' });
export type DriftCheck = z.infer<typeof DriftCheck>;

const outcome = z.enum(['drift', 'no_drift', 'insufficient_data']).describe('Of this window alone.');
const state = z
  .enum(['drifting', 'suspected', 'stable', 'unknown'])
  .describe(
    '`drifting`: a column drifted in two of the last three windows with enough data. `suspected`: in this one.',
  );

export const DriftVerdict = z
  .object({
    id: z.string(),
    model_id: z.string(),
    reference_id: z.string(),
    reference_version: z.int(),
    window: z.object({ from: z.string(), to: z.string() }),
    rows: z.int(),
    rows_total: z.int(),
    outcome,
    state,
    flagged_columns: z.array(z.string()).describe('In this window.'),
    drifting_columns: z.array(z.string()).describe('In two of the last three windows.'),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'DriftVerdict' });
export type DriftVerdict = z.infer<typeof DriftVerdict>;

export const DriftVerdictInFull = DriftVerdict.extend({
  checks: z.array(DriftCheck),
  unknown_columns: z.array(z.string()).describe('Which the reference has not.'),
}).meta({ id: 'DriftVerdictInFull' });
export type DriftVerdictInFull = z.infer<typeof DriftVerdictInFull>;

export const createDriftReference = defineRoute({
  operationId: 'createDriftReference',
  service,
  method: 'post',
  path: '/api/v1/drift/references',
  tag,
  summary: 'Freeze a reference of a model, from a window of its samples or an upload',
  description: "It is the model's next version, and the one in force from now on. It never changes.",
  scope: 'metrics:write',
  bodyTypes: ['application/json'],
  bodyBytesMax: 67_108_864,
  firstByteTimeoutMs: 60_000,
  body: DriftReferenceInput,
  response: { status: 201, description: 'The reference', schema: DriftReference },
});

export const listDriftReferences = defineRoute({
  operationId: 'listDriftReferences',
  service,
  method: 'get',
  path: '/api/v1/drift/references',
  tag,
  summary: 'List references, the newest first',
  scope: 'metrics:read',
  query: PageQuery.extend({ model_id: ModelId.optional().describe('Only of this model.') }),
  response: { status: 200, description: 'One page of references', schema: pageOf(DriftReference) },
});

export const getDriftReference = defineRoute({
  operationId: 'getDriftReference',
  service,
  method: 'get',
  path: '/api/v1/drift/references/{id}',
  tag,
  summary: 'Get one reference',
  scope: 'metrics:read',
  params: z.strictObject({ id: Id }),
  response: { status: 200, description: 'The reference', schema: DriftReference },
});

export const retireDriftReference = defineRoute({
  operationId: 'retireDriftReference',
  service,
  method: 'delete',
  path: '/api/v1/drift/references/{id}',
  tag,
  summary: 'Retire a reference: nothing is judged by it any more, and its verdicts stay',
  scope: 'metrics:write',
  params: z.strictObject({ id: Id }),
  response: { status: 204, description: 'It is retired', schema: null },
});

export const listDriftVerdicts = defineRoute({
  operationId: 'listDriftVerdicts',
  service,
  method: 'get',
  path: '/api/v1/drift/verdicts',
  tag,
  summary: 'List verdicts, the newest window first',
  scope: 'metrics:read',
  query: PageQuery.extend({
    model_id: ModelId.optional().describe('Only of this model.'),
    outcome: outcome.optional(),
    state: state.optional(),
  }),
  response: { status: 200, description: 'One page of verdicts', schema: pageOf(DriftVerdict) },
});

export const getDriftVerdict = defineRoute({
  operationId: 'getDriftVerdict',
  service,
  method: 'get',
  path: '/api/v1/drift/verdicts/{id}',
  tag,
  summary: 'Get one verdict with every check, explained bin by bin',
  scope: 'metrics:read',
  params: z.strictObject({ id: Id }),
  response: { status: 200, description: 'The verdict', schema: DriftVerdictInFull },
});

export const runDrift = defineRoute({
  operationId: 'runDrift',
  service,
  method: 'post',
  path: '/api/v1/models/{id}/drift/run',
  takesEncodedSlash: true,
  tag,
  summary: 'Judge a window of a model now',
  description:
    "By the model's reference in force. Without a window: the last one of its length, up to now. One window has one " +
    'verdict: judging it again, with what came late, replaces it.',
  scope: 'metrics:write',
  params: z.strictObject({ id: ModelId.describe('The id of the model.') }),
  body: z.strictObject({ window: Window.optional() }).optional(),
  firstByteTimeoutMs: 120_000,
  response: { status: 200, description: 'The verdict', schema: DriftVerdictInFull },
});

/** One window of one model, to be judged by the worker. */
export const judgeDrift = defineJob({
  name: 'monitoring.drift',
  version: 1,
  worker: service,
  payload: z.object({ reference_id: z.string(), from: z.iso.datetime(), to: z.iso.datetime() }),
});

export const driftRoutes = [
  createDriftReference,
  listDriftReferences,
  getDriftReference,
  retireDriftReference,
  listDriftVerdicts,
  getDriftVerdict,
  runDrift,
];
