import { z } from 'zod';
import { defineRoute } from './define-route.ts';
import { pageOf, PageQuery } from './page.ts';

const tag = 'Notification channels';
const service = 'alerting';
const IdParams = z.strictObject({ id: z.string().max(64).describe('The id of the channel: `channel_…`.') });

const RateLimit = z
  .strictObject({
    messages: z.int().min(1).max(1_000),
    window_seconds: z.int().min(1).max(86_400),
  })
  .describe('How many messages may arrive in a window. What comes on top is told together, as one, when it ends.');

const settings = z
  .record(z.string().max(100), z.unknown())
  .describe(
    [
      'By kind. `webhook`: `url`, `method` (POST or PUT), `headers`, `secrets`, `alerts_max`, `timeout_ms`.',
      '`slack`: `url`, `channel`, `username`.',
      '`email`: `to`, `from`, `host`, `port`, `security` (starttls, tls, opportunistic, none), `username`, `password`, `ca_pem`, `hello`.',
      '`pagerduty`: `routing_key`, `url`. `github_issue`: `repository`, `token`, `labels`, `api_url`.',
    ].join(' '),
  );

const channelShape = {
  name: z.string().trim().min(1).max(100),
  enabled: z.boolean().optional().describe('Default true.'),
  send_resolved: z.boolean().optional().describe('Whether it is told when alerts have ended; default true.'),
  rate_limit: RateLimit.optional().describe('Default: what suits the kind.'),
  heartbeat_seconds: z
    .int()
    .min(10)
    .max(86_400)
    .nullable()
    .optional()
    .describe('How often it is told that alerting is alive, for somebody who notices when it is not.'),
};

export const ChannelInput = z
  .strictObject({
    ...channelShape,
    kind: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,39}$/, 'Expected the name of a kind: webhook, slack, email, pagerduty, github_issue.'),
    settings,
  })
  .meta({ id: 'ChannelInput' });
export type ChannelInput = z.infer<typeof ChannelInput>;

export const ChannelChanges = z
  .strictObject({ ...channelShape, settings: settings.describe('Only what changes; what is left out stays.') })
  .partial()
  .meta({ id: 'ChannelChanges' });
export type ChannelChanges = z.infer<typeof ChannelChanges>;

export const Channel = z
  .object({
    id: z.string(),
    name: z.string(),
    kind: z.string(),
    enabled: z.boolean(),
    disabled_reason: z.string().nullable().describe('Why it was switched off by itself; null otherwise.'),
    send_resolved: z.boolean(),
    rate_limit: z.object({ messages: z.int(), window_seconds: z.int() }),
    heartbeat_seconds: z.int().nullable(),
    settings: z.record(z.string(), z.unknown()).describe('Without secrets; of addresses that are one, the origin.'),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
  })
  .meta({ id: 'Channel' });
export type Channel = z.infer<typeof Channel>;

export const CreatedChannel = Channel.extend({
  signing_secret: z
    .string()
    .nullable()
    .describe('Of a webhook, unless it was given: what its messages are signed with. Shown this once.'),
}).meta({ id: 'CreatedChannel' });
export type CreatedChannel = z.infer<typeof CreatedChannel>;

export const createChannel = defineRoute({
  operationId: 'createChannel',
  service,
  method: 'post',
  path: '/api/v1/channels',
  tag,
  summary: 'Set up a channel that alerts are told to',
  scope: 'alerts:write',
  body: ChannelInput,
  response: { status: 201, description: 'The channel', schema: CreatedChannel },
});

export const listChannels = defineRoute({
  operationId: 'listChannels',
  service,
  method: 'get',
  path: '/api/v1/channels',
  tag,
  summary: "List the tenant's channels, newest first",
  scope: 'alerts:read',
  query: PageQuery,
  response: { status: 200, description: 'One page of channels', schema: pageOf(Channel) },
});

export const getChannel = defineRoute({
  operationId: 'getChannel',
  service,
  method: 'get',
  path: '/api/v1/channels/{id}',
  tag,
  summary: 'Get one channel',
  scope: 'alerts:read',
  params: IdParams,
  response: { status: 200, description: 'The channel, without its secrets', schema: Channel },
});

export const updateChannel = defineRoute({
  operationId: 'updateChannel',
  service,
  method: 'patch',
  path: '/api/v1/channels/{id}',
  tag,
  summary: 'Change a channel',
  scope: 'alerts:write',
  params: IdParams,
  body: ChannelChanges,
  response: { status: 200, description: 'The channel as it is now', schema: Channel },
});

export const deleteChannel = defineRoute({
  operationId: 'deleteChannel',
  service,
  method: 'delete',
  path: '/api/v1/channels/{id}',
  tag,
  summary: 'Delete a channel; what is on its way there becomes dead letters',
  scope: 'alerts:write',
  params: IdParams,
  response: { status: 204, description: 'Deleted', schema: null },
});

export const testChannel = defineRoute({
  operationId: 'testChannel',
  service,
  method: 'post',
  path: '/api/v1/channels/{id}/test',
  tag,
  summary: 'Send a test message, in the very way in which alerts are sent',
  description: 'Answers 200 only if the other side took the message; otherwise 502, with what it said.',
  scope: 'alerts:write',
  params: IdParams,
  firstByteTimeoutMs: 60_000,
  response: {
    status: 200,
    description: 'It was taken',
    schema: z.object({ delivery_id: z.string(), status: z.int().nullable() }),
  },
});

export const rotateChannelSecret = defineRoute({
  operationId: 'rotateChannelSecret',
  service,
  method: 'post',
  path: '/api/v1/channels/{id}/rotate-secret',
  tag,
  summary: 'Sign with a new secret, and for the overlap with the old ones as well',
  scope: 'alerts:write',
  params: IdParams,
  body: z.strictObject({
    overlap_seconds: z
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(86_400),
  }),
  response: { status: 200, description: 'The channel, and its new secret, shown this once', schema: CreatedChannel },
});

export const channelRoutes = [
  createChannel,
  listChannels,
  getChannel,
  updateChannel,
  deleteChannel,
  testChannel,
  rotateChannelSecret,
] as const;
