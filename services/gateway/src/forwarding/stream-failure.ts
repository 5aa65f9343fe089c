import type { Dialect } from '@signalbox/contracts';
import { AppError, errorKinds, type ErrorCode } from '@signalbox/errors';
import { problemOf } from '@signalbox/http';

/**
 * R2: the last event of a stream whose service went away, so that a client does not take the end for the end of the
 * answer. It begins with an empty line: what came before may have stopped in the middle of one.
 */
export function streamFailure(code: ErrorCode, dialect: Dialect, requestId: string): string {
  return `\n\nevent: error\ndata: ${JSON.stringify(bodyOf(code, dialect, requestId))}\n\n`;
}

/** Tells an event stream that the process is about to end, and when to come back. */
export const streamGoodbye = '\n\nevent: shutdown\nretry: 1000\ndata: {}\n\n';

function bodyOf(code: ErrorCode, dialect: Dialect, requestId: string): unknown {
  const { title } = errorKinds[code];
  switch (dialect) {
    case 'signalbox':
    // OTLP has no streams.
    case 'otlp':
      return problemOf(new AppError(code), { requestId, instance: '' });
    case 'openai':
      return { error: { message: title, type: 'api_error', param: null, code } };
    case 'anthropic':
      return { type: 'error', error: { type: 'api_error', message: title }, request_id: requestId };
    case 'alertmanager':
      return { code: errorKinds[code].status, message: title };
  }
}
