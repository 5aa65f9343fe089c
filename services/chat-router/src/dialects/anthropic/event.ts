import { errorKinds, type AppError } from '@signalbox/errors';

/** One event of Anthropic's stream. */
export function event(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

/** What ends an answer that broke after its beginning was sent; official clients raise an error on it. */
export function errorEvent(error: AppError): Buffer {
  const { status, title } = errorKinds[error.code];
  const message = error.code === 'internal' ? title : error.message;
  return Buffer.from(event('error', { error: { type: typeOf(status), message } }));
}

function typeOf(status: number): string {
  if (status === 402) return 'billing_error';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'overloaded_error';
  if (status === 504) return 'timeout_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}
