import { createHash } from 'node:crypto';
import { severityOf, type NotifiedAlert } from '../../notifications/notification.ts';
import type { ChannelMessage } from '../channel.ts';
import { clockOf, describeMessage, nameOf, oneLine, shorten, summaryOf, type Described } from '../describe-message.ts';

const [subjectMax, alertsMax, valueMax] = [200, 100, 1_000];

export interface WrittenEmail {
  readonly messageId: string;
  /** What this message and its successors about the same group on the same day answer to, so that they are one thread. */
  readonly threadId: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A message for people: plain text first, and the same as HTML that loads nothing from anywhere. `domain`: of its ids. */
export function writeEmail(message: ChannelMessage, domain: string): WrittenEmail {
  const described = describeMessage(message);
  const { notification } = message;
  const thread = createHash('sha256').update(`${notification.tenantId}/${notification.groupKey}`).digest('hex');
  const day = notification.decidedAt.toISOString().slice(0, 10);
  const word = described.status === 'resolved' ? 'RESOLVED' : described.severity.toUpperCase();
  return {
    messageId: `<${notification.id}@${domain}>`,
    threadId: `<alert-${thread.slice(0, 16)}-${day}@${domain}>`,
    subject: shorten(oneLine(`${described.title} – ${word}`), subjectMax),
    text: textOf(message, described),
    html: htmlOf(message, described, word),
  };
}

function textOf(message: ChannelMessage, { title, alerts, remarks }: Described): string {
  const parts = alerts.slice(0, alertsMax).map((alert) => {
    const lines = [`${stateOf(alert)}: ${oneLine(nameOf(alert))}`];
    const summary = summaryOf(alert);
    if (summary !== '') lines.push(shorten(summary, valueMax));
    for (const [name, value] of Object.entries(alert.labels))
      lines.push(`  ${name}: ${shorten(oneLine(value), valueMax)}`);
    const runbook = alert.annotations['runbook_url'];
    if (runbook !== undefined) lines.push(`Runbook: ${oneLine(runbook)}`);
    if (alert.generatorUrl !== '') lines.push(`Source: ${oneLine(alert.generatorUrl)}`);
    return lines.join('\n');
  });
  if (alerts.length > alertsMax) parts.push(`and ${alerts.length - alertsMax} more.`);
  return [title, ...remarks, ...parts, footerOf(message)].join('\n\n') + '\n';
}

function htmlOf(
  message: ChannelMessage,
  { title, alerts, remarks, severity, status }: Described,
  word: string,
): string {
  const colour = status === 'resolved' ? '#12b76a' : colours[severity];
  const rows = alerts.slice(0, alertsMax).map((alert) => {
    const labels = Object.entries(alert.labels)
      .map(([name, value]) => `<li>${escape(name)}: ${escape(shorten(oneLine(value), valueMax))}</li>`)
      .join('');
    const links = [
      ['Runbook', alert.annotations['runbook_url'] ?? ''],
      ['Source', alert.generatorUrl],
    ].flatMap(([name = '', url = '']) => (isWebAddress(url) ? [`<a href="${escape(url)}">${name}</a>`] : []));
    return (
      `<h3>${escape(stateOf(alert))}: ${escape(oneLine(nameOf(alert)))}</h3>` +
      `<p>${escape(shorten(summaryOf(alert), valueMax))}</p><ul>${labels}</ul><p>${links.join(' · ')}</p>`
    );
  });
  if (alerts.length > alertsMax) rows.push(`<p>and ${alerts.length - alertsMax} more.</p>`);
  return (
    '<!doctype html><html><head><meta charset="utf-8"></head><body style="font-family:sans-serif">' +
    `<h2 style="border-left:6px solid ${colour};padding-left:8px">${escape(title)} – ${escape(word)}</h2>` +
    remarks.map((remark) => `<p><em>${escape(remark)}</em></p>`).join('') +
    rows.join('') +
    `<p style="color:#667085">${escape(footerOf(message))}</p></body></html>`
  );
}

const colours = { info: '#2e90fa', low: '#36a64f', medium: '#ff9800', high: '#ff5722', critical: '#d32f2f' } as const;

function stateOf(alert: NotifiedAlert): string {
  return alert.endsAt === null
    ? `${severityOf(alert.labels).toUpperCase()} since ${clockOf(new Date(alert.startsAt))}`
    : `RESOLVED at ${clockOf(new Date(alert.endsAt))}`;
}

function footerOf({ notification, externalUrl, id }: ChannelMessage): string {
  return `Signalbox (${externalUrl}) tells this to the receiver ${oneLine(notification.receiver)}; delivery ${id}.`;
}

function isWebAddress(text: string): boolean {
  const protocol = URL.parse(text)?.protocol;
  return protocol === 'http:' || protocol === 'https:';
}

function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
