import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const service = 'monitoring-ingest';
const tag = 'Objectives';

const ModelIdText = z.string().min(1).max(200);

const shape = {
  name: z.string().trim().min(1).max(100),
  model_id: ModelIdText.nullable().optional().describe('Null: of all models of the tenant together.'),
  model_version: z.string().min(1).max(100).nullable().optional(),
  environment: z.string().min(1).max(100).nullable().optional(),
  target: z.number().min(0.5).max(0.99999).describe('The part of events that is to be good: 0.99.'),
  window_days: z.int().min(1).max(90).optional().describe('Over how many days, sliding. Default 30.'),
  no_data_after_minutes: z
    .int()
    .min(5)
    .max(10_080)
    .optional()
    .describe('After so long a silence its state is `no_data`. Default 60.'),
};

const Indicator = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('availability') }),
    z.strictObject({
      kind: z.literal('latency'),
      threshold_ms: z.number().min(0.001).max(86_400_000).describe('A request that takes at most this long is good.'),
    }),
  ])
  .describe(
    '`availability`: a sample is good by the part of it that is no error; those that report no `error_rate` do not count. ' +
      '`latency`: a sample is good when it is fast enough.',
  )
  .meta({ id: 'Indicator' });
export type Indicator = z.infer<typeof Indicator>;

export const ObjectiveInput = z.strictObject({ ...shape, indicator: Indicator }).meta({ id: 'ObjectiveInput' });
export type ObjectiveInput = z.infer<typeof ObjectiveInput>;

export const ObjectiveChanges = z
  .strictObject({
    name: shape.name.optional(),
    target: shape.target.optional(),
    window_days: shape.window_days,
    no_data_after_minutes: shape.no_data_after_minutes,
    indicator: Indicator.optional(),
  })
  .meta({ id: 'ObjectiveChanges' });
export type ObjectiveChanges = z.infer<typeof ObjectiveChanges>;

export const Objective = z
  .object({
    id: z.string(),
    name: z.string(),
    model_id: z.string().nullable(),
    model_version: z.string().nullable(),
    environment: z.string().nullable(),
    indicator: Indicator,
    effective_threshold_ms: z
      .number()
      .nullable()
      .describe('Of a latency objective: the edge that is really counted by, at most 2.1 % above the threshold.'),
    target: z.number(),
    window_days: z.int(),
    no_data_after_minutes: z.int(),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Objective' });
export type Objective = z.infer<typeof Objective>;

const BurnWindow = z.enum(['5m', '30m', '1h', '6h', '3d']);

export const ObjectiveStatus = z
  .object({
    objective_id: z.string(),
    at: z.iso.datetime(),
    state: z
      .enum(['ok', 'burning', 'exhausted', 'no_data'])
      .describe('`no_data` says neither that all is well nor the contrary.'),
    window: z.object({
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      good: z.number(),
      total: z.number(),
      attained: z.number().nullable().describe('The part that was good. Null: nothing was measured.'),
    }),
    error_budget: z.object({
      allowed: z.number().describe('How many bad events the target allows of those so far.'),
      spent: z.number(),
      remaining: z.number().nullable().describe('1: all of it. Below 0: more was spent than there was.'),
    }),
    burn_rates: z
      .partialRecord(BurnWindow, z.number().nullable())
      .describe('1 uses the budget up exactly. Null: nothing was measured in that time.'),
    alarms: z
      .array(
        z.object({
          severity: z.enum(['page', 'ticket']),
          factor: z.number(),
          long_window: BurnWindow,
          long_rate: z.number(),
          short_window: BurnWindow,
          short_rate: z.number(),
        }),
      )
      .describe('The rules of which both windows burn faster than the factor, the most pressing first.'),
  })
  .meta({ id: 'ObjectiveStatus' });
export type ObjectiveStatus = z.infer<typeof ObjectiveStatus>;

const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the objective: `slo_…`.') });

export const createObjective = defineRoute({
  operationId: 'createObjective',
  service,
  method: 'post',
  path: '/api/v1/objectives',
  tag,
  summary: 'Set an objective: which part of the events is to be good',
  scope: 'models:write',
  body: ObjectiveInput,
  response: { status: 201, description: 'The objective', schema: Objective },
});

export const listObjectives = defineRoute({
  operationId: 'listObjectives',
  service,
  method: 'get',
  path: '/api/v1/objectives',
  tag,
  summary: "List the tenant's objectives, newest first",
  scope: 'metrics:read',
  query: PageQuery.extend({ model_id: ModelIdText.optional().describe('Only of this model.') }),
  response: { status: 200, description: 'One page of objectives', schema: pageOf(Objective) },
});

export const getObjective = defineRoute({
  operationId: 'getObjective',
  service,
  method: 'get',
  path: '/api/v1/objectives/{id}',
  tag,
  summary: 'Get one objective',
  scope: 'metrics:read',
  params: IdParams,
  response: { status: 200, description: 'The objective', schema: Objective },
});

export const updateObjective = defineRoute({
  operationId: 'updateObjective',
  service,
  method: 'patch',
  path: '/api/v1/objectives/{id}',
  tag,
  summary: 'Change an objective',
  scope: 'models:write',
  params: IdParams,
  body: ObjectiveChanges,
  response: { status: 200, description: 'The objective as it is now', schema: Objective },
});

export const deleteObjective = defineRoute({
  operationId: 'deleteObjective',
  service,
  method: 'delete',
  path: '/api/v1/objectives/{id}',
  tag,
  summary: 'Delete an objective',
  scope: 'models:write',
  params: IdParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const getObjectiveStatus = defineRoute({
  operationId: 'getObjectiveStatus',
  service,
  method: 'get',
  path: '/api/v1/objectives/{id}/status',
  tag,
  summary: 'What is left of the error budget, and how fast it burns',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  params: IdParams,
  response: { status: 200, description: 'Counted at this moment', schema: ObjectiveStatus },
});

const HealthStatusOfModel = z
  .enum(['ok', 'drifting', 'degraded', 'failing', 'no_data'])
  .meta({ id: 'ModelHealthStatus' });

const HealthReason = z
  .object({
    kind: z.enum(['error_rate', 'latency', 'gpu_memory', 'cpu_usage', 'memory_usage', 'objective', 'drift', 'no_data']),
    subject: z.string().nullable().describe('The id of the objective, or what drifts.'),
    value: z.number().nullable(),
    limit: z.number().nullable(),
  })
  .meta({ id: 'HealthReason' });

export const ModelHealth = z
  .object({
    model_id: z.string(),
    status: HealthStatusOfModel,
    since: z.iso.datetime(),
    evaluated_at: z.iso.datetime(),
    reasons: z.array(HealthReason),
  })
  .meta({ id: 'ModelHealth' });
export type ModelHealth = z.infer<typeof ModelHealth>;

export const getModelHealth = defineRoute({
  operationId: 'getModelHealth',
  service,
  method: 'get',
  path: '/api/v1/models/{id}/health',
  takesEncodedSlash: true,
  tag,
  summary: 'How a model is, since when, and why',
  description:
    'Looked at every half minute. It gets worse when two looks in a row agree, and better when three do; what is over its ' +
    'limit stays so until it is below 90 % of it. After half an hour without a sample there is no data.',
  scope: 'metrics:read',
  params: z.strictObject({ id: ModelIdText.describe('The id of the model; a slash in it is written %2F.') }),
  response: { status: 200, description: 'Its health', schema: ModelHealth },
});

export const getAnomalies = defineRoute({
  operationId: 'getAnomalies',
  service,
  method: 'get',
  path: '/api/v1/anomalies',
  tag,
  summary: 'Score the buckets of a series by how unusual they are',
  description:
    'Each bucket is compared with earlier ones alone: those of the same hour of the week (at least 3), else of the same hour of ' +
    'the day (5), else all (24), else it has no score. The score is its distance from their median in robust standard ' +
    'deviations: 1.4826 × the median absolute deviation of that hour and the three on each side, each from its own median; at ' +
    'least 1 % of the median.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    metric: z.string().min(1).max(200).describe('As for `/api/v1/metrics/series`.'),
    aggregate: z
      .enum(['avg', 'min', 'max', 'count', 'sum', 'p50', 'p95', 'p99', 'rate'])
      .default('avg')
      .describe('As for `/api/v1/metrics/series`.'),
    step: z.enum(['5m', '10m', '15m', '30m', '1h']).default('1h').describe('The length of a bucket.'),
    from: z.iso.datetime({ offset: true }).optional().describe('Absent: a day before `to`. At most a week is scored.'),
    to: z.iso.datetime({ offset: true }).optional().describe('Absent: now. Buckets that are not over are not scored.'),
    history_days: z.coerce.number().int().min(1).max(35).default(28).describe('How far back to compare.'),
    threshold: z.coerce.number().min(1).max(100).default(5).describe('From this score on it is an anomaly.'),
    model_id: ModelIdText.optional().describe('Only of this model.'),
    model_version: z.string().max(100).optional().describe('Only of this version.'),
    environment: z.string().max(100).optional().describe('Only of this environment.'),
  }),
  response: {
    status: 200,
    description: 'The scores',
    schema: z.object({
      metric: z.string(),
      aggregate: z.string(),
      step: z.string(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      method: z.literal('robust_z_by_hour_of_week'),
      threshold: z.number(),
      scored: z.array(
        z.object({
          time: z.iso.datetime(),
          value: z.number(),
          expected: z.number().nullable(),
          score: z.number().nullable().describe('Null: too few earlier buckets to compare with. From −100 to 100.'),
          baseline: z.enum(['hour_of_week', 'hour_of_day', 'recent']).nullable(),
          compared: z.int().describe('With how many buckets.'),
          anomalous: z.boolean(),
        }),
      ),
    }),
  },
});

/** A model's health changed. Told once for each change. */
export const modelHealthChanged = defineEvent({
  name: 'model.health-changed',
  version: 1,
  emitter: 'monitoring-ingest',
  subscribers: ['monitoring-ingest', 'alerting'],
  payload: z.object({
    model_id: z.string(),
    previous: HealthStatusOfModel.nullable().describe('Null: it is the first look.'),
    current: HealthStatusOfModel,
    reasons: z.array(HealthReason),
    at: z.iso.datetime(),
  }),
});
export type ModelHealthChanged = z.infer<typeof modelHealthChanged.payload>;

export const objectiveRoutes = [
  createObjective,
  listObjectives,
  getObjective,
  updateObjective,
  deleteObjective,
  getObjectiveStatus,
  getModelHealth,
  getAnomalies,
] as const;
