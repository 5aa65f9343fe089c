import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { ModelEnvironment, ModelId, ModelType } from './monitoring-models.ts';

const tag = 'Metrics';

const share = z.number().min(0).max(1);
const count = z.int().min(0);
const milliseconds = z.number().min(0).max(86_400_000);
const Text = z.string().regex(/^[^\0]*$/, 'Expected no NUL character.');
const Label = z.union([z.number(), Text.max(1_000)]);

export const SampleTags = z
  .record(Text.min(1).max(100), Text.max(500))
  .refine((tags) => Object.keys(tags).length <= 50, 'Expected at most 50 tags.');

const Timestamp = z.iso
  .datetime({ offset: true })
  .describe('RFC 3339. Default: now. At most an hour ahead, and not older than raw rows are kept.');

/**
 * MX-1: the measurements of one inference. The same `request_id` of the same model is the same sample, however often it is
 * sent. What is optional may be null, which says as much as leaving it out.
 */
export const Sample = z
  .strictObject({
    model_id: ModelId,
    model_type: ModelType,
    request_id: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\x00-\x1f\x7f-\x9f]+$/, 'Expected no control characters.'),
    timestamp: Timestamp.nullish(),
    latency: z.number().positive().max(86_400_000).describe('Milliseconds.'),
    throughput: z.number().positive().nullish(),
    error_rate: share.nullish(),
    resource_usage: z
      .strictObject({ gpu_memory: share.nullish(), cpu_usage: share.nullish(), memory_usage: share.nullish() })
      .nullish(),
    model_version: Text.min(1).max(100).nullish(),
    environment: ModelEnvironment.nullish(),
    time_to_first_token_ms: milliseconds.nullish(),
    input_tokens: count.nullish(),
    output_tokens: count.nullish(),
    cost_usd: z.number().min(0).max(1_000_000).nullish(),
    features: z
      .record(Text.min(1).max(200), z.union([z.number(), Text.max(1_000), z.boolean(), z.null()]))
      .refine((features) => Object.keys(features).length <= 1_000, 'Expected at most 1,000 features.')
      .nullish()
      .describe('What the model was given.'),
    prediction: Label.nullish().describe('What the model answered.'),
    score: share.nullish().describe('The calibrated probability of the positive class.'),
    actual: Label.nullish().describe('What was true, where it is known.'),
    embedding: z.array(z.number().min(-3e38).max(3e38)).max(4_096).nullish(),
    tags: SampleTags.nullish(),
  })
  .meta({ id: 'Sample' });
export type Sample = z.infer<typeof Sample>;

export const batchItemsMax = 10_000;
const intakeBytesMax = 20_971_520;

const intake = {
  service: 'monitoring-ingest',
  method: 'post',
  tag,
  routeClass: 'ingest',
  scope: 'metrics:write',
  firstByteTimeoutMs: 20_000,
} as const;

const Stored = z.object({ status: z.literal('success'), message: z.string() });

export const recordInference = defineRoute({
  ...intake,
  operationId: 'recordInference',
  path: '/api/v1/metrics/inference',
  deprecatedPaths: ['/metrics/inference'],
  summary: 'Record the measurements of one inference',
  description: 'MX-1. Answered when it is committed; a repeat of the same `request_id` and model changes nothing.',
  body: Sample,
  response: {
    status: 201,
    description: 'It is stored',
    schema: Stored.extend({ model_id: z.string(), request_id: z.string(), duplicate: z.boolean() }),
  },
});

export const ReportedDrift = z
  .strictObject({
    model_id: ModelId,
    drift_type: z.enum(['data', 'concept']),
    severity: z.enum(['low', 'medium', 'high', 'critical']),
    confidence: share,
    feature: Text.min(1).max(200).nullish(),
    timestamp: Timestamp.nullish(),
    tags: SampleTags.nullish(),
  })
  .meta({ id: 'ReportedDrift' });

export const reportDrift = defineRoute({
  ...intake,
  operationId: 'reportDrift',
  path: '/api/v1/metrics/drift',
  deprecatedPaths: ['/metrics/drift'],
  summary: 'Report drift that somebody else has found; it is kept as that, and is no verdict',
  body: ReportedDrift,
  response: { status: 201, description: 'It is stored', schema: Stored.extend({ id: z.string() }) },
});

export const ResourceUsage = z
  .strictObject({
    model_id: ModelId.nullish(),
    resource: Text.min(1).max(200).nullish().describe('What was measured: a host, a pod, a device.'),
    timestamp: Timestamp.nullish(),
    gpu_memory: share.nullish(),
    cpu_usage: share.nullish(),
    memory_usage: share.nullish(),
    tags: SampleTags.nullish(),
  })
  .refine(
    ({ gpu_memory: gpu, cpu_usage: cpu, memory_usage: memory }) =>
      [gpu, cpu, memory].some((each) => each !== undefined && each !== null),
    'Expected one of gpu_memory, cpu_usage and memory_usage.',
  )
  .meta({ id: 'ResourceUsage' });
export type ResourceUsage = z.infer<typeof ResourceUsage>;

export const recordResources = defineRoute({
  ...intake,
  operationId: 'recordResources',
  path: '/api/v1/metrics/resources',
  summary: 'Record what a model, or a machine, uses at the moment',
  description: 'MX-5. Points of the metrics `gpu_memory`, `cpu_usage` and `memory_usage`.',
  body: ResourceUsage,
  response: { status: 201, description: 'It is stored', schema: Stored.extend({ points: z.int() }) },
});

export const BatchItemResult = z
  .object({
    index: z.int(),
    status: z.enum(['stored', 'duplicate', 'rejected']),
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'BatchItemResult' });
export type BatchItemResult = z.infer<typeof BatchItemResult>;

export const BatchResult = z
  .object({
    accepted: z.int().describe('Stored now, or before.'),
    duplicates: z.int().describe('Of these, how many were there already.'),
    rejected: z.int(),
    results: z.array(BatchItemResult),
  })
  .meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof BatchResult>;

export const recordBatch = defineRoute({
  ...intake,
  operationId: 'recordBatch',
  path: '/api/v1/metrics/batch',
  summary: 'Record up to 10,000 samples, each for itself',
  description:
    'MX-20. JSON (`{"items": […]}`) or NDJSON, one sample in a line; gzip, deflate and br are taken. Answered when all that can be stored is committed, with a result per index: a bad item does not touch its neighbours. With an `Idempotency-Key` a repeat gets the first answer for 24 hours; the same key with another body is 422.',
  query: z.strictObject({
    results: z.enum(['all', 'rejected']).optional().describe('`rejected`: name only what was not stored.'),
  }),
  bodyTypes: ['application/json', 'application/x-ndjson'],
  body: z.strictObject({ items: z.array(Sample).min(1).max(batchItemsMax) }),
  bodyBytesMax: intakeBytesMax,
  response: { status: 201, description: 'All are stored', schema: BatchResult },
  alsoAnswers: [{ status: 207, description: 'Some were rejected; the others are stored', schema: BatchResult }],
  deprecatedPaths: ['/api/v1/metrics/inference/batch'],
});

const otlp = {
  ...intake,
  tag: 'OpenTelemetry',
  dialect: 'otlp',
  bodyTypes: ['application/x-protobuf', 'application/json'],
  bodyBytesMax: intakeBytesMax,
} as const;

export const exportMetrics = defineRoute({
  ...otlp,
  operationId: 'exportMetrics',
  path: '/v1/metrics',
  summary: 'Take metrics of OpenTelemetry in (OTLP/HTTP)',
  description: 'Protobuf or JSON, answered in the same. Partial success is for bad data only; overload is 503.',
  body: z.looseObject({ resourceMetrics: z.array(z.looseObject({})).optional() }),
  response: {
    status: 200,
    description: 'Stored, but for the points that partialSuccess speaks of',
    schema: z.object({
      partialSuccess: z.object({ rejectedDataPoints: z.string(), errorMessage: z.string() }).optional(),
    }),
  },
});

export const exportTraces = defineRoute({
  ...otlp,
  operationId: 'exportTraces',
  path: '/v1/traces',
  summary: 'Take spans of OpenTelemetry in (OTLP/HTTP); those of GenAI calls become samples as well',
  description: 'Protobuf or JSON, answered in the same. Partial success is for bad data only; overload is 503.',
  body: z.looseObject({ resourceSpans: z.array(z.looseObject({})).optional() }),
  response: {
    status: 200,
    description: 'Stored, but for the spans that partialSuccess speaks of',
    schema: z.object({ partialSuccess: z.object({ rejectedSpans: z.string(), errorMessage: z.string() }).optional() }),
  },
});

export const remoteWrite = defineRoute({
  ...intake,
  operationId: 'remoteWrite',
  path: '/api/v1/write',
  summary: 'Take samples of Prometheus in (remote write 1.0)',
  description: 'A `prometheus.WriteRequest` in protobuf, compressed by snappy (block format).',
  bodyTypes: ['application/x-protobuf'],
  body: z.unknown(),
  bodyBytesMax: intakeBytesMax,
  response: { status: 204, description: 'Stored', schema: null },
});

/** Something was measured of a tenant's models. Told soon after, and seldom: once for all that came within half a second. */
export const samplesArrived = defineEvent({
  name: 'samples.arrived',
  version: 1,
  emitter: 'monitoring-ingest',
  subscribers: ['alerting'],
  payload: z.object({ at: z.iso.datetime() }),
});

export const sampleRoutes = [
  recordInference,
  reportDrift,
  recordResources,
  recordBatch,
  exportMetrics,
  exportTraces,
  remoteWrite,
] as const;
