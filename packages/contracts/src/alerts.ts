import { z } from 'zod';
import { defineEvent } from './define-job.ts';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Alerts';
const service = 'alerting';

export const AlertState = z
  .enum(['inactive', 'pending', 'firing', 'resolved'])
  .describe('`pending`: the condition holds, but not for long enough yet. `inactive`: it ended before it was.')
  .meta({ id: 'AlertState' });
export type AlertState = z.infer<typeof AlertState>;

/** MX-8: the bands of value ÷ threshold (below 1.2, from 1.2, 1.5 and 2), and `info` for what somebody names so. */
export const alertSeverities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export const AlertSeverity = z.enum(alertSeverities).meta({ id: 'AlertSeverity' });
export type AlertSeverity = z.infer<typeof AlertSeverity>;

const Labels = z.record(z.string(), z.string());
const time = z.iso.datetime();

export const Alert = z
  .object({
    id: z.string(),
    fingerprint: z.string().describe('16 hexadecimal digits: the identity by which Alertmanager knows it.'),
    name: z.string(),
    source: z.enum(['rule', 'posted']),
    rule_id: z.string().nullable().describe('Null: it was posted.'),
    model_id: z.string().nullable(),
    alert_type: z.string().describe('`latency`, `error_rate`, `drift`, `resource_usage`, or another kind.'),
    severity: z.string().describe('One of ours, or what a posted alert says.'),
    message: z.string(),
    state: AlertState,
    resolved: z.boolean(),
    episode: z.int().describe('How many times it has begun. A new breach after its end begins the next.'),
    count: z.int().describe('How many observations of this episode confirmed it.'),
    value: z.number().nullable(),
    labels: Labels,
    annotations: Labels,
    generator_url: z.string(),
    timestamp: time.describe('When this episode began.'),
    active_since: time.nullable(),
    fired_at: time.nullable(),
    last_seen_at: time.nullable(),
    ends_at: time
      .nullable()
      .describe('Of a posted one: until when it is taken to hold. Null: until it is seen to end.'),
    resolved_at: time.nullable(),
    resolution: z
      .object({
        reason: z.enum(['condition', 'timeout', 'manual', 'no_data', 'rule_deleted']),
        by: z.string().nullable(),
        note: z.string().nullable(),
      })
      .nullable(),
    acknowledgement: z
      .object({ at: time, by: z.string(), note: z.string().nullable(), until: time.nullable() })
      .nullable(),
    snoozed_until: time.nullable(),
    assignee: z.string().nullable(),
    flapping: z.boolean().describe('It fires and ends again and again.'),
    no_data: z.boolean().describe('What it looks at is not measured at the moment.'),
    updated_at: time,
  })
  .meta({ id: 'Alert' });
export type Alert = z.infer<typeof Alert>;

const flag = z.enum(['true', 'false']).transform((text) => text === 'true');
const Moment = z.iso.datetime({ offset: true });
const filters = {
  model_id: z.string().min(1).max(200).optional().describe('Only of this model.'),
  severity: z.string().min(1).max(100).optional().describe('Only of this severity.'),
  state: AlertState.optional().describe('Absent: every state but `inactive`.'),
  resolved: flag.optional().describe('True: only those that have ended. False: only pending and firing ones.'),
  name: z.string().min(1).max(200).optional().describe('Only alerts of this name.'),
  alert_type: z.string().min(1).max(100).optional().describe('Only alerts of this kind.'),
  rule_id: z.string().min(1).max(64).optional().describe('Only alerts of this rule.'),
  from: Moment.optional().describe('Begun at this moment or later.'),
  to: Moment.optional().describe('Begun before this moment.'),
  since_hours: z.coerce.number().int().min(1).max(168).optional().describe('1–168. Only without `from`.'),
};
export const AlertFilter = z.strictObject(filters);
export type AlertFilter = z.infer<typeof AlertFilter>;

export const listAlerts = defineRoute({
  operationId: 'listAlerts',
  service,
  method: 'get',
  path: '/api/v1/alerts',
  tag,
  summary: 'List alerts, the latest to begin first',
  scope: 'alerts:read',
  query: PageQuery.extend(filters),
  response: { status: 200, description: 'One page of alerts', schema: pageOf(Alert) },
});

const LegacyAlert = z
  .object({
    id: z.string(),
    model_id: z.string(),
    alert_type: z.string(),
    severity: z.string(),
    message: z.string(),
    timestamp: time,
    resolved: z.boolean(),
    resolved_at: time.nullable(),
  })
  .meta({ id: 'LegacyAlert' });
export type LegacyAlert = z.infer<typeof LegacyAlert>;

/** MX-8: as MonitorX's clients ask and read it. */
export const listAlertsAsArray = defineRoute({
  operationId: 'listAlertsAsArray',
  service,
  method: 'get',
  path: '/api/v1/alerts/as-array',
  deprecatedPaths: ['/alerts'],
  tag,
  summary: 'List alerts as one array, newest first, as MonitorX did: use /api/v1/alerts',
  scope: 'alerts:read',
  query: z.strictObject({
    model_id: filters.model_id,
    since_hours: z.coerce.number().int().min(1).max(168).default(168).describe('1–168.'),
    resolved: filters.resolved,
    limit: z.coerce.number().int().min(1).max(1_000).default(100).describe('Alerts at most, 1–1,000.'),
  }),
  response: { status: 200, description: 'The alerts', schema: z.array(LegacyAlert) },
});

const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the alert: `alert_…`.') });
const Note = z.string().trim().min(1).max(2_000);
const changed = { status: 200, description: 'The alert as it is now', schema: Alert } as const;
const change = { service, tag, params: IdParams, scope: 'alerts:write', response: changed } as const;

export const getAlert = defineRoute({
  operationId: 'getAlert',
  service,
  method: 'get',
  path: '/api/v1/alerts/{id}',
  tag,
  summary: 'Get one alert',
  scope: 'alerts:read',
  params: IdParams,
  response: { status: 200, description: 'The alert', schema: Alert },
});

export const acknowledgeAlert = defineRoute({
  ...change,
  operationId: 'acknowledgeAlert',
  method: 'post',
  path: '/api/v1/alerts/{id}/acknowledge',
  summary: 'Say that somebody looks after it',
  description: 'It goes on firing. The word is gone with the next episode, when it gets more severe, or at `until`.',
  body: z.strictObject({ note: Note.optional(), until: Moment.optional() }).optional(),
});

export const unacknowledgeAlert = defineRoute({
  ...change,
  operationId: 'unacknowledgeAlert',
  method: 'delete',
  path: '/api/v1/alerts/{id}/acknowledge',
  summary: 'Take an acknowledgement back',
});

export const resolveAlert = defineRoute({
  ...change,
  operationId: 'resolveAlert',
  method: 'post',
  path: '/api/v1/alerts/{id}/resolve',
  summary: 'Resolve an alert by hand',
  description:
    'MX-15. The same word by the same caller again changes nothing; another one is a conflict. While the condition still ' +
    'holds: with `after_grace` a breach later than `grace_seconds` begins a new episode, with `until_clear` nothing does ' +
    'until the condition has been seen to end.',
  body: z
    .strictObject({
      note: Note.optional(),
      hold: z.enum(['after_grace', 'until_clear']).optional().describe('Default `after_grace`.'),
      grace_seconds: z
        .int()
        .min(0)
        .max(86_400)
        .optional()
        .describe('Default: the window of its rule, so that what was measured before does not count again.'),
    })
    .optional(),
});

export const resolveAlertById = defineRoute({
  operationId: 'resolveAlertById',
  service,
  method: 'post',
  path: '/api/v1/alerts/resolve',
  deprecatedPaths: ['/alerts/resolve'],
  tag,
  summary: 'Resolve an alert named in the body: use /api/v1/alerts/{id}/resolve',
  scope: 'alerts:write',
  body: z.strictObject({ alert_id: z.string().min(1).max(64) }),
  response: {
    status: 200,
    description: 'It is resolved',
    schema: z.object({ status: z.literal('success'), message: z.string() }),
  },
});

export const snoozeAlert = defineRoute({
  ...change,
  operationId: 'snoozeAlert',
  method: 'post',
  path: '/api/v1/alerts/{id}/snooze',
  summary: 'Tell nobody of it for a while',
  body: z.strictObject({ until: Moment, note: Note.optional() }),
});

export const unsnoozeAlert = defineRoute({
  ...change,
  operationId: 'unsnoozeAlert',
  method: 'delete',
  path: '/api/v1/alerts/{id}/snooze',
  summary: 'Tell of it again',
});

export const assignAlert = defineRoute({
  ...change,
  operationId: 'assignAlert',
  method: 'put',
  path: '/api/v1/alerts/{id}/assignee',
  summary: 'Say who looks after it, or nobody',
  body: z.strictObject({ assignee: z.string().trim().min(1).max(200).nullable() }),
});

export const commentOnAlert = defineRoute({
  ...change,
  operationId: 'commentOnAlert',
  method: 'post',
  path: '/api/v1/alerts/{id}/comments',
  summary: 'Add a remark to its history',
  body: z.strictObject({ text: z.string().trim().min(1).max(10_000) }),
});

const alertEventTypes = [
  'pending',
  'cleared',
  'fired',
  'resolved',
  'severity_changed',
  'flapping',
  'steady',
  'acknowledged',
  'unacknowledged',
  'snoozed',
  'unsnoozed',
  'assigned',
  'commented',
] as const;
const AlertEventType = z.enum(alertEventTypes);
export type AlertEventType = z.infer<typeof AlertEventType>;

export const AlertEvent = z
  .object({
    id: z.string().describe('Its place, for `Last-Event-ID`.'),
    alert_id: z.string(),
    episode: z.int(),
    type: AlertEventType,
    at: time,
    by: z.string().nullable().describe('Null: nobody but the condition.'),
    details: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AlertEvent' });
export type AlertEvent = z.infer<typeof AlertEvent>;

export const listAlertHistory = defineRoute({
  operationId: 'listAlertHistory',
  service,
  method: 'get',
  path: '/api/v1/alerts/{id}/history',
  tag,
  summary: 'List what happened to an alert, newest first',
  scope: 'alerts:read',
  params: IdParams,
  query: PageQuery,
  response: { status: 200, description: 'One page of events', schema: pageOf(AlertEvent) },
});

export const streamAlertEvents = defineRoute({
  operationId: 'streamAlertEvents',
  service,
  method: 'get',
  path: '/api/v1/alerts/events',
  tag,
  summary: 'Follow what happens to alerts, as server-sent events',
  description:
    'Begins with what happens from now on; with `Last-Event-ID` (or `after`) with what happened after that event. Each event ' +
    'holds itself and, as `alert`, the alert as it is when it is told.',
  scope: 'alerts:read',
  query: z.strictObject({ after: z.string().max(64).optional().describe('The id of the last event seen.') }),
  response: { status: 200, description: 'The events', schema: z.string(), contentType: 'text/event-stream' },
});

/** In the order of the columns: new ones are added at the end, and none is ever taken away. */
export const alertExportColumns = [
  'id',
  'name',
  'model_id',
  'alert_type',
  'severity',
  'state',
  'message',
  'timestamp',
  'resolved_at',
  'resolution_reason',
  'resolved_by',
  'acknowledged_by',
  'assignee',
  'episode',
  'count',
  'value',
  'labels',
  'annotations',
] as const;

export const exportAlerts = defineRoute({
  operationId: 'exportAlerts',
  service,
  method: 'get',
  path: '/api/v1/alerts/export',
  tag,
  summary: 'Download alerts as CSV or JSON',
  description:
    'CSV is RFC 4180 in UTF-8 with a header; labels and annotations are JSON in their cells, and a text that a spreadsheet ' +
    'would take for a formula begins with an apostrophe.',
  scope: 'alerts:read',
  firstByteTimeoutMs: 30_000,
  query: AlertFilter.extend({ format: z.enum(['csv', 'json']).default('csv').describe('In what form.') }),
  response: { status: 200, description: 'The alerts', schema: z.string(), contentType: 'text/csv' },
  alsoAnswers: [{ status: 200, description: 'The alerts', schema: z.object({ items: z.array(Alert) }) }],
});

const told = z.object({
  alert_id: z.string(),
  fingerprint: z.string(),
  episode: z.int(),
  name: z.string(),
  model_id: z.string().nullable(),
  alert_type: z.string(),
  severity: z.string(),
  message: z.string(),
  labels: Labels,
  at: time,
});

/** An episode of an alert began. Told once for each episode. */
export const alertFired = defineEvent({
  name: 'alert.fired',
  version: 1,
  emitter: 'alerting',
  subscribers: ['chat-router'],
  payload: told,
});
export type AlertFired = z.infer<typeof alertFired.payload>;

/** An episode of an alert ended. Told once for each episode. */
export const alertResolved = defineEvent({
  name: 'alert.resolved',
  version: 1,
  emitter: 'alerting',
  subscribers: ['chat-router'],
  payload: told.extend({ reason: z.string() }),
});
export type AlertResolved = z.infer<typeof alertResolved.payload>;

// What is fixed stands before what holds a parameter in the same place: the first match answers.
export const alertRoutes = [
  listAlerts,
  listAlertsAsArray,
  exportAlerts,
  streamAlertEvents,
  resolveAlertById,
  getAlert,
  acknowledgeAlert,
  unacknowledgeAlert,
  resolveAlert,
  snoozeAlert,
  unsnoozeAlert,
  assignAlert,
  commentOnAlert,
  listAlertHistory,
] as const;
