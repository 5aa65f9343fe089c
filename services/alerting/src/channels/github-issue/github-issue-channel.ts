import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { ChannelKind, ChannelMessage, SendOutcome } from '../channel.ts';
import { checkSettings, hintOf } from '../check-settings.ts';
import { clockOf, describeMessage, nameOf, oneLine, shorten, summaryOf } from '../describe-message.ts';
import type { SendOverHttp } from '../http-outcome.ts';

const GithubIssueSettings = z.strictObject({
  repository: z.string().regex(/^[\w.-]{1,100}\/[\w.-]{1,100}$/, 'Expected owner/name.'),
  token: z.string().min(1).max(500),
  labels: z.array(z.string().min(1).max(50)).max(10).default([]),
  api_url: z
    .url({ protocol: /^https?$/ })
    .max(2_000)
    .default('https://api.github.com'),
});

const Issues = z.array(z.object({ number: z.int(), body: z.string().nullable() }));
const Issue = z.object({ number: z.int() });

/** The label by which our issues are found again, among however many there are. */
const ownLabel = 'signalbox';
const [titleMax, bodyMax, alertsMax] = [250, 60_000, 50];

/** An issue for each group: opened when it fires, added to while it does, closed when it has ended. */
export function createGithubIssueKind(sendOverHttp: SendOverHttp): ChannelKind {
  async function send(
    { repository, token, labels, api_url }: z.output<typeof GithubIssueSettings>,
    message: ChannelMessage,
    signal: AbortSignal,
  ): Promise<SendOutcome> {
    const issues = `${api_url.replace(/\/+$/, '')}/repos/${repository}/issues`;
    const ask = async (url: string, method: 'GET' | 'POST' | 'PATCH', body?: object) => {
      const answer = await sendOverHttp(url, {
        method,
        headers: {
          accept: 'application/vnd.github+json',
          authorization: `Bearer ${token}`,
          'x-github-api-version': '2022-11-28',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        deadlineMs: 10_000,
        signal,
      });
      return answer;
    };
    const marker = markerOf(message);
    const listed = await ask(`${issues}?state=open&labels=${ownLabel}&per_page=100`, 'GET');
    if (listed.outcome.kind !== 'accepted') return listed.outcome;
    const open = Issues.safeParse(parsed(listed.body));
    if (!open.success) return { kind: 'failed', status: listed.status, reason: 'The receiver answered no list.' };
    const known = open.data.find(({ body }) => body?.includes(marker) === true);
    const { status, title } = describeMessage(message);
    const text = writeText(message);
    if (status === 'firing') {
      if (known !== undefined) return (await ask(`${issues}/${known.number}/comments`, 'POST', { body: text })).outcome;
      const body = `${text}\n\n${marker}`;
      const made = await ask(issues, 'POST', { title: shorten(title, titleMax), body, labels: [ownLabel, ...labels] });
      const issue = Issue.safeParse(parsed(made.body));
      if (made.outcome.kind === 'accepted' && message.notification.kind === 'test' && issue.success)
        return (await ask(`${issues}/${issue.data.number}`, 'PATCH', { state: 'closed' })).outcome;
      return made.outcome;
    }
    if (known === undefined) return listed.outcome;
    const told = await ask(`${issues}/${known.number}/comments`, 'POST', { body: text });
    if (told.outcome.kind !== 'accepted') return told.outcome;
    const close = { state: 'closed', state_reason: 'completed' };
    return (await ask(`${issues}/${known.number}`, 'PATCH', close)).outcome;
  }

  return {
    kind: 'github_issue',
    isDigestible: false,
    limit: { messagesMax: 20, windowMs: 60_000 },
    check(given) {
      const settings = checkSettings(GithubIssueSettings, given);
      return { settings, shown: { ...settings, token: hintOf(settings.token) } };
    },
    recipientsOf: () => null,
    send: (settings, message, signal) => send(GithubIssueSettings.parse(settings), message, signal),
  };
}

/** Names the group in the issue, where nobody sees it. */
function markerOf({ notification }: ChannelMessage): string {
  const hash = createHash('sha256').update(`${notification.tenantId}/${notification.groupKey}`).digest('hex');
  return `<!-- signalbox:${hash} -->`;
}

function writeText(message: ChannelMessage): string {
  const { title, alerts, remarks } = describeMessage(message);
  const lines = alerts.slice(0, alertsMax).map((alert) => {
    const state =
      alert.endsAt === null
        ? `fires since ${clockOf(new Date(alert.startsAt))}`
        : `ended at ${clockOf(new Date(alert.endsAt))}`;
    const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${value}`);
    return `- ${quote(nameOf(alert))} ${state} ${quote(summaryOf(alert))} ${quote(labels.join(', '))}`;
  });
  if (alerts.length > alertsMax) lines.push(`- and ${alerts.length - alertsMax} more`);
  return shorten([quote(title), ...remarks, lines.join('\n')].join('\n\n'), bodyMax);
}

/** As code: nothing in it mentions people, links or loads anything. */
function quote(text: string): string {
  return text === '' ? '' : `\`${shorten(oneLine(text), 500).replaceAll('`', "'")}\``;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
