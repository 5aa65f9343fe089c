import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const prefix = 'whsec_';
const [secretBytesMin, secretBytesMax] = [24, 64];
const toleranceSeconds = 300;

/** A new secret in the form of Standard Webhooks. */
export function newWebhookSecret(): string {
  return prefix + randomBytes(32).toString('base64');
}

/** Whether it is base64 of 24 to 64 bytes, with or without `whsec_` before it. */
export function isWebhookSecret(text: string): boolean {
  const encoded = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const bytes = Buffer.from(encoded, 'base64');
  return (
    bytes.length >= secretBytesMin &&
    bytes.length <= secretBytesMax &&
    bytes.toString('base64').replace(/=+$/, '') === encoded.replace(/=+$/, '')
  );
}

export interface SignedParts {
  readonly id: string;
  readonly timestampSeconds: number;
  readonly body: string;
}

/** `webhook-signature` of Standard Webhooks 1.0: one signature for each secret, so that secrets can be changed without a gap. */
export function signWebhook(secrets: readonly string[], { id, timestampSeconds, body }: SignedParts): string {
  return secrets
    .map((secret) => {
      const key = Buffer.from(secret.startsWith(prefix) ? secret.slice(prefix.length) : secret, 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestampSeconds}.${body}`).digest('base64')}`;
    })
    .join(' ');
}

/** Whether one of the signatures is right and the timestamp is no further than five minutes from `now`. */
export function isWebhookSigned(
  secret: string,
  headers: Readonly<Record<string, string | undefined>>,
  body: string,
  now: Date,
): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers;
  if (id === undefined || signatures === undefined || !/^\d+$/.test(timestamp ?? '')) return false;
  const timestampSeconds = Number(timestamp);
  if (Math.abs(now.getTime() / 1_000 - timestampSeconds) > toleranceSeconds) return false;
  const expected = Buffer.from(signWebhook([secret], { id, timestampSeconds, body }));
  return signatures.split(' ').some((given) => {
    const bytes = Buffer.from(given);
    return bytes.length === expected.length && timingSafeEqual(bytes, expected);
  });
}
