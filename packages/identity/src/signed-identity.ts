import { createHmac, timingSafeEqual } from 'node:crypto';
import { AppError } from '@signalbox/errors';
import type { IdentityKey, IdentityKeys } from './identity-keys.ts';
import type { CallerIdentity } from './principal.ts';

/** The header in which the signed identity travels. The gateway deletes it from every inbound request. */
export const identityHeader = 'x-signalbox-identity';

/** How old (or how far ahead of our clock) a signed request may be. A captured one is useless afterwards. */
export const identityMaxAgeMs = 30_000;

/** What the signature binds besides the identity: it is worth nothing for another service, method, path or job. */
export interface IdentityBinding {
  audience: string;
  /** The HTTP method, or `JOB`. */
  method: string;
  /** The request target as the receiver sees it, query included; for a job its name. */
  path: string;
}

interface Payload {
  k: CallerIdentity['principal']['kind'];
  p: string;
  t: string;
  s: readonly string[];
  r: string;
  /** Signed at, in milliseconds since 1970. */
  at: number;
}

/** Signs `caller` for one request or one job: `v1.<kid>.<payload>.<HMAC-SHA-256>`, about 5 µs. */
export function signIdentity(
  keys: IdentityKeys,
  binding: IdentityBinding,
  caller: CallerIdentity,
  now = Date.now(),
): string {
  const { principal, requestId } = caller;
  const payload: Payload = {
    k: principal.kind,
    p: principal.principalId,
    t: principal.tenantId,
    s: principal.scopes,
    r: requestId,
    at: now,
  };
  const key = keys.signing(binding.audience);
  const encoded = Buffer.from(JSON.stringify(payload)).toString('base64url');
  return `v1.${key.kid}.${encoded}.${mac(key, binding, encoded).toString('base64url')}`;
}

/**
 * Gives back who signed. Throws `unauthenticated` for anything but a fresh signature for exactly this binding.
 * `maxAgeMs: null` is for jobs, which may lie in a queue or among the dead letters for long.
 */
export function verifyIdentity(
  keys: IdentityKeys,
  binding: IdentityBinding,
  header: string | undefined,
  { now = Date.now(), maxAgeMs = identityMaxAgeMs }: { now?: number; maxAgeMs?: number | null } = {},
): CallerIdentity {
  const [version, kid, encoded, signature, ...rest] = (header ?? '').split('.');
  if (version !== 'v1' || !kid || !encoded || !signature || rest.length > 0) throw refused();
  const key = keys.verifying(binding.audience, kid);
  if (key === null) throw refused();
  // As text: the last character has bits that decoding would drop.
  const expected = Buffer.from(mac(key, binding, encoded).toString('base64url'));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw refused();
  // The signature is ours, so the payload is what signIdentity wrote.
  const payload = JSON.parse(Buffer.from(encoded, 'base64url').toString()) as Payload;
  if (maxAgeMs !== null && Math.abs(now - payload.at) > maxAgeMs) throw refused();
  return {
    principal: { kind: payload.k, principalId: payload.p, tenantId: payload.t, scopes: payload.s },
    requestId: payload.r,
  };
}

function mac(key: IdentityKey, binding: IdentityBinding, encoded: string): Buffer {
  return createHmac('sha256', key.secret)
    .update(`v1\n${key.kid}\n${binding.audience}\n${binding.method.toUpperCase()}\n${binding.path}\n${encoded}`)
    .digest();
}

function refused(): AppError {
  return new AppError('unauthenticated', 'This service answers only requests that carry a valid gateway identity.');
}
