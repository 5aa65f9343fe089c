import type { GlobalSchema, HttpConfig, ReceiverSchema } from './receiver-schema.ts';
import { emailLook, pagerDutyLook, slackLook } from './receiver-schema.ts';
import type {
  EmailIntegration,
  Integration,
  PagerDutyIntegration,
  Receiver,
  SlackIntegration,
  WebhookIntegration,
} from './receiver.ts';

type Problem = { path: string; message: string };

/** What building finds out besides the receiver. */
export interface Findings {
  readonly problems: Problem[];
  readonly warnings: string[];
}

const pagerDutyUrl = 'https://events.pagerduty.com/v2/enqueue';

/** A receiver with what it takes from the global settings. Whatever is missing or unused is noted in `findings`. */
export function buildReceiver(
  written: ReceiverSchema,
  global: GlobalSchema,
  path: string,
  findings: Findings,
): Receiver {
  const channels = (written.channel_configs ?? []).map(({ channel, send_resolved }, index) => ({
    kind: 'channel' as const,
    index,
    sendResolved: send_resolved ?? true,
    channel,
  }));
  const integrations: (Integration | null)[] = [
    ...channels,
    ...(written.webhook_configs ?? []).map((one, index) => webhookOf(one, global, index)),
    ...(written.slack_configs ?? []).map((one, index) =>
      slackOf(one, global, index, { path: `${path}.slack_configs[${index}]`, findings }),
    ),
    ...(written.email_configs ?? []).map((one, index) =>
      emailOf(one, global, index, { path: `${path}.email_configs[${index}]`, findings }),
    ),
    ...(written.pagerduty_configs ?? []).map((one, index) =>
      pagerDutyOf(one, global, index, { path: `${path}.pagerduty_configs[${index}]`, findings }),
    ),
  ];
  return {
    name: written.name,
    labels: written.labels ?? {},
    integrations: integrations.filter((one) => one !== null),
  };
}

interface Place {
  path: string;
  findings: Findings;
}

type Written<Kind extends keyof ReceiverSchema> =
  NonNullable<ReceiverSchema[Kind]> extends readonly (infer One)[] ? One : never;

function webhookOf(written: Written<'webhook_configs'>, global: GlobalSchema, index: number): WebhookIntegration {
  return {
    kind: 'webhook',
    index,
    sendResolved: written.send_resolved ?? true,
    url: written.url,
    headers: headersOf(written.http_config ?? global.http_config),
    alertsMax: written.max_alerts ?? 0,
    timeoutMs: written.timeout ?? null,
  };
}

function slackOf(
  written: Written<'slack_configs'>,
  global: GlobalSchema,
  index: number,
  place: Place,
): SlackIntegration | null {
  noteLook(written, slackLook, place);
  const url = written.api_url ?? global.slack_api_url;
  if (url === undefined) return missing(place, 'no global Slack API URL set');
  return {
    kind: 'slack',
    index,
    sendResolved: written.send_resolved ?? false,
    url,
    channel: written.channel ?? null,
    username: written.username ?? null,
  };
}

function emailOf(
  written: Written<'email_configs'>,
  global: GlobalSchema,
  index: number,
  place: Place,
): EmailIntegration | null {
  noteLook(written, emailLook, place);
  const smarthost = written.smarthost ?? global.smtp_smarthost;
  const from = written.from ?? global.smtp_from;
  if (smarthost === undefined) return missing(place, 'no global SMTP smarthost set');
  if (from === undefined) return missing(place, 'no global SMTP from set');
  return {
    kind: 'email',
    index,
    sendResolved: written.send_resolved ?? false,
    to: written.to.split(',').map((address) => address.trim()),
    from,
    ...smarthost,
    hello: written.hello ?? global.smtp_hello ?? 'localhost',
    username: written.auth_username ?? global.smtp_auth_username ?? null,
    password: written.auth_password ?? global.smtp_auth_password ?? null,
    requireTls: written.require_tls ?? global.smtp_require_tls ?? true,
  };
}

function pagerDutyOf(
  written: Written<'pagerduty_configs'>,
  global: GlobalSchema,
  index: number,
  place: Place,
): PagerDutyIntegration {
  noteLook(written, pagerDutyLook, place);
  return {
    kind: 'pagerduty',
    index,
    sendResolved: written.send_resolved ?? true,
    url: written.url ?? global.pagerduty_url ?? pagerDutyUrl,
    routingKey: written.routing_key,
  };
}

function missing({ path, findings }: Place, message: string): null {
  findings.problems.push({ path, message });
  return null;
}

function noteLook(written: object, names: readonly string[], { path, findings }: Place): void {
  const used = names.filter((name) => name in written);
  if (used.length > 0)
    findings.warnings.push(
      `${path}: ${used.join(', ')} have no effect; notifications are written in a form of their own.`,
    );
}

/** The header fields that say who sends. */
function headersOf(http: HttpConfig | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, { values = [], secrets = [] }] of Object.entries(http?.http_headers ?? {}))
    headers[name.toLowerCase()] = [...values, ...secrets].join(', ');
  if (http?.basic_auth !== undefined) {
    const { username = '', password = '' } = http.basic_auth;
    headers['authorization'] = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  if (http?.bearer_token !== undefined) headers['authorization'] = `Bearer ${http.bearer_token}`;
  if (http?.authorization !== undefined)
    headers['authorization'] = `${http.authorization.type ?? 'Bearer'} ${http.authorization.credentials}`;
  return headers;
}
