import { z } from 'zod';
import { AlertSeverity, AlertState } from './alerts.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Alert rules';
const service = 'alerting';

const Duration = z
  .string()
  .regex(/^(0|(\d{1,6}(ms|s|m|h|d|w))+)$/, 'Expected a duration such as 30s, 5m or 1h30m.')
  .describe('A duration such as `30s`, `5m` or `1h30m`.');
const LabelName = z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]{0,127}$/, 'Expected letters, digits and underscores.');
const Template = z
  .string()
  .max(2_000)
  .describe(
    'Text with `{{ value }}`, `{{ threshold }}`, `{{ labels.<name> }}`; `| round 2`, `| percent`, `| upper` after it.',
  );
const Filter = z.string().min(1).max(200).optional();

export const SeriesCondition = z
  .strictObject({
    kind: z.literal('series'),
    metric: z.string().min(1).max(200).describe('As for `/api/v1/metrics/series`.'),
    source: z.enum(['samples', 'points']).optional(),
    aggregate: z
      .enum(['avg', 'min', 'max', 'count', 'sum', 'p50', 'p95', 'p99', 'rate'])
      .optional()
      .describe('Over the window. Default `avg`. A percentile is that of a whole window of the clock.'),
    window: Duration.optional().describe('Default `1m`; at least 1s, at most 7d.'),
    lag: Duration.optional().describe('How long before the moment of evaluation the window ends. Default `0`.'),
    model_id: Filter,
    model_version: Filter,
    environment: Filter,
    tag: z.string().max(330).optional().describe('`name:value`.'),
    segment_by: z
      .string()
      .regex(/^(none|model_id|model_version|environment|tag:[a-zA-Z_][a-zA-Z0-9_]{0,63})$/)
      .optional()
      .describe('One alert for each value of it, at most 50. Default `model_id`; `none`: of everything together.'),
    comparator: z.enum(['>', '>=', '<', '<=', '==', '!=']),
    threshold: z.number(),
    threshold_of_model: z
      .enum(['latency', 'error_rate', 'gpu_memory', 'cpu_usage', 'memory_usage'])
      .optional()
      .describe('A registered model’s own limit, in place of `threshold`. Only with `segment_by: model_id`.'),
    clear_threshold: z
      .number()
      .optional()
      .describe('Hysteresis: what fires ends only when its value is on this side of it. Default: the threshold.'),
  })
  .meta({ id: 'SeriesCondition' });

export const signalKinds = [
  'model_health',
  'provider_state',
  'budget',
  'research',
  'drift',
  'dependency',
  'queue',
] as const;
export const SignalKind = z.enum(signalKinds).meta({ id: 'SignalKind' });
export type SignalKind = z.infer<typeof SignalKind>;

const SignalCondition = z
  .strictObject({
    kind: z.literal('signal'),
    signal: SignalKind,
    states: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(20)
      .describe('The states that are a breach: `failing` of a model, `open` of a provider, `hard` of a budget, …'),
    subject: Filter.describe('Only of this model, provider, budget, …'),
    at_least: z.int().min(1).max(1_000).optional().describe('So many in a row (`research`). Default 1.'),
  })
  .meta({ id: 'SignalCondition' });

const BurnRateCondition = z
  .strictObject({
    kind: z.literal('burn_rate'),
    objective_id: Filter.describe('Absent: every objective.'),
    long_window: z.enum(['1h', '6h', '3d']),
    factor: z
      .number()
      .positive()
      .max(1_000)
      .describe('14.4 of 1h, 6 of 6h, 1 of 3d: both windows have to burn faster.'),
  })
  .meta({ id: 'BurnRateCondition' });

const WatchdogCondition = z
  .strictObject({ kind: z.literal('watchdog') })
  .describe('Always holds: a heartbeat, whose absence says that nothing is told any more.')
  .meta({ id: 'WatchdogCondition' });

export const AlertCondition = z
  .discriminatedUnion('kind', [SeriesCondition, SignalCondition, BurnRateCondition, WatchdogCondition])
  .meta({ id: 'AlertCondition' });
export type AlertCondition = z.infer<typeof AlertCondition>;
export type SeriesCondition = z.infer<typeof SeriesCondition>;

const NotifyLimit = z
  .strictObject({ messages: z.int().min(1).max(1_000), window_seconds: z.int().min(1).max(86_400) })
  .describe(
    'How many messages about its alerts each destination gets in a window. What is more severe passes; the rest is told ' +
      'together when the window ends. A message that tells of alerts of other rules as well does not count.',
  )
  .meta({ id: 'NotifyLimit' });

const shape = {
  name: z.string().trim().min(1).max(200).describe('Becomes the label `alertname`; one of its kind in a tenant.'),
  enabled: z.boolean().optional(),
  condition: AlertCondition,
  interval: Duration.optional().describe('How often it is evaluated by the clock. Default `30s`; 1s to 1d.'),
  for: Duration.optional().describe('How long it must hold before it fires. Default `0`.'),
  keep_firing_for: Duration.optional().describe('How long it fires on after it was last seen to hold. Default `0`.'),
  cooldown: Duration.optional().describe(
    'How long after an end the next beginning waits, unless more severe. Default `0`.',
  ),
  no_data: z
    .enum(['alert', 'ok', 'keep', 'no_data'])
    .optional()
    .describe(
      'What it means when nothing is measured: a breach, none, no change, an end of its own kind. Default `keep`.',
    ),
  severity: z
    .union([z.literal('by_ratio'), AlertSeverity])
    .optional()
    .describe('`by_ratio`: by value ÷ threshold, from 2 critical, 1.5 high, 1.2 medium, else low. Default `by_ratio`.'),
  labels: z.record(LabelName, Template).optional(),
  annotations: z.record(LabelName, Template).optional(),
  channels: z
    .array(z.string().min(1).max(100))
    .max(20)
    .optional()
    .describe('Names of receivers; becomes the label `channels`.'),
  notify_limit: NotifyLimit.nullable().optional().describe('Null, or absent: as many as the channel takes.'),
};

export const AlertRuleInput = z.strictObject(shape).meta({ id: 'AlertRuleInput' });
export type AlertRuleInput = z.infer<typeof AlertRuleInput>;

export const AlertRuleChanges = z
  .strictObject({ ...shape, name: shape.name.optional(), condition: AlertCondition.optional() })
  .meta({ id: 'AlertRuleChanges' });

export const AlertRule = z
  .object({
    id: z.string(),
    name: z.string(),
    origin: z.enum(['api', 'yaml', 'default']),
    enabled: z.boolean(),
    condition: AlertCondition,
    interval: z.string(),
    for: z.string(),
    keep_firing_for: z.string(),
    cooldown: z.string(),
    no_data: z.enum(['alert', 'ok', 'keep', 'no_data']),
    severity: z.union([z.literal('by_ratio'), AlertSeverity]),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
    channels: z.array(z.string()),
    notify_limit: NotifyLimit.nullable(),
    evaluated_at: z.iso.datetime().nullable().describe('The moment of the last evaluation.'),
    error: z.string().nullable().describe('Why the last evaluation could not be made. Null: it was.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'AlertRule' });
export type AlertRule = z.infer<typeof AlertRule>;

const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the rule: `rule_…`.') });

export const createAlertRule = defineRoute({
  operationId: 'createAlertRule',
  service,
  method: 'post',
  path: '/api/v1/alert-rules',
  tag,
  summary: 'Create an alert rule',
  scope: 'alerts:write',
  body: AlertRuleInput,
  response: { status: 201, description: 'The rule', schema: AlertRule },
});

export const listAlertRules = defineRoute({
  operationId: 'listAlertRules',
  service,
  method: 'get',
  path: '/api/v1/alert-rules',
  tag,
  summary: 'List alert rules by name, those that are there from the start among them',
  scope: 'alerts:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of rules', schema: pageOf(AlertRule) },
});

export const getAlertRule = defineRoute({
  operationId: 'getAlertRule',
  service,
  method: 'get',
  path: '/api/v1/alert-rules/{id}',
  tag,
  summary: 'Get one alert rule',
  scope: 'alerts:read',
  params: IdParams,
  response: { status: 200, description: 'The rule', schema: AlertRule },
});

export const updateAlertRule = defineRoute({
  operationId: 'updateAlertRule',
  service,
  method: 'patch',
  path: '/api/v1/alert-rules/{id}',
  tag,
  summary: 'Change an alert rule; its alerts go on',
  scope: 'alerts:write',
  params: IdParams,
  body: AlertRuleChanges,
  response: { status: 200, description: 'The rule', schema: AlertRule },
});

export const deleteAlertRule = defineRoute({
  operationId: 'deleteAlertRule',
  service,
  method: 'delete',
  path: '/api/v1/alert-rules/{id}',
  tag,
  summary: 'Delete an alert rule; its alerts end',
  scope: 'alerts:write',
  params: IdParams,
  response: { status: 204, description: 'It is gone', schema: null },
});

export const putAlertRules = defineRoute({
  operationId: 'putAlertRules',
  service,
  method: 'put',
  path: '/api/v1/alert-rules',
  tag,
  summary: 'Make the rules of a YAML file those in force',
  description:
    '`rules:` is a list of what `POST /api/v1/alert-rules` takes. Rules of an earlier file that this one does not hold are ' +
    'deleted; those made over the API, and those there from the start, stay unless the file has one of their name.',
  scope: 'alerts:write',
  body: z.strictObject({ yaml: z.string().max(200_000) }),
  response: {
    status: 200,
    description: 'What it changed, by name',
    schema: z.object({
      created: z.array(z.string()),
      updated: z.array(z.string()),
      unchanged: z.array(z.string()),
      deleted: z.array(z.string()),
    }),
  },
});

export const previewAlertRule = defineRoute({
  operationId: 'previewAlertRule',
  service,
  method: 'post',
  path: '/api/v1/alert-rules/preview',
  tag,
  summary: 'What a rule would have done, by the very query that evaluates it',
  scope: 'alerts:read',
  firstByteTimeoutMs: 30_000,
  body: z.strictObject({
    rule: AlertRuleInput,
    from: z.iso.datetime({ offset: true }).optional().describe('Default: an hour before `to`.'),
    to: z.iso.datetime({ offset: true }).optional().describe('Default: now.'),
  }),
  response: {
    status: 200,
    description: 'The alerts it would have made',
    schema: z.object({
      from: z.iso.datetime(),
      to: z.iso.datetime(),
      interval: z.string().describe('How far apart the evaluations are: the rule’s, or longer for a long time.'),
      alerts: z.array(
        z.object({
          labels: z.record(z.string(), z.string()),
          points: z.array(
            z.object({ at: z.iso.datetime(), value: z.number().nullable(), state: AlertState, severity: z.string() }),
          ),
        }),
      ),
    }),
  },
});

const TestedRules = z.strictObject({
  yaml: z
    .string()
    .max(200_000)
    .describe('`rules:` as for `PUT /api/v1/alert-rules`, and `tests:` in the manner of promtool; see the README.'),
});

export const testAlertRules = defineRoute({
  operationId: 'testAlertRules',
  service,
  method: 'post',
  path: '/api/v1/alert-rules/test',
  tag,
  summary: 'Run unit tests of rules, and of where their alerts are routed',
  scope: 'alerts:read',
  body: TestedRules,
  response: {
    status: 200,
    description: 'What each test found',
    schema: z.object({
      passed: z.boolean(),
      tests: z.array(z.object({ name: z.string(), passed: z.boolean(), failures: z.array(z.string()) })),
    }),
  },
});

export const alertRuleRoutes = [
  createAlertRule,
  listAlertRules,
  putAlertRules,
  previewAlertRule,
  testAlertRules,
  getAlertRule,
  updateAlertRule,
  deleteAlertRule,
] as const;
