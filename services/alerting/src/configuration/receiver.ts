/** What every way of telling somebody has. */
interface IntegrationBase {
  /** Its position among those of its kind in its receiver; with receiver and kind it names what was last sent. */
  readonly index: number;
  /** Whether it is told when alerts have ended. */
  readonly sendResolved: boolean;
}

/** A channel of the tenant, by its id or its name; `*` stands for every channel that is switched on. */
export interface ChannelIntegration extends IntegrationBase {
  readonly kind: 'channel';
  readonly channel: string;
}

export interface WebhookIntegration extends IntegrationBase {
  readonly kind: 'webhook';
  readonly url: string;
  /** Further header fields, credentials among them. */
  readonly headers: Readonly<Record<string, string>>;
  /** How many alerts one message holds at most; 0: all. */
  readonly alertsMax: number;
  readonly timeoutMs: number | null;
}

export interface SlackIntegration extends IntegrationBase {
  readonly kind: 'slack';
  readonly url: string;
  readonly channel: string | null;
  readonly username: string | null;
}

export interface EmailIntegration extends IntegrationBase {
  readonly kind: 'email';
  readonly to: readonly string[];
  readonly from: string;
  readonly host: string;
  readonly port: number;
  readonly hello: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly requireTls: boolean;
}

export interface PagerDutyIntegration extends IntegrationBase {
  readonly kind: 'pagerduty';
  readonly url: string;
  readonly routingKey: string;
}

export type Integration =
  ChannelIntegration | WebhookIntegration | SlackIntegration | EmailIntegration | PagerDutyIntegration;

/** A named set of ways to tell somebody. Each is used independently of the others. */
export interface Receiver {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly integrations: readonly Integration[];
}

/** Names an integration within its receiver: `webhook[0]`. */
export function integrationKey({ kind, index }: Pick<Integration, 'kind' | 'index'>): string {
  return `${kind}[${index}]`;
}
