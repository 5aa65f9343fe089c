import { AppError, errorKinds, type ErrorCode } from '@signalbox/errors';
import { memberOf, objectOf, parseObject, textOf } from '../json.ts';

/** One event of OpenAI's stream. */
export function event(data: unknown): Buffer {
  return Buffer.from(`data: ${JSON.stringify(data)}\n\n`);
}

/**
 * What ends an answer that broke after its beginning was sent. Official clients raise an error on it; without it, and
 * without `[DONE]`, they would take the broken answer for a short one.
 */
export function errorEvent(error: AppError): Buffer {
  const { status, title } = errorKinds[error.code];
  return event({
    error: {
      message: error.code === 'internal' ? title : error.message,
      type: status === 429 ? 'rate_limit_error' : status < 500 ? 'invalid_request_error' : 'api_error',
      param: null,
      code: error.code,
    },
  });
}

/** The error that `errorEvent` told; null for an event that tells none. */
export function errorOf(data: string): AppError | null {
  const error = objectOf(memberOf(parseObject(data), 'error'));
  if (error === null) return null;
  const code = textOf(error['code']) ?? '';
  const message = textOf(error['message']) ?? undefined;
  return new AppError(Object.hasOwn(errorKinds, code) ? (code as ErrorCode) : 'provider_failed', message);
}
