import { newId } from '@signalbox/ids';
import { destinationOf, type Delivery, type DeliveryTarget, type RuleLimit } from '../deliveries/delivery.ts';
import type { Notification } from './notification.ts';

/** A notification about to set out for a destination. Not stored yet. */
export function newDelivery(
  notification: Notification,
  target: DeliveryTarget,
  now: Date,
  ruleLimit: RuleLimit | null = null,
): Delivery {
  return {
    ...target,
    id: newId('delivery', now.getTime()),
    tenantId: notification.tenantId,
    notificationId: notification.id,
    destination: destinationOf(target),
    severity: notification.severity,
    ruleLimit,
    state: 'pending',
    attempts: 0,
    nextAt: now,
    heldAt: null,
    mergedInto: null,
    lastStatus: null,
    lastError: null,
    createdAt: now,
    attemptedAt: null,
    sentAt: null,
  };
}
