import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Severity } from '../../notifications/notification.ts';
import type { ChannelKind, ChannelMessage } from '../channel.ts';
import { checkSettings, hintOf } from '../check-settings.ts';
import { describeMessage, nameOf, shorten, summaryOf } from '../describe-message.ts';
import type { SendOverHttp } from '../http-outcome.ts';

const PagerDutySettings = z.strictObject({
  routing_key: z.string().min(1).max(200),
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .default('https://events.pagerduty.com/v2/enqueue'),
});

const [summaryMax, alertsMax] = [1_024, 50];
const theirSeverity: Readonly<Record<Severity, 'critical' | 'error' | 'warning' | 'info'>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
  info: 'info',
};

/** PagerDuty's Events API v2: one incident for each group, which ends when the group has, and is taken when all of it is. */
export function createPagerDutyKind(sendOverHttp: SendOverHttp): ChannelKind {
  return {
    kind: 'pagerduty',
    isDigestible: false,
    takesAcknowledgements: true,
    limit: { messagesMax: 100, windowMs: 60_000 },
    check(given) {
      const settings = checkSettings(PagerDutySettings, given);
      return { settings, shown: { ...settings, routing_key: hintOf(settings.routing_key) } };
    },
    recipientsOf: () => null,
    async send(settings, message, signal) {
      const { url, routing_key } = PagerDutySettings.parse(settings);
      const { outcome } = await sendOverHttp(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-signalbox-delivery': message.id },
        body: JSON.stringify(writeEvent(message, routing_key)),
        deadlineMs: 15_000,
        signal,
      });
      // Their word for an event that is not valid, which it will not become.
      return outcome.kind === 'rejected' && outcome.status === 400 ? { ...outcome, isFinal: true } : outcome;
    },
  };
}

/** `dedup_key` is the hash of the group's key, as Alertmanager's: an incident that it began can be ended from here. */
export function writeEvent(message: ChannelMessage, routingKey: string) {
  const { notification, externalUrl } = message;
  const { status, severity, title, firing, resolved, alerts } = describeMessage(message);
  const dedupKey = createHash('sha256').update(notification.groupKey).digest('hex');
  if (notification.kind === 'acknowledgement')
    return { routing_key: routingKey, event_action: 'acknowledge', dedup_key: dedupKey };
  if (status === 'resolved') return { routing_key: routingKey, event_action: 'resolve', dedup_key: dedupKey };
  return {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: dedupKey,
    client: 'Signalbox',
    client_url: externalUrl,
    payload: {
      summary: shorten(title, summaryMax),
      source: 'Signalbox',
      severity: theirSeverity[severity],
      timestamp: notification.decidedAt.toISOString(),
      custom_details: {
        num_firing: firing.length,
        num_resolved: resolved.length,
        group_labels: notification.groupLabels,
        alerts: alerts.slice(0, alertsMax).map((alert) => ({
          name: shorten(nameOf(alert), 200),
          status: alert.status,
          summary: shorten(summaryOf(alert), 500),
          labels: alert.labels,
          starts_at: alert.startsAt,
        })),
      },
    },
  };
}
