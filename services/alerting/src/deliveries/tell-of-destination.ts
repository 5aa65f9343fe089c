import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { SendOutcome } from '../channels/channel.ts';
import { findChannel, listEnabledChannels } from '../channels/channel-store.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import { fingerprintOf, formatLabelSet } from '../labels/label-set.ts';
import { newDelivery } from '../notifications/new-delivery.ts';
import { severityRank, type Notification, type NotifiedAlert } from '../notifications/notification.ts';
import { addNotifications } from '../notifications/notification-store.ts';
import type { Delivery } from './delivery.ts';
import { addDeliveries } from './delivery-store.ts';

/**
 * Tells every other channel of the tenant that messages to this destination do not arrive, or do again. If there is no
 * other channel, nobody can be told; the dead letters and the log say it.
 */
export async function tellOfDestination(
  trx: Transaction<Schema>,
  {
    delivery,
    outcome,
    tell,
    kinds,
    now,
  }: { delivery: Delivery; outcome: SendOutcome; tell: 'failing' | 'recovered'; kinds: ChannelKinds; now: Date },
): Promise<void> {
  const { tenantId, channelId } = delivery;
  const others = (await listEnabledChannels(trx, tenantId)).filter(({ id }) => id !== channelId);
  if (others.length === 0) return;
  const failing = channelId === null ? null : await findChannel(trx, tenantId, channelId);
  const labels = {
    alertname: 'SignalboxDeliveriesFailing',
    severity: 'high',
    destination: failing?.name ?? `${delivery.receiver}/${delivery.integration}`,
    ...(delivery.recipient === null ? {} : { recipient: delivery.recipient }),
  };
  const reason = outcome.kind === 'accepted' ? 'Messages arrive again.' : outcome.reason;
  const alert: NotifiedAlert = {
    fingerprint: fingerprintOf(labels),
    status: tell === 'failing' ? 'firing' : 'resolved',
    labels,
    annotations: { summary: `Messages to ${labels.destination} do not arrive. ${reason}` },
    generatorUrl: '',
    startsAt: now.toISOString(),
    endsAt: tell === 'failing' ? null : now.toISOString(),
  };
  const notification: Notification = {
    id: newId('notification', now.getTime()),
    tenantId,
    kind: 'self',
    reason: tell === 'failing' ? 'deliveries_failing' : 'deliveries_recovered',
    status: alert.status,
    receiver: 'signalbox',
    groupKey: `signalbox:${formatLabelSet(labels)}`,
    groupLabels: labels,
    alerts: [alert],
    severity: severityRank([alert]),
    heldBack: 0,
    decidedAt: now,
  };
  await addNotifications(trx, [notification]);
  const targets = others.flatMap((channel) =>
    (kinds.get(channel.kind)?.recipientsOf(channel.shown) ?? [null]).map((recipient) => ({
      kind: channel.kind,
      channelId: channel.id,
      receiver: 'signalbox',
      integration: 'self',
      recipient,
      sendsResolved: true,
    })),
  );
  await addDeliveries(
    trx,
    targets.map((target) => newDelivery(notification, target, now)),
  );
}
