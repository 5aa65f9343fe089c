import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Metrics';
const service = 'monitoring-ingest';

/** What is measured of every sample and can be charted. `requests` counts the samples themselves. */
export const sampleMetrics = [
  'requests',
  'latency_ms',
  'throughput',
  'error_rate',
  'cpu_usage',
  'memory_usage',
  'gpu_memory',
  'time_to_first_token_ms',
  'input_tokens',
  'output_tokens',
  'cost_usd',
] as const;
export type SampleMetric = (typeof sampleMetrics)[number];

const Aggregate = z
  .enum(['avg', 'min', 'max', 'count', 'sum', 'p50', 'p95', 'p99', 'rate'])
  .describe(
    '`rate` is how many values there were a second, of a counter how much was added a second. A percentile is within 1 % of the value at rank ⌈q·n⌉ (`p95`: q = 0.95).',
  )
  .meta({ id: 'Aggregate' });
export type Aggregate = z.infer<typeof Aggregate>;

const Moment = z.iso.datetime({ offset: true });
const ModelIdFilter = z.string().min(1).max(200).optional().describe('Only of this model.');

const filters = {
  model_id: ModelIdFilter,
  model_version: z.string().max(100).optional().describe('Only of this version.'),
  environment: z.string().max(100).optional().describe('Only of this environment.'),
  tag: z
    .string()
    .regex(/^[^:]{1,64}:[^]{0,256}$/, 'Expected name:value.')
    .optional()
    .describe('Only what carries this tag, or label: `name:value`. Answered from the rows, as no rollup keeps tags.'),
};

const span = {
  from: Moment.optional().describe('From this moment. Absent: six hours before `to`.'),
  to: Moment.optional().describe('Until before this moment. Absent: now.'),
};

const Step = z.string().max(16).describe('The length of a bucket: `30s`, `5m`, `1h`; at most `168h`.');

const SegmentBy = z
  .string()
  .regex(
    /^(model_id|model_version|environment|tag:[^]{1,64})$/,
    'Expected model_id, model_version, environment or tag:<name>.',
  )
  .describe('One line of buckets for each value of it: `model_id`, `model_version`, `environment` or `tag:<name>`.');

const Bucket = z.object({
  time: z.iso.datetime().describe('Where the bucket begins.'),
  value: z.number().nullable().describe('Null: a gap, nothing was measured. A count, a sum or a rate is then 0.'),
  count: z.int().describe('How many values it was made of.'),
});

const Completeness = z
  .object({
    kept_since: z.iso
      .datetime()
      .nullable()
      .describe('Nothing is kept so finely from before: earlier buckets are gaps for that reason. Null: for good.'),
    open_since: z.iso
      .datetime()
      .nullable()
      .describe('Buckets from here on are not over and may grow. Null: all are over.'),
  })
  .describe('What the buckets can know.');

export const Series = z
  .object({
    metric: z.string(),
    aggregate: Aggregate,
    step: z.string(),
    from: z.iso.datetime().describe('The edge of the first bucket: a multiple of the step since 1970, in UTC.'),
    to: z.iso.datetime().describe('The edge at which the last bucket ends.'),
    resolution: z
      .enum(['raw', '1m', '1h', '1d'])
      .describe(
        'The coarsest rollup that the answer was made of; the newest minutes are always counted from the rows.',
      ),
    percentile_error: z
      .number()
      .nullable()
      .describe(
        'The bound of a percentile’s relative error. Null: it is none, or it is of histograms, as exact as their buckets.',
      ),
    completeness: Completeness,
    segments: z.array(
      z.object({
        segment: z.string().nullable().describe('Null: everything, or what does not say.'),
        buckets: z.array(Bucket).describe('Every bucket of the span, in order, gaps included.'),
      }),
    ),
    more_segments: z.boolean().describe('There are more than are shown: those with the most values are.'),
  })
  .meta({ id: 'Series' });
export type Series = z.infer<typeof Series>;

export const getSeries = defineRoute({
  operationId: 'getSeries',
  service,
  method: 'get',
  path: '/api/v1/metrics/series',
  tag,
  summary: 'Chart one metric: aligned buckets, with their gaps',
  description:
    'A metric of the samples, or the name of any other metric that was sent (OTLP, remote write, resources). It is ' +
    'what a count of the rows would give at this moment, however far the rollups are.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    metric: z.string().min(1).max(200).describe('`latency_ms`, or the name of another metric.'),
    source: z
      .enum(['samples', 'points'])
      .optional()
      .describe(
        'Absent: samples where they have a metric of that name. `points`: what was sent as a metric, by its name.',
      ),
    aggregate: Aggregate.default('avg'),
    step: Step.default('5m'),
    ...span,
    ...filters,
    segment_by: SegmentBy.optional(),
  }),
  response: { status: 200, description: 'The buckets', schema: Series },
});

export const getCategories = defineRoute({
  operationId: 'getCategories',
  service,
  method: 'get',
  path: '/api/v1/metrics/categories',
  tag,
  summary: 'Count what was predicted: aligned buckets of categories',
  description: 'A minute counts its fifty most frequent categories by name and the rest together as `other`.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    field: z.enum(['prediction', 'actual']).default('prediction').describe('Which category of a sample is counted.'),
    step: Step.default('1h'),
    ...span,
    model_id: ModelIdFilter,
    model_version: filters.model_version,
    environment: filters.environment,
  }),
  response: {
    status: 200,
    description: 'The counts',
    schema: z.object({
      field: z.enum(['prediction', 'actual']),
      step: z.string(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      resolution: z.enum(['raw', '1m', '1h', '1d']),
      completeness: Completeness,
      buckets: z.array(
        z.object({
          time: z.iso.datetime(),
          count: z.int().describe('How many said anything at all.'),
          categories: z.array(z.object({ category: z.string(), count: z.int() })).describe('The most frequent first.'),
          other: z.int(),
        }),
      ),
    }),
  },
});

const SinceHours = z.coerce.number().int().min(1).max(168);

const AggregatedBucket = z.object({
  time: z.iso.datetime(),
  value: z.number().nullable().describe('The mean, under the name that earlier clients know.'),
  avg: z.number().nullable(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  count: z.int(),
  p50: z.number().nullable(),
  p95: z.number().nullable(),
  p99: z.number().nullable(),
});
export type AggregatedBucket = z.infer<typeof AggregatedBucket>;

export const getAggregatedMetrics = defineRoute({
  operationId: 'getAggregatedMetrics',
  service,
  method: 'get',
  path: '/api/v1/metrics/aggregated',
  deprecatedPaths: ['/metrics/aggregated'],
  tag,
  summary: 'The metrics of the last hours in windows, all at once',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({
    model_id: ModelIdFilter,
    since_hours: SinceHours.default(6).describe('1–168.'),
    window: Step.default('5m'),
  }),
  response: {
    status: 200,
    description: 'For each metric every window, gaps included',
    schema: z.object({
      window: z.string(),
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      resolution: z.enum(['raw', '1m', '1h', '1d']),
      percentile_error: z.number(),
      completeness: Completeness,
      aggregated_metrics: z.object({
        latency: z.array(AggregatedBucket),
        throughput: z.array(AggregatedBucket),
        error_rate: z.array(AggregatedBucket),
        gpu_memory: z.array(AggregatedBucket),
        cpu_usage: z.array(AggregatedBucket),
        memory_usage: z.array(AggregatedBucket),
      }),
    }),
  },
});

export const Summary = z
  .object({
    from: z.iso.datetime(),
    to: z.iso.datetime(),
    total_requests: z.int(),
    average_latency: z.number().nullable().describe('Milliseconds.'),
    error_rate: z.number().nullable().describe('The mean over all samples that report one; null when none does.'),
    p50_latency: z.number().nullable(),
    p95_latency: z.number().nullable(),
    p99_latency: z.number().nullable(),
    percentile_error: z.number().describe('The bound of the percentiles’ relative error.'),
    average_gpu_memory: z.number().nullable(),
    average_cpu_usage: z.number().nullable(),
    average_memory_usage: z.number().nullable(),
    total_input_tokens: z.number(),
    total_output_tokens: z.number(),
    total_cost_usd: z.number(),
    active_alerts: z.int().nullable().describe('Null: no service here keeps alerts.'),
  })
  .meta({ id: 'MetricsSummary' });
export type Summary = z.infer<typeof Summary>;

export const getSummary = defineRoute({
  operationId: 'getSummary',
  service,
  method: 'get',
  path: '/api/v1/summary',
  deprecatedPaths: ['/summary'],
  tag,
  summary: 'Sum up the last hours',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  query: z.strictObject({ ...filters, since_hours: SinceHours.default(24).describe('1–168.') }),
  response: {
    status: 200,
    description: 'Of nothing, counts and sums are 0 and everything else is null',
    schema: Summary,
  },
});

export const ListedSample = z
  .object({
    model_id: z.string(),
    model_type: z.string(),
    request_id: z.string(),
    timestamp: z.iso.datetime(),
    latency: z.number(),
    throughput: z.number().nullable(),
    error_rate: z.number().nullable(),
    resource_usage: z.object({
      gpu_memory: z.number().nullable(),
      cpu_usage: z.number().nullable(),
      memory_usage: z.number().nullable(),
    }),
    model_version: z.string().nullable(),
    environment: z.string().nullable(),
    time_to_first_token_ms: z.number().nullable(),
    input_tokens: z.int().nullable(),
    output_tokens: z.int().nullable(),
    cost_usd: z.number().nullable(),
    score: z.number().nullable(),
    prediction: z.string().nullable(),
    actual: z.string().nullable(),
    features: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    tags: z.record(z.string(), z.string()),
    source: z.string(),
  })
  .meta({ id: 'ListedSample' });
export type ListedSample = z.infer<typeof ListedSample>;

const RowQuery = PageQuery.extend({
  since_hours: SinceHours.default(24).describe('1–168. Only without `from`.'),
  from: Moment.optional().describe('From this moment.'),
  to: Moment.optional().describe('Until before this moment. Absent: there is no end.'),
  model_id: ModelIdFilter,
});

export const listSamples = defineRoute({
  operationId: 'listSamples',
  service,
  method: 'get',
  path: '/api/v1/metrics/inference',
  tag,
  summary: 'List samples as they came, newest first',
  scope: 'metrics:read',
  query: RowQuery.extend({
    model_version: filters.model_version,
    environment: filters.environment,
    tag: filters.tag,
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000).describe('Rows per page, 1–10,000.'),
  }),
  response: { status: 200, description: 'One page of samples', schema: pageOf(ListedSample) },
});

export const ListedDrift = z
  .object({
    id: z.string(),
    model_id: z.string(),
    timestamp: z.iso.datetime(),
    drift_type: z.string(),
    severity: z.string(),
    confidence: z.number(),
    feature: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
  })
  .meta({ id: 'ListedDrift' });
export type ListedDrift = z.infer<typeof ListedDrift>;

export const listReportedDrift = defineRoute({
  operationId: 'listReportedDrift',
  service,
  method: 'get',
  path: '/api/v1/metrics/drift',
  tag,
  summary: 'List the drift that others reported, newest first',
  scope: 'metrics:read',
  query: RowQuery.extend({
    since_hours: SinceHours.default(168).describe('1–168. Only without `from`.'),
    limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('Rows per page, 1–1,000.'),
  }),
  response: { status: 200, description: 'One page of reports', schema: pageOf(ListedDrift) },
});

/** MX-1: as MonitorX's clients ask and read it. */
export const listSamplesAsMetrics = defineRoute({
  operationId: 'listSamplesAsMetrics',
  service,
  method: 'get',
  path: '/api/v1/metrics/inference/as-metrics',
  deprecatedPaths: ['/metrics/inference'],
  tag,
  summary: 'List samples as MonitorX did, newest first: use /api/v1/metrics/inference',
  scope: 'metrics:read',
  query: z.strictObject({
    model_id: ModelIdFilter,
    since_hours: SinceHours.default(24).describe('1–168.'),
    limit: z.coerce.number().int().min(1).max(10_000).default(1_000).describe('Rows at most, 1–10,000.'),
  }),
  response: { status: 200, description: 'The samples', schema: z.object({ metrics: z.array(ListedSample) }) },
});

/** MX-7: as MonitorX's clients ask and read it. */
export const listDriftAsMetrics = defineRoute({
  operationId: 'listDriftAsMetrics',
  service,
  method: 'get',
  path: '/api/v1/metrics/drift/as-metrics',
  deprecatedPaths: ['/metrics/drift'],
  tag,
  summary: 'List reported drift as MonitorX did, newest first: use /api/v1/metrics/drift',
  scope: 'metrics:read',
  query: z.strictObject({
    model_id: ModelIdFilter,
    since_hours: SinceHours.default(168).describe('1–168.'),
    limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('Rows at most, 1–1,000.'),
  }),
  response: { status: 200, description: 'The reports', schema: z.object({ drift_metrics: z.array(ListedDrift) }) },
});

export const getPrometheusMetrics = defineRoute({
  operationId: 'getPrometheusMetrics',
  service,
  method: 'get',
  path: '/api/v1/metrics/prometheus',
  tag,
  summary: 'The models of the last five minutes, for Prometheus to scrape',
  description: 'At most 200 lines of models, those with the most requests; how many were left out is a metric, too.',
  scope: 'metrics:read',
  firstByteTimeoutMs: 30_000,
  response: {
    status: 200,
    description: 'Text in the exposition format 0.0.4',
    schema: z.string(),
    contentType: 'text/plain; version=0.0.4',
  },
});

export const seriesRoutes = [
  getSeries,
  getCategories,
  getAggregatedMetrics,
  getSummary,
  listSamples,
  listSamplesAsMetrics,
  listReportedDrift,
  listDriftAsMetrics,
  getPrometheusMetrics,
] as const;
