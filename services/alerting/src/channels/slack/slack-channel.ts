import { z } from 'zod';
import type { ChannelKind, SendOutcome } from '../channel.ts';
import { checkSettings, originOf } from '../check-settings.ts';
import type { SendOverHttp } from '../http-outcome.ts';
import { writeSlack } from './write-slack.ts';

const SlackSettings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  channel: z.string().max(100).nullable().default(null),
  username: z.string().max(100).nullable().default(null),
  timeout_ms: z.int().min(100).max(30_000).default(15_000),
});

const Refusal = z.object({ ok: z.literal(false), error: z.string().max(200).optional() });

/** An incoming webhook of Slack, or of anything that takes the same messages (Mattermost, Discord's `/slack`, …). */
export function createSlackKind(sendOverHttp: SendOverHttp): ChannelKind {
  return {
    kind: 'slack',
    isDigestible: true,
    limit: { messagesMax: 20, windowMs: 60_000 },
    check(given) {
      const settings = checkSettings(SlackSettings, given);
      // Whoever knows the address may post: it is the secret.
      return { settings, shown: { ...settings, url: originOf(settings.url) } };
    },
    recipientsOf: () => null,
    async send(settings, message, signal) {
      const { url, channel, username, timeout_ms } = SlackSettings.parse(settings);
      const { outcome, body, status } = await sendOverHttp(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-signalbox-delivery': message.id },
        body: JSON.stringify(writeSlack(message, { channel, username })),
        deadlineMs: timeout_ms,
        signal,
      });
      return outcome.kind === 'accepted' ? (refusalIn(body, status) ?? outcome) : outcome;
    },
  };
}

/** Slack says `ok`, and sometimes refuses with status 200. */
function refusalIn(body: string, status: number | null): SendOutcome | null {
  const refusal = Refusal.safeParse(parsed(body));
  if (!refusal.success) return null;
  const { error = 'an error without a name' } = refusal.data;
  const reason = `The receiver answered: ${error.replace(/[^\w .-]/g, '?')}.`;
  if (error === 'rate_limited' || error === 'ratelimited')
    return { kind: 'throttled', status, reason, retryAfterMs: null };
  return { kind: 'rejected', status, reason, isFinal: false };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}
