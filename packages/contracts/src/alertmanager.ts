import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const tag = 'Alertmanager';

// Alertmanager's API v2, for its own clients: Prometheus, amtool, Grafana, Karma. What these send is checked as Alertmanager
// checks it, with its answers, so the contracts describe what is right and let the service say what is wrong.

const AmLabels = z.record(z.string(), z.string()).meta({ id: 'AmLabels' });
const time = z.string().describe('RFC 3339; `0001-01-01T00:00:00.000Z` stands for none.');

const AmReceiver = z.object({ name: z.string(), labels: AmLabels.optional() }).meta({ id: 'AmReceiver' });
const AmReceiverReference = z.object({ name: z.string() });

const AmAlert = z
  .object({
    annotations: AmLabels,
    endsAt: time,
    fingerprint: z.string(),
    receivers: z.array(AmReceiverReference),
    startsAt: time,
    status: z.object({
      inhibitedBy: z.array(z.string()),
      mutedBy: z.array(z.string()),
      silencedBy: z.array(z.string()),
      state: z.enum(['unprocessed', 'active', 'suppressed']),
    }),
    updatedAt: time,
    generatorURL: z.string().optional(),
    labels: AmLabels,
  })
  .meta({ id: 'AmAlert' });
export type AmAlert = z.infer<typeof AmAlert>;

const AmAlertGroup = z
  .object({ alerts: z.array(AmAlert), labels: AmLabels, receiver: AmReceiverReference, routeLabels: AmLabels })
  .meta({ id: 'AmAlertGroup' });

const AmMatcher = z
  .object({ isEqual: z.boolean(), isRegex: z.boolean(), name: z.string(), value: z.string() })
  .meta({ id: 'AmMatcher' });

const AmSilence = z
  .object({
    id: z.string(),
    status: z.object({ state: z.enum(['active', 'pending', 'expired']) }),
    updatedAt: time,
    annotations: AmLabels.optional(),
    comment: z.string(),
    createdBy: z.string(),
    endsAt: time,
    matchers: z.array(AmMatcher),
    startsAt: time,
  })
  .meta({ id: 'AmSilence' });
export type AmSilence = z.infer<typeof AmSilence>;

const AmStatus = z
  .object({
    cluster: z.object({
      name: z.string().optional(),
      peers: z.array(z.object({ address: z.string(), name: z.string() })),
      status: z.enum(['ready', 'settling', 'disabled']),
    }),
    config: z.object({ original: z.string() }),
    uptime: time,
    versionInfo: z.object({
      branch: z.string(),
      buildDate: z.string(),
      buildUser: z.string(),
      goVersion: z.string(),
      revision: z.string(),
      version: z.string(),
    }),
  })
  .meta({ id: 'AmStatus' });

const flag = z.union([z.string(), z.array(z.string())]).optional();
const AlertQuery = z.looseObject({
  active: flag.describe('`false` leaves out alerts that are active.'),
  silenced: flag.describe('`false` leaves out alerts that a silence holds back.'),
  inhibited: flag.describe('`false` leaves out alerts that another alert holds back.'),
  unprocessed: flag.describe('`false` leaves out alerts that were not looked at yet.'),
  muted: flag.describe('`false` leaves out alerts that a time interval holds back.'),
  filter: flag.describe('A matcher that the labels must fit; may be repeated.'),
  receiver: flag.describe('A regular expression that the name of a receiver must fit.'),
  receiver_matchers: flag.describe("A matcher that the receiver's labels must fit; may be repeated."),
});
const SilenceQuery = z.looseObject({
  active: flag.describe('`false` leaves out silences that are active.'),
  pending: flag.describe('`false` leaves out silences that have not begun.'),
  expired: flag.describe('`false` leaves out silences that have ended.'),
  filter: flag.describe('A matcher that the silence must have; may be repeated.'),
});
const anyQuery = z.looseObject({});
const anyBody = z.unknown();

const refusals = [400, 404, 422].map((status) => ({
  status,
  description: 'Why the request is refused, as Alertmanager says it',
  schema: z.union([z.string(), z.object({ code: z.number(), message: z.string() })]),
}));
const base = { service: 'alerting', tag, dialect: 'alertmanager', alsoAnswers: refusals } as const;
const reading = { ...base, method: 'get', scope: 'alerts:read' } as const;
const batch = { bodyBytesMax: 16_777_216, bodyKeysMax: 200_000, routeClass: 'ingest' } as const;

const mount = '/alertmanager/api/v2';
const tenantMount = '/alertmanager/{tenant}/api/v2';
const tenant = z.strictObject({ tenant: z.string().max(200).describe('The tenant; that of the key.') });
const silenceId = z.strictObject({ id: z.string().max(200).describe('The id of the silence.') });
const tenantSilenceId = z.strictObject({ ...tenant.shape, ...silenceId.shape });

const statusParts = {
  ...reading,
  summary: 'Say what runs, and by which configuration',
  query: anyQuery,
  response: { status: 200, description: 'The status', schema: AmStatus },
} as const;
export const getAmStatus = defineRoute({ ...statusParts, operationId: 'getAmStatus', path: `${mount}/status` });
export const getTenantAmStatus = defineRoute({
  ...statusParts,
  operationId: 'getTenantAmStatus',
  path: `${tenantMount}/status`,
  params: tenant,
});

const receiversParts = {
  ...reading,
  summary: 'List the receivers of the configuration',
  query: z.looseObject({
    receiver_matchers: flag.describe("A matcher that the receiver's labels must fit; may be repeated."),
  }),
  response: { status: 200, description: 'The receivers', schema: z.array(AmReceiver) },
} as const;
export const listAmReceivers = defineRoute({
  ...receiversParts,
  operationId: 'listAmReceivers',
  path: `${mount}/receivers`,
});
export const listTenantAmReceivers = defineRoute({
  ...receiversParts,
  operationId: 'listTenantAmReceivers',
  path: `${tenantMount}/receivers`,
  params: tenant,
});

const alertsParts = {
  ...reading,
  summary: 'List the alerts that have not ended',
  query: AlertQuery,
  response: { status: 200, description: 'The alerts, by fingerprint', schema: z.array(AmAlert) },
} as const;
export const listAmAlerts = defineRoute({ ...alertsParts, operationId: 'listAmAlerts', path: `${mount}/alerts` });
export const listTenantAmAlerts = defineRoute({
  ...alertsParts,
  operationId: 'listTenantAmAlerts',
  path: `${tenantMount}/alerts`,
  params: tenant,
});

const postAlertsParts = {
  ...base,
  ...batch,
  method: 'post',
  scope: 'alerts:write',
  summary: 'Report alerts; good ones are taken although others are refused',
  query: anyQuery,
  body: anyBody,
  response: { status: 200, description: 'All are taken', schema: null },
} as const;
export const postAmAlerts = defineRoute({ ...postAlertsParts, operationId: 'postAmAlerts', path: `${mount}/alerts` });
export const postTenantAmAlerts = defineRoute({
  ...postAlertsParts,
  operationId: 'postTenantAmAlerts',
  path: `${tenantMount}/alerts`,
  params: tenant,
});

const groupsParts = {
  ...reading,
  summary: 'List the alerts as they are told together',
  query: AlertQuery,
  response: { status: 200, description: 'The groups', schema: z.array(AmAlertGroup) },
} as const;
export const listAmAlertGroups = defineRoute({
  ...groupsParts,
  operationId: 'listAmAlertGroups',
  path: `${mount}/alerts/groups`,
});
export const listTenantAmAlertGroups = defineRoute({
  ...groupsParts,
  operationId: 'listTenantAmAlertGroups',
  path: `${tenantMount}/alerts/groups`,
  params: tenant,
});

const silencesParts = {
  ...reading,
  summary: 'List the silences, and those that ended in the last five days',
  query: SilenceQuery,
  response: { status: 200, description: 'The silences', schema: z.array(AmSilence) },
} as const;
export const listAmSilences = defineRoute({
  ...silencesParts,
  operationId: 'listAmSilences',
  path: `${mount}/silences`,
});
export const listTenantAmSilences = defineRoute({
  ...silencesParts,
  operationId: 'listTenantAmSilences',
  path: `${tenantMount}/silences`,
  params: tenant,
});

const postSilencesParts = {
  ...base,
  method: 'post',
  scope: 'alerts:write',
  summary: 'Create or change a silence',
  query: anyQuery,
  body: anyBody,
  response: {
    status: 200,
    description: 'The id of the silence: a new one where what was could not be changed',
    schema: z.object({ silenceID: z.string() }),
  },
} as const;
export const postAmSilences = defineRoute({
  ...postSilencesParts,
  operationId: 'postAmSilences',
  path: `${mount}/silences`,
});
export const postTenantAmSilences = defineRoute({
  ...postSilencesParts,
  operationId: 'postTenantAmSilences',
  path: `${tenantMount}/silences`,
  params: tenant,
});

const silenceParts = {
  ...reading,
  summary: 'Show a silence',
  query: anyQuery,
  response: { status: 200, description: 'The silence', schema: AmSilence },
} as const;
export const getAmSilence = defineRoute({
  ...silenceParts,
  operationId: 'getAmSilence',
  path: `${mount}/silence/{id}`,
  params: silenceId,
});
export const getTenantAmSilence = defineRoute({
  ...silenceParts,
  operationId: 'getTenantAmSilence',
  path: `${tenantMount}/silence/{id}`,
  params: tenantSilenceId,
});

const deleteSilenceParts = {
  ...base,
  method: 'delete',
  scope: 'alerts:write',
  summary: 'End a silence now',
  query: anyQuery,
  response: { status: 200, description: 'It has ended', schema: null },
} as const;
export const deleteAmSilence = defineRoute({
  ...deleteSilenceParts,
  operationId: 'deleteAmSilence',
  path: `${mount}/silence/{id}`,
  params: silenceId,
});
export const deleteTenantAmSilence = defineRoute({
  ...deleteSilenceParts,
  operationId: 'deleteTenantAmSilence',
  path: `${tenantMount}/silence/{id}`,
  params: tenantSilenceId,
});

const AlertingConfigurationDocument = z
  .object({
    original: z.string().describe("Alertmanager's YAML, with every secret replaced by `<secret>`."),
    revision: z.int().describe('Counts the changes; 0 for the one in force where nobody wrote any.'),
    warnings: z.array(z.string()).describe('What was read, but has no effect here.'),
    updated_at: z.iso.datetime().nullable(),
    updated_by: z.string().nullable(),
  })
  .meta({ id: 'AlertingConfiguration' });

export const getAlertingConfiguration = defineRoute({
  operationId: 'getAlertingConfiguration',
  service: 'alerting',
  method: 'get',
  path: '/api/v1/alerting-configuration',
  tag: 'Alert routing',
  summary: 'Show by what alerts are routed, held back and told',
  scope: 'alerts:read',
  response: { status: 200, description: 'The configuration', schema: AlertingConfigurationDocument },
});

export const putAlertingConfiguration = defineRoute({
  operationId: 'putAlertingConfiguration',
  service: 'alerting',
  method: 'put',
  path: '/api/v1/alerting-configuration',
  tag: 'Alert routing',
  summary: 'Replace the configuration as a whole',
  description: 'It is checked as a whole first; every mistake is named with its place.',
  scope: 'alerts:write',
  bodyBytesMax: 1_048_576,
  body: z.strictObject({
    original: z.string().max(1_000_000).describe("Alertmanager's YAML; `channel_configs` names channels of ours."),
    revision: z.int().min(0).optional().describe('Replace only this revision; another one meanwhile is a conflict.'),
  }),
  response: { status: 200, description: 'The configuration', schema: AlertingConfigurationDocument },
});

export const alertmanagerRoutes = [
  getAmStatus,
  getTenantAmStatus,
  listAmReceivers,
  listTenantAmReceivers,
  listAmAlerts,
  listTenantAmAlerts,
  postAmAlerts,
  postTenantAmAlerts,
  listAmAlertGroups,
  listTenantAmAlertGroups,
  listAmSilences,
  listTenantAmSilences,
  postAmSilences,
  postTenantAmSilences,
  getAmSilence,
  getTenantAmSilence,
  deleteAmSilence,
  deleteTenantAmSilence,
  getAlertingConfiguration,
  putAlertingConfiguration,
];
