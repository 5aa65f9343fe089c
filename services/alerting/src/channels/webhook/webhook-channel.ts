import { z } from 'zod';
import type { ChannelKind } from '../channel.ts';
import { checkSettings, hintOf, originOf } from '../check-settings.ts';
import type { SendOverHttp } from '../http-outcome.ts';
import { isWebhookSecret, signWebhook } from './sign-webhook.ts';
import { writeWebhook } from './write-webhook.ts';

const WebhookSecret = z.strictObject({
  secret: z.string().max(200).refine(isWebhookSecret, 'Expected whsec_ and 24 to 64 bytes in base64.'),
  /** Until when it signs as well, after another took over; null: it is in force. */
  expires_at: z.iso.datetime().nullable(),
});

const WebhookSettings = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).max(2_000),
  method: z.enum(['POST', 'PUT']).default('POST'),
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,100}$/, 'Expected the name of a header field.'), z.string().max(4_000))
    .default({}),
  secrets: z.array(WebhookSecret).max(5).default([]),
  alerts_max: z.int().min(0).max(100_000).default(0),
  timeout_ms: z.int().min(100).max(30_000).default(15_000),
});

/** A signed request to an address of the tenant's, in the form of Standard Webhooks. */
export function createWebhookKind(sendOverHttp: SendOverHttp): ChannelKind {
  return {
    kind: 'webhook',
    isDigestible: true,
    limit: { messagesMax: 60, windowMs: 60_000 },
    check(given) {
      const settings = checkSettings(WebhookSettings, given);
      const { url, headers, secrets, ...plain } = settings;
      const shown = {
        ...plain,
        url: originOf(url),
        headers: Object.keys(headers),
        secrets: secrets.map(({ secret, expires_at }) => ({ hint: hintOf(secret), expires_at })),
      };
      return { settings, shown };
    },
    recipientsOf: () => null,
    async send(settings, message, signal) {
      const { url, method, headers, secrets, alerts_max, timeout_ms } = WebhookSettings.parse(settings);
      const body = writeWebhook(message, alerts_max);
      const timestampSeconds = Math.floor(message.sentAt.getTime() / 1_000);
      const signing = secrets.filter(({ expires_at }) => expires_at === null || new Date(expires_at) > message.sentAt);
      const signature = signWebhook(
        signing.map(({ secret }) => secret),
        { id: message.id, timestampSeconds, body },
      );
      const { outcome } = await sendOverHttp(url, {
        method,
        headers: {
          ...headers,
          'content-type': 'application/json',
          'webhook-id': message.id,
          'webhook-timestamp': String(timestampSeconds),
          ...(signature === '' ? {} : { 'webhook-signature': signature }),
        },
        body,
        deadlineMs: timeout_ms,
        signal,
      });
      return outcome;
    },
  };
}
