import { newId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { claimHeartbeats, setHeartbeat } from '../channels/channel-store.ts';
import type { ChannelRecord } from '../channels/channel-record.ts';
import type { ChannelKinds } from '../channels/open-channel-kinds.ts';
import { addDeliveries, hasPendingDelivery } from '../deliveries/delivery-store.ts';
import { newDelivery } from './new-delivery.ts';
import type { Notification } from './notification.ts';
import { addNotifications } from './notification-store.ts';

/**
 * Tells the channels that asked for it that alerting is alive; gives how many those were. One that still waits is
 * not followed by another.
 */
export async function sendHeartbeats(db: Kysely<Schema>, kinds: ChannelKinds, now: Date): Promise<number> {
  return db.transaction().execute(async (trx) => {
    const channels = await claimHeartbeats(trx, now, 100);
    for (const channel of channels) {
      await setHeartbeat(trx, channel.id, new Date(now.getTime() + (channel.heartbeatSeconds ?? 60) * 1_000));
      if (await hasPendingDelivery(trx, channel.tenantId, channel.id, 'heartbeat')) continue;
      const notification = heartbeatOf(channel, now);
      const recipients = kinds.get(channel.kind)?.recipientsOf(channel.shown) ?? [null];
      await addNotifications(trx, [notification]);
      await addDeliveries(
        trx,
        recipients.map((recipient) => {
          const target = { kind: channel.kind, channelId: channel.id, receiver: 'heartbeat', integration: 'heartbeat' };
          return newDelivery(notification, { ...target, recipient, sendsResolved: true }, now);
        }),
      );
    }
    return channels.length;
  });
}

function heartbeatOf(channel: ChannelRecord, now: Date): Notification {
  return {
    id: newId('notification', now.getTime()),
    tenantId: channel.tenantId,
    kind: 'heartbeat',
    reason: 'heartbeat',
    status: 'resolved',
    receiver: 'heartbeat',
    groupKey: `heartbeat:${channel.id}`,
    groupLabels: { alertname: 'Heartbeat' },
    alerts: [],
    severity: -1,
    heldBack: 0,
    decidedAt: now,
  };
}
