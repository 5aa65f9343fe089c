/**
 * `pending`: it waits for its next attempt. `sending`: somebody is at it. `sent`: the other side has it. `merged`: a digest
 * tells of it. `dead`: given up; it can be seen and replayed.
 */
export const deliveryStates = ['pending', 'sending', 'sent', 'merged', 'dead'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** Where a message goes: a channel of the tenant, or an integration that stands in its configuration. */
export interface DeliveryTarget {
  readonly kind: string;
  /** Null for an integration of the configuration, which `receiver` and `integration` name. */
  readonly channelId: string | null;
  readonly receiver: string;
  readonly integration: string;
  /** For kinds that address people. */
  readonly recipient: string | null;
  readonly sendsResolved: boolean;
}

/** How many messages about the alerts of one rule may arrive at a destination in a window. */
export interface RuleLimit {
  readonly ruleId: string;
  readonly messagesMax: number;
  readonly windowMs: number;
}

/** One notification on its way to one destination. */
export interface Delivery extends DeliveryTarget {
  /** The receiver learns it with every attempt. */
  readonly id: string;
  readonly tenantId: string;
  readonly notificationId: string;
  readonly destination: string;
  /** Of what it tells: 0 (`info`) to 4 (`critical`), -1: of ends only. */
  readonly severity: number;
  /** Of the rule that it tells of alone; null: there is none. */
  readonly ruleLimit: RuleLimit | null;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly nextAt: Date | null;
  readonly heldAt: Date | null;
  readonly mergedInto: string | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly attemptedAt: Date | null;
  readonly sentAt: Date | null;
}

/** The name of what is rested, limited and told of its failures as one. */
export function destinationOf({ channelId, receiver, integration, recipient }: DeliveryTarget): string {
  const base = channelId === null ? `receiver/${receiver}/${integration}` : `channel/${channelId}`;
  return recipient === null ? base : `${base}/${recipient}`;
}
