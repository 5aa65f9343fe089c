import { severityOf, type NotifiedAlert, type Severity } from '../notifications/notification.ts';
import type { ChannelMessage } from './channel.ts';

/** What every kind of message says of a notification, in words. */
export interface Described {
  readonly alerts: readonly NotifiedAlert[];
  readonly firing: readonly NotifiedAlert[];
  readonly resolved: readonly NotifiedAlert[];
  readonly status: 'firing' | 'resolved';
  readonly severity: Severity;
  /** One line, without line breaks. */
  readonly title: string;
  /** What has to be added: that it comes late, or stands for others. */
  readonly remarks: readonly string[];
}

const lateMs = 60_000;

export function describeMessage(message: ChannelMessage): Described {
  const { notification, sendsResolved, sentAt } = message;
  const alerts = sendsResolved ? notification.alerts : notification.alerts.filter(({ status }) => status === 'firing');
  const firing = alerts.filter(({ status }) => status === 'firing');
  const resolved = alerts.filter(({ status }) => status === 'resolved');
  const status = firing.length > 0 ? 'firing' : 'resolved';
  const remarks: string[] = [];
  if (notification.heldBack > 0)
    remarks.push(`${notification.heldBack} notifications were held back and are told here together.`);
  if (sentAt.getTime() - notification.decidedAt.getTime() >= lateMs)
    remarks.push(`Delivered late: decided at ${clockOf(notification.decidedAt)}, sent at ${clockOf(sentAt)}.`);
  return {
    alerts,
    firing,
    resolved,
    status,
    severity: mostSevere(firing.length > 0 ? firing : resolved),
    title: titleOf(message, firing, resolved),
    remarks,
  };
}

function titleOf(
  { notification }: ChannelMessage,
  firing: readonly NotifiedAlert[],
  resolved: readonly NotifiedAlert[],
): string {
  const about = subjectOf(notification.groupLabels['alertname'], [...firing, ...resolved]);
  switch (notification.kind) {
    case 'test':
      return '[TEST] This channel works';
    case 'heartbeat':
      return '[HEARTBEAT] Alerting is alive';
    case 'digest':
      return `[DIGEST] ${firing.length} firing, ${resolved.length} resolved: ${about}`;
    case 'escalation':
      return firing.length > 0 ? `[ESCALATED:${firing.length}] ${about}` : `[RESOLVED] ${about}`;
    case 'acknowledgement':
      return `[ACKNOWLEDGED] ${about}`;
    case 'self':
    case 'group':
      return firing.length > 0 ? `[FIRING:${firing.length}] ${about}` : `[RESOLVED] ${about}`;
  }
}

function subjectOf(groupName: string | undefined, alerts: readonly NotifiedAlert[]): string {
  if (groupName !== undefined && groupName !== '') return oneLine(groupName);
  const names = [...new Set(alerts.map(nameOf))];
  return oneLine(names.length > 3 ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more` : names.join(', '));
}

export function nameOf({ labels, fingerprint }: Pick<NotifiedAlert, 'labels' | 'fingerprint'>): string {
  return labels['alertname'] ?? fingerprint;
}

/** What somebody wrote about the alert; '' if nobody did. */
export function summaryOf({ annotations }: Pick<NotifiedAlert, 'annotations'>): string {
  return annotations['summary'] ?? annotations['message'] ?? annotations['description'] ?? '';
}

/** `12:01 UTC on 2026-11-20`. */
export function clockOf(moment: Date): string {
  const text = moment.toISOString();
  return `${text.slice(11, 19)} UTC on ${text.slice(0, 10)}`;
}

export function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** At most so many characters, none of them cut in half. */
export function shorten(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return text;
  const cut = text.slice(0, charactersMax - 1);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}

const order: readonly Severity[] = ['critical', 'high', 'medium', 'low', 'info'];

function mostSevere(alerts: readonly NotifiedAlert[]): Severity {
  const present = new Set(alerts.map(({ labels }) => severityOf(labels)));
  return order.find((one) => present.has(one)) ?? 'info';
}
