/** A destination that a tenant has set up. */
export interface ChannelRecord {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly kind: string;
  readonly isEnabled: boolean;
  readonly disabledReason: string | null;
  readonly sendsResolved: boolean;
  readonly shown: Readonly<Record<string, unknown>>;
  readonly sealed: string;
  readonly messagesMax: number;
  readonly windowSeconds: number;
  /** How often it is told that alerting is alive; null: never. */
  readonly heartbeatSeconds: number | null;
  readonly heartbeatAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export function channelSealContext({ tenantId, id }: Pick<ChannelRecord, 'tenantId' | 'id'>) {
  return { tenantId, purpose: `alert_channel/${id}` };
}
