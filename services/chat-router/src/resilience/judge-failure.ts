import type { AppError, ErrorCode } from '@signalbox/errors';
import { isAddressRefused } from '../providers/failure.ts';

/** What a failed call means for what comes next. */
export type FailureVerdict =
  /** The request is at fault: nobody would answer it. */
  | { kind: 'stop' }
  /** This one will not answer it, whatever is done; another may. */
  | { kind: 'elsewhere' }
  /** It may pass; not before `waitMs`. */
  | { kind: 'again'; waitMs: number };

export function judgeFailure(error: AppError): FailureVerdict {
  if (isRequestFault(error)) {
    const isTheirsAlone = error.code === 'not_found' || error.details['code'] === 'context_length_exceeded';
    return { kind: isTheirsAlone ? 'elsewhere' : 'stop' };
  }
  if (error.details['should_retry'] === false || isAddressRefused(error)) return { kind: 'elsewhere' };
  return passing.has(error.code) ? { kind: 'again', waitMs: error.retryAfterMs ?? 0 } : { kind: 'elsewhere' };
}

const passing: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'rate_limited',
  'provider_failed',
  'unavailable',
  'timeout',
]);

/** True when an error says that the request was at fault: nothing was asked of the model, so there is nothing to record. */
export function isRequestFault(error: AppError): boolean {
  return ['validation_failed', 'not_found', 'conflict', 'payload_too_large', 'unprocessable'].includes(error.code);
}

/** What a failed call says of the provider's health. A full account or a wrong key says nothing; so does a caller's mistake. */
export function healthAfter(error: AppError): 'well' | 'ill' | 'unknown' {
  if (isRequestFault(error) || error.code === 'rate_limited') return 'well';
  if (error.details['should_retry'] === false) return 'unknown';
  return error.code === 'internal' ? 'unknown' : 'ill';
}

/** How long to wait before the next round: anything up to a bound that doubles (full jitter), so that no two clients march in step. */
export function backoffMs(
  round: number,
  { firstMs, maxMs }: { firstMs: number; maxMs: number },
  random: number,
): number {
  return random * Math.min(maxMs, firstMs * 2 ** round);
}
