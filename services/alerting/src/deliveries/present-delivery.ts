import type { Delivery as PresentedDelivery } from '@signalbox/contracts';
import type { Delivery } from './delivery.ts';

export function presentDelivery(delivery: Delivery): PresentedDelivery {
  return {
    id: delivery.id,
    notification_id: delivery.notificationId,
    channel_id: delivery.channelId,
    kind: delivery.kind,
    receiver: delivery.receiver,
    recipient: delivery.recipient,
    state: delivery.state,
    attempts: delivery.attempts,
    next_attempt_at: delivery.nextAt?.toISOString() ?? null,
    held_since: delivery.heldAt?.toISOString() ?? null,
    merged_into: delivery.mergedInto,
    last_status: delivery.lastStatus,
    last_error: delivery.lastError,
    created_at: delivery.createdAt.toISOString(),
    attempted_at: delivery.attemptedAt?.toISOString() ?? null,
    sent_at: delivery.sentAt?.toISOString() ?? null,
  };
}
