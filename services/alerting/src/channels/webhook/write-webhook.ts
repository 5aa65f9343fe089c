import type { LabelSet } from '../../labels/label-set.ts';
import type { NotifiedAlert } from '../../notifications/notification.ts';
import type { ChannelMessage } from '../channel.ts';
import { describeMessage } from '../describe-message.ts';

/** Go's zero time: the end of what has not ended, in Alertmanager's webhooks. */
const noEnd = '0001-01-01T00:00:00Z';

/**
 * The body of a webhook: Alertmanager's, version 4, and besides what only we know: `notification_id`, `kind`, `held_back`
 * and `decided_at`. `alertsMax` 0: all alerts.
 */
export function writeWebhook(message: ChannelMessage, alertsMax: number): string {
  const { notification, externalUrl } = message;
  const { alerts, status } = describeMessage(message);
  const told = alertsMax > 0 ? alerts.slice(0, alertsMax) : alerts;
  return JSON.stringify({
    receiver: notification.receiver,
    status,
    alerts: told.map((alert) => ({
      status: alert.status,
      labels: alert.labels,
      annotations: alert.annotations,
      startsAt: alert.startsAt,
      endsAt: alert.endsAt ?? noEnd,
      generatorURL: alert.generatorUrl,
      fingerprint: alert.fingerprint,
    })),
    groupLabels: notification.groupLabels,
    commonLabels: common(alerts, ({ labels }) => labels),
    commonAnnotations: common(alerts, ({ annotations }) => annotations),
    externalURL: externalUrl,
    version: '4',
    groupKey: notification.groupKey,
    truncatedAlerts: alerts.length - told.length,
    notification_reason: notification.reason,
    notification_id: notification.id,
    kind: notification.kind,
    held_back: notification.heldBack,
    decided_at: notification.decidedAt.toISOString(),
  });
}

function common(alerts: readonly NotifiedAlert[], pick: (alert: NotifiedAlert) => LabelSet): LabelSet {
  const [first, ...others] = alerts.map(pick);
  if (first === undefined) return {};
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => others.every((labels) => labels[name] === value)),
  );
}
