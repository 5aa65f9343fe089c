import { severityOf, type NotifiedAlert, type Severity } from '../../notifications/notification.ts';
import type { ChannelMessage } from '../channel.ts';
import { clockOf, describeMessage, nameOf, oneLine, shorten, summaryOf, type Described } from '../describe-message.ts';

/** The predecessors' colours, by which people know what they see; and one for what is over. */
const colours: Readonly<Record<Severity | 'resolved', string>> = {
  info: '#2e90fa',
  low: '#36a64f',
  medium: '#ff9800',
  high: '#ff5722',
  critical: '#d32f2f',
  resolved: '#12b76a',
};
const icons: Readonly<Record<Severity | 'resolved', string>> = {
  info: ':information_source:',
  low: ':large_green_circle:',
  medium: ':large_orange_circle:',
  high: ':red_circle:',
  critical: ':rotating_light:',
  resolved: ':white_check_mark:',
};

// Slack refuses a message in which one part is longer, or all parts together.
const [headerMax, sectionMax, contextMax, textMax] = [150, 3_000, 2_000, 1_000];
const charactersMax = 12_000;
const alertsMax = 10;

type Block = Readonly<Record<string, unknown>>;

/** What a Slack-shaped webhook takes: a line for where blocks are not shown, and one coloured attachment of blocks. */
export function writeSlack(message: ChannelMessage, address: { channel: string | null; username: string | null }) {
  const described = describeMessage(message);
  const look = described.status === 'resolved' ? 'resolved' : described.severity;
  const word = described.status === 'resolved' ? 'RESOLVED' : described.severity.toUpperCase();
  const text = shorten(escape(`${described.title} – ${word}`), textMax);
  const header = shorten(`${icons[look]} ${described.title} – ${word}`, headerMax);
  const blocks: Block[] = [{ type: 'header', text: { type: 'plain_text', text: header, emoji: true } }];
  const { sections, told } = sectionsOf(described, charactersMax - header.length - contextMax);
  blocks.push(...sections);
  const rest = described.alerts.slice(told);
  const notes = [...(rest.length === 0 ? [] : [`and ${rest.length} more${countsOf(rest)}`]), ...described.remarks];
  notes.push(`<${message.externalUrl}|Signalbox> · ${escape(oneLine(message.notification.receiver))}`);
  blocks.push({
    type: 'context',
    elements: [{ type: 'mrkdwn', text: shorten(notes.join('\n'), contextMax) }],
  });
  return {
    text,
    attachments: [{ color: colours[look], fallback: text, blocks }],
    ...(address.channel === null ? {} : { channel: address.channel }),
    ...(address.username === null ? {} : { username: address.username }),
  };
}

function sectionsOf({ alerts }: Described, budget: number): { sections: Block[]; told: number } {
  const sections: Block[] = [];
  let left = budget;
  for (const alert of alerts.slice(0, alertsMax)) {
    const text = shorten(textOf(alert), sectionMax);
    if (text.length > left) break;
    left -= text.length;
    sections.push({ type: 'section', text: { type: 'mrkdwn', text } });
  }
  return { sections, told: sections.length };
}

function textOf(alert: NotifiedAlert): string {
  const severity = severityOf(alert.labels);
  const state =
    alert.endsAt === null
      ? `${icons[severity]} *${severity}* since ${clockOf(new Date(alert.startsAt))}`
      : `${icons.resolved} *resolved* at ${clockOf(new Date(alert.endsAt))}`;
  const lines = [`*${escape(shorten(oneLine(nameOf(alert)), 200))}* ${state}`];
  const summary = summaryOf(alert);
  if (summary !== '') lines.push(escape(shorten(summary, 600)));
  const labels = Object.entries(alert.labels).filter(([name]) => name !== 'alertname' && name !== 'severity');
  if (labels.length > 0)
    lines.push(
      shorten(
        labels.map(([name, value]) => `${escape(oneLine(name))}: ${escape(shorten(oneLine(value), 100))}`).join(' · '),
        600,
      ),
    );
  return lines.join('\n');
}

function countsOf(alerts: readonly NotifiedAlert[]): string {
  const firing = alerts.filter(({ status }) => status === 'firing').length;
  return ` (${firing} firing, ${alerts.length - firing} resolved)`;
}

/** Slack's own three: everything else is text. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
