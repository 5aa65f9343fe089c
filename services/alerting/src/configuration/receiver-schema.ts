import { z } from 'zod';
import { count, duration, flag, hostAndPort, text, webAddress } from './scalars.ts';

// What stands in the texts and looks of messages is read and not used: notifications are written in our own words.

const TlsConfig = z.strictObject({
  ca: text.optional(),
  ca_file: text.optional(),
  cert: text.optional(),
  cert_file: text.optional(),
  key: text.optional(),
  key_file: text.optional(),
  server_name: text.optional(),
  insecure_skip_verify: flag.optional(),
  min_version: text.optional(),
  max_version: text.optional(),
});

/** How a request over HTTP is made. What is not in here cannot be done, and is refused rather than left out. */
export const HttpConfig = z.strictObject({
  basic_auth: z.strictObject({ username: text.optional(), password: text.optional() }).optional(),
  authorization: z.strictObject({ type: text.optional(), credentials: text }).optional(),
  bearer_token: text.optional(),
  http_headers: z
    .record(z.string(), z.strictObject({ values: z.array(text).optional(), secrets: z.array(text).optional() }))
    .optional(),
  follow_redirects: flag.optional(),
  enable_http2: flag.optional(),
});
export type HttpConfig = z.output<typeof HttpConfig>;

const sendResolved = { send_resolved: flag.optional() };
const look = (names: readonly string[]): Record<string, z.ZodOptional<z.ZodUnknown>> =>
  Object.fromEntries(names.map((name) => [name, z.unknown().optional()]));

export const slackLook = [
  ...[
    'color',
    'title',
    'title_link',
    'pretext',
    'text',
    'message_text',
    'fields',
    'short_fields',
    'footer',
    'fallback',
  ],
  ...[
    'callback_id',
    'icon_emoji',
    'icon_url',
    'image_url',
    'thumb_url',
    'link_names',
    'mrkdwn_in',
    'actions',
    'timeout',
  ],
];
export const pagerDutyLook = [
  ...['client', 'client_url', 'description', 'details', 'images', 'links', 'source', 'severity', 'class', 'component'],
  ...['group', 'timeout'],
];
export const emailLook = ['headers', 'html', 'text', 'threading'];

const WebhookConfig = z.strictObject({
  ...sendResolved,
  url: webAddress,
  http_config: HttpConfig.optional(),
  max_alerts: count.optional(),
  timeout: duration.optional(),
});
const SlackConfig = z.strictObject({
  ...look(slackLook),
  ...sendResolved,
  api_url: webAddress.optional(),
  http_config: HttpConfig.optional(),
  channel: text.optional(),
  username: text.optional(),
});
const EmailConfig = z.strictObject({
  ...look(emailLook),
  ...sendResolved,
  to: text.min(1, 'missing to address in email config'),
  from: text.optional(),
  smarthost: hostAndPort.optional(),
  hello: text.optional(),
  auth_username: text.optional(),
  auth_password: text.optional(),
  auth_identity: text.optional(),
  require_tls: flag.optional(),
  tls_config: TlsConfig.optional(),
});
const PagerDutyConfig = z.strictObject({
  ...look(pagerDutyLook),
  ...sendResolved,
  url: webAddress.optional(),
  routing_key: text.min(1, 'missing routing key in PagerDuty config'),
  http_config: HttpConfig.optional(),
});
const ChannelConfig = z.strictObject({ ...sendResolved, channel: text.min(1, 'expected the id of a channel, or *') });

export const ReceiverSchema = z.strictObject({
  name: text.min(1, 'missing name in receiver'),
  labels: z.record(z.string(), text).optional(),
  channel_configs: z.array(ChannelConfig).optional(),
  webhook_configs: z.array(WebhookConfig).optional(),
  slack_configs: z.array(SlackConfig).optional(),
  email_configs: z.array(EmailConfig).optional(),
  pagerduty_configs: z.array(PagerDutyConfig).optional(),
});
export type ReceiverSchema = z.output<typeof ReceiverSchema>;

/** Settings that hold for every receiver that says nothing else. Those of kinds that cannot be used here are let be. */
export const GlobalSchema = z.strictObject({
  ...look([
    ...[
      'opsgenie_api_url',
      'opsgenie_api_key',
      'victorops_api_url',
      'victorops_api_key',
      'wechat_api_url',
      'wechat_api_secret',
    ],
    ...[
      'wechat_api_corp_id',
      'telegram_api_url',
      'webex_api_url',
      'jira_api_url',
      'rocketchat_api_url',
      'rocketchat_token',
    ],
    ...['rocketchat_token_id', 'mattermost_webhook_url', 'telegram_bot_token', 'slack_app_url', 'slack_app_token'],
  ]),
  resolve_timeout: duration.optional(),
  http_config: HttpConfig.optional(),
  slack_api_url: webAddress.optional(),
  pagerduty_url: webAddress.optional(),
  smtp_from: text.optional(),
  smtp_hello: text.optional(),
  smtp_smarthost: hostAndPort.optional(),
  smtp_auth_username: text.optional(),
  smtp_auth_password: text.optional(),
  smtp_auth_identity: text.optional(),
  smtp_require_tls: flag.optional(),
  smtp_tls_config: TlsConfig.optional(),
});
export type GlobalSchema = z.output<typeof GlobalSchema>;
