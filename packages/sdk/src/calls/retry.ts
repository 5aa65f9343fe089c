import { CircuitOpenError, SignalboxError } from '../signalbox-error.ts';

export interface RetryPolicy {
  /** Further attempts after the first. Default 3; 0 never retries. */
  retries: number;
  /** The wait before the first further attempt; each next one is twice as long. Default 1,000. */
  firstWaitMs: number;
  /** No wait of ours is longer; one that the server asks for may be. Default 30,000. */
  waitMsMax: number;
  /** `none`: exactly 1, 2, 4 s. `full`: anywhere from 0 to that. `equal`: from half of it to all of it. Default `none`. */
  jitter: 'none' | 'full' | 'equal';
}

export const defaultRetryPolicy: RetryPolicy = { retries: 3, firstWaitMs: 1_000, waitMsMax: 30_000, jitter: 'none' };

const safeMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);

/** True when sending it twice does what sending it once does: by its method, or since a key makes the two one. */
export function isRepeatable(method: string, idempotencyKey: string | null): boolean {
  return safeMethods.has(method) || idempotencyKey !== null;
}

/** True for a failure that may pass: no connection, no answer in time, 408, 429 and 5xx. */
export function mayPass(failure: unknown): failure is SignalboxError {
  if (!(failure instanceof SignalboxError)) return false;
  switch (failure.kind) {
    case 'connection':
    case 'timeout':
      return true;
    case 'refused':
      return isPassing(failure.status ?? 0) && !saysNotToRetry(failure.body);
    case 'circuit_open':
    case 'protocol':
    case 'closed':
      return false;
  }
}

/** As `mayPass`, and also when nothing was sent since the circuit is open: what cannot be sent now can be later. */
export function isOutage(failure: unknown): boolean {
  return mayPass(failure) || failure instanceof CircuitOpenError;
}

function isPassing(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/** The mesh says so where it knows that a repeat is in vain. */
function saysNotToRetry(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'should_retry' in body && body.should_retry === false;
}

/**
 * How long to wait before the attempt after `attempts` of them: what the server asked for, or the exponential wait, whichever
 * is longer.
 */
export function waitBeforeRetry(
  policy: RetryPolicy,
  { attempts, retryAfterMs, random }: { attempts: number; retryAfterMs: number | null; random: () => number },
): number {
  const exponential = Math.min(policy.waitMsMax, policy.firstWaitMs * 2 ** (attempts - 1));
  const share = { none: () => 1, full: random, equal: () => 0.5 + random() / 2 }[policy.jitter]();
  return Math.max(exponential * share, retryAfterMs ?? 0);
}

/** `Retry-After` in both of its forms (RFC 9110): seconds, or a date. Null when it is absent or neither. */
export function readRetryAfter(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  const text = header.trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const at = /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
