import { AppError } from '@signalbox/errors';

/** The client's request says something that cannot be understood, at `path` (`messages.0.content`). */
export function invalidRequest(path: string, message: string, code = 'invalid_value'): AppError {
  return new AppError('validation_failed', `${path}: ${message}`, { details: { param: path, code } });
}

/** The request is understood, and whoever was asked cannot do it. */
export function unsupportedRequest(path: string, message: string): AppError {
  return invalidRequest(path, message, 'unsupported_parameter');
}
