import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Monitored models';

export const ModelType = z
  .enum(['llm', 'cv', 'tabular', 'other'])
  .describe('What kind of model it is.')
  .meta({ id: 'ModelType' });
export type ModelType = z.infer<typeof ModelType>;

/** MX-1: what a monitored model is called, by whoever sends its measurements: `signalbox/extractive`, `fraud-v2`. */
export const ModelId = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\x00-\x1f\x7f-\x9f]+$/, 'Expected no control characters.');

export const ModelEnvironment = z.enum(['dev', 'staging', 'prod']);

const share = z.number().min(0).max(1);

/** MX-6: beyond these a measurement is too high. */
export const ModelThresholds = z
  .strictObject({
    latency: z.number().positive().max(86_400_000).describe('Milliseconds.'),
    error_rate: share,
    gpu_memory: share,
    cpu_usage: share,
    memory_usage: share,
  })
  .meta({ id: 'ModelThresholds' });
export type ModelThresholds = z.infer<typeof ModelThresholds>;

/** What is in force for a model that says nothing else, and for one that nobody registered. */
export const defaultThresholds: ModelThresholds = {
  latency: 1_000,
  error_rate: 0.05,
  gpu_memory: 0.8,
  cpu_usage: 0.8,
  memory_usage: 0.8,
};

const FeatureName = z.string().min(1).max(200);

/** What values a feature may have; what is outside is told by drift checks and never refused at intake. */
export const FeatureSpec = z
  .strictObject({
    kind: z.enum(['number', 'category']),
    min: z.number().optional().describe('The least value of a number.'),
    max: z.number().optional().describe('The greatest value of a number.'),
    values: z.array(z.string().max(500)).max(1_000).optional().describe('The values that a category may have.'),
    nullable: z.boolean().optional().describe('Whether it may be absent or null. Default true.'),
  })
  .meta({ id: 'FeatureSpec' });
export type FeatureSpec = z.infer<typeof FeatureSpec>;

const modelShape = {
  name: z.string().min(1).max(200),
  model_type: ModelType,
  version: z.string().min(1).max(100),
  environment: ModelEnvironment,
  thresholds: z
    .strictObject({
      latency: ModelThresholds.shape.latency.nullish(),
      error_rate: share.nullish(),
      gpu_memory: share.nullish(),
      cpu_usage: share.nullish(),
      memory_usage: share.nullish(),
    })
    .nullish()
    .describe('What is left out, or null, has its default.'),
  features: z
    .record(FeatureName, FeatureSpec)
    .refine((features) => Object.keys(features).length <= 1_000, 'Expected at most 1,000 features.')
    .nullish(),
};

export const ModelChanges = z.strictObject(modelShape).meta({ id: 'ModelChanges' });
export type ModelChanges = z.infer<typeof ModelChanges>;

export const ModelInput = z.strictObject({ id: ModelId, ...modelShape }).meta({ id: 'ModelInput' });

export const MonitoredModel = z
  .object({
    id: z.string(),
    registered: z.boolean().describe('False: nobody registered it, and defaults are in force.'),
    name: z.string(),
    model_type: ModelType,
    version: z.string().nullable(),
    environment: ModelEnvironment.nullable(),
    thresholds: ModelThresholds,
    features: z.record(z.string(), FeatureSpec),
    revision: z.int().describe('Grows by one with every change; 0: never registered.'),
    first_seen_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'MonitoredModel' });
export type MonitoredModel = z.infer<typeof MonitoredModel>;

export const ModelRevision = z
  .object({
    revision: z.int(),
    name: z.string(),
    model_type: ModelType,
    version: z.string(),
    environment: ModelEnvironment,
    thresholds: ModelThresholds,
    features: z.record(z.string(), FeatureSpec),
    created_at: z.iso.datetime(),
    created_by: z.string().describe('The principal who made it.'),
  })
  .meta({ id: 'ModelRevision' });
export type ModelRevision = z.infer<typeof ModelRevision>;

const params = z.strictObject({ id: ModelId.describe('The id of the model; a slash in it is written %2F.') });

export const registerMonitoredModel = defineRoute({
  operationId: 'registerMonitoredModel',
  service: 'monitoring-ingest',
  method: 'post',
  path: '/api/v1/models',
  deprecatedPaths: ['/models'],
  tag,
  summary: 'Register a model that is to be watched',
  description: 'MX-6. A model that was only seen in measurements becomes a registered one. 409 when it is one already.',
  scope: 'models:write',
  body: ModelInput,
  response: { status: 201, description: 'The model', schema: MonitoredModel },
});

export const listMonitoredModels = defineRoute({
  operationId: 'listMonitoredModels',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/models',
  tag,
  summary: 'List the monitored models by id, those that nobody registered among them',
  scope: 'models:read',
  query: PageQuery.extend({
    model_type: ModelType.optional().describe('Only models of this kind.'),
    environment: ModelEnvironment.optional().describe('Only models of this environment.'),
    registered: z
      .enum(['true', 'false'])
      .optional()
      .describe('`false`: only models that were seen, and that nobody registered.'),
  }),
  response: { status: 200, description: 'One page of models', schema: pageOf(MonitoredModel) },
});

/** MX-6: as MonitorX's clients ask and read it. */
export const listModelsAsModels = defineRoute({
  operationId: 'listModelsAsModels',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/monitored-models',
  deprecatedPaths: ['/models'],
  tag,
  summary: 'List the registered models as MonitorX did, at most 10,000: use /api/v1/models',
  scope: 'models:read',
  response: { status: 200, description: 'The models', schema: z.object({ models: z.array(MonitoredModel) }) },
});

export const getMonitoredModel = defineRoute({
  operationId: 'getMonitoredModel',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/models/{id}',
  takesEncodedSlash: true,
  tag,
  summary: 'Get a monitored model',
  scope: 'models:read',
  params,
  response: { status: 200, description: 'The model', schema: MonitoredModel },
});

export const updateMonitoredModel = defineRoute({
  operationId: 'updateMonitoredModel',
  service: 'monitoring-ingest',
  method: 'put',
  path: '/api/v1/models/{id}',
  takesEncodedSlash: true,
  tag,
  summary: 'Give a model its next revision; an unregistered one is registered by it',
  scope: 'models:write',
  params,
  body: ModelChanges,
  response: { status: 200, description: 'The model', schema: MonitoredModel },
});

export const deleteMonitoredModel = defineRoute({
  operationId: 'deleteMonitoredModel',
  service: 'monitoring-ingest',
  method: 'delete',
  path: '/api/v1/models/{id}',
  takesEncodedSlash: true,
  tag,
  summary: 'Take a model out of the registry; its measurements stay as long as they would',
  scope: 'models:write',
  params,
  response: { status: 204, description: 'It is gone', schema: null },
});

export const listMonitoredModelRevisions = defineRoute({
  operationId: 'listMonitoredModelRevisions',
  service: 'monitoring-ingest',
  method: 'get',
  path: '/api/v1/models/{id}/revisions',
  takesEncodedSlash: true,
  tag,
  summary: 'List what a model was registered as, the newest first',
  scope: 'models:read',
  params,
  query: PageQuery,
  response: { status: 200, description: 'One page of revisions', schema: pageOf(ModelRevision) },
});

export const monitoredModelRoutes = [
  registerMonitoredModel,
  listMonitoredModels,
  listModelsAsModels,
  getMonitoredModel,
  updateMonitoredModel,
  deleteMonitoredModel,
  listMonitoredModelRevisions,
] as const;
