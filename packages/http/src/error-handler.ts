import { AppError, errorKinds } from '@signalbox/errors';
import type { Logger } from '@signalbox/telemetry';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { exchangeOf } from './exchange.ts';
import { errorOf, sendError } from './problem.ts';

/** Answers 404, or 405 with `Allow` where the path is known and the method is not. To be mounted after every router. */
export function notFoundHandler(): RequestHandler {
  return (request, response) => {
    const { allowedMethods } = exchangeOf(request);
    if (allowedMethods.length === 0) throw new AppError('not_found');
    response.setHeader('Allow', [...new Set(allowedMethods)].join(', '));
    throw new AppError('method_not_allowed');
  };
}

/** Answers every error, and logs those that are ours (5xx) with their causes. To be mounted last. */
export function errorHandler(logger: Logger): ErrorRequestHandler {
  // Express tells an error handler by its four parameters.
  return (thrown: unknown, request, response, _next) => {
    const error = errorOf(thrown);
    const { route } = exchangeOf(request);
    if (error.code === 'internal') logger.error('http.failed', { route, error: error.cause ?? error });
    else if (errorKinds[error.code].status >= 500) logger.warn('http.unavailable', { route, error });
    sendError(request, response, error);
  };
}
