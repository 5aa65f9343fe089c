import { severityRank, statusOf, type Notification, type NotifiedAlert } from '../notifications/notification.ts';

type Digest = Pick<
  Notification,
  'kind' | 'reason' | 'status' | 'groupKey' | 'groupLabels' | 'alerts' | 'severity' | 'heldBack'
>;

/**
 * One notification for several, given in the order of their decisions: every alert once, as it was last decided to be told.
 * What fired and ended in between is told as ended; nobody is left out.
 */
export function mergeNotifications(notifications: readonly Notification[]): Digest {
  const alerts = new Map<string, NotifiedAlert>();
  for (const notification of notifications) {
    for (const alert of notification.alerts) {
      // Moved to the end, so that what is news stands behind what is not.
      alerts.delete(alert.fingerprint);
      alerts.set(alert.fingerprint, alert);
    }
  }
  const told = [...alerts.values()].sort(
    (one, other) => Number(one.status > other.status) - Number(one.status < other.status),
  );
  const groups = new Set(notifications.map(({ groupKey }) => groupKey));
  const [first] = notifications;
  const isOneGroup = groups.size === 1 && first !== undefined;
  return {
    kind: 'digest',
    reason: 'digest',
    status: statusOf(told),
    groupKey: isOneGroup ? first.groupKey : 'digest',
    groupLabels: isOneGroup ? first.groupLabels : {},
    alerts: told,
    severity: severityRank(told),
    heldBack: notifications.reduce((count, { heldBack }) => count + Math.max(1, heldBack), 0),
  };
}
