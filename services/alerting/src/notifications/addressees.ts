import type { ChannelRecord } from '../channels/channel-record.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import { integrationKey, type Receiver } from '../configuration/receiver.ts';
import type { DeliveryTarget } from '../deliveries/delivery.ts';

/** One way to a receiver, which remembers what it was last told, and the destinations that it stands for. */
export interface AddresseeTargets {
  readonly key: string;
  readonly sendResolved: boolean;
  readonly targets: readonly DeliveryTarget[];
}

/** Whom a receiver means at the moment. A channel is told once, however often it is named. */
export function addresseesOf(
  receiver: Receiver,
  channels: readonly ChannelRecord[],
  kinds: ChannelKinds,
): AddresseeTargets[] {
  const addressees = new Map<string, AddresseeTargets>();
  const add = (addressee: AddresseeTargets): void => {
    if (!addressees.has(addressee.key)) addressees.set(addressee.key, addressee);
  };
  for (const integration of receiver.integrations) {
    const common = { receiver: receiver.name, integration: integrationKey(integration) };
    if (integration.kind === 'channel') {
      const named = channels.filter(({ id, name }) => [id, name, '*'].includes(integration.channel));
      for (const channel of named) {
        const sendsResolved = integration.sendResolved && channel.sendsResolved;
        const recipients = kinds.get(channel.kind)?.recipientsOf(channel.shown) ?? null;
        add({
          key: `${receiver.name}/channel/${channel.id}`,
          sendResolved: sendsResolved,
          targets: (recipients ?? [null]).map((recipient) => ({
            ...common,
            kind: channel.kind,
            channelId: channel.id,
            recipient,
            sendsResolved,
          })),
        });
      }
      continue;
    }
    const recipients = integration.kind === 'email' ? integration.to : [null];
    add({
      key: `${receiver.name}/${common.integration}`,
      sendResolved: integration.sendResolved,
      targets: recipients.map((recipient) => ({
        ...common,
        kind: integration.kind,
        channelId: null,
        recipient,
        sendsResolved: integration.sendResolved,
      })),
    });
  }
  return [...addressees.values()];
}
