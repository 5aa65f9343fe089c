import type { IncomingMessage } from 'node:http';
import { AppError } from '@signalbox/errors';

/** Throws for a body whose stated length is more than the route takes. */
export function refuseLongBody({ headers }: IncomingMessage, bytesMax: number): void {
  if (Number(headers['content-length'] ?? 0) > bytesMax) throw bodyTooLong(bytesMax);
}

/** In the words that services themselves, and the gateway's own routes, have for it. */
export function bodyTooLong(bytesMax: number): AppError {
  if (bytesMax === 0)
    return new AppError('validation_failed', undefined, { fields: [{ path: '', message: 'Expected no body.' }] });
  return new AppError('payload_too_large', `The body may have ${String(bytesMax)} bytes at most.`, {
    details: { bytes_max: bytesMax },
  });
}
