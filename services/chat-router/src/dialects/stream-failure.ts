import { AppError, type ErrorCode } from '@signalbox/errors';

const codes: Partial<Record<string, ErrorCode>> = {
  overloaded_error: 'unavailable',
  rate_limit_error: 'rate_limited',
  rate_limit_exceeded: 'rate_limited',
  timeout_error: 'timeout',
};

/** What it means that a provider gave up within its answer, in its own words. */
export function streamFailure(provider: string, message: string | null, type: string | null): AppError {
  return new AppError(
    codes[type ?? ''] ?? 'provider_failed',
    `${provider} gave up${message === null ? '' : `: ${message}`}.`,
    { details: { provider } },
  );
}

/** A provider sent what its dialect does not allow. */
export function invalidChunk(provider: string): AppError {
  return new AppError('provider_failed', `${provider} sent something that is no part of an answer.`, {
    details: { provider },
  });
}
