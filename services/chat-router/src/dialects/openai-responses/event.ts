import { errorKinds, type AppError } from '@signalbox/errors';

/** One event of a streamed `response`. */
export function event(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

/** What ends an answer that broke after its beginning was sent; official clients raise an error on it. */
export function errorEvent(error: AppError): Buffer {
  const message = error.code === 'internal' ? errorKinds.internal.title : error.message;
  // Later than any number that has been given; the events before are numbered by whoever wrote them.
  const number = Number.MAX_SAFE_INTEGER;
  return Buffer.from(event('error', { code: error.code, message, param: null, sequence_number: number }));
}
