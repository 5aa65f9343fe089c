import type { ServerResponse } from 'node:http';
import { AppError } from '@signalbox/errors';

/** When the paths without a version were declared deprecated. */
const legacyDeprecatedAt = new Date('2026-01-01T00:00:00Z');

/**
 * LA-5: tells the caller of an old path that it is deprecated (RFC 9745), when it ends (RFC 8594) and where to go. Throws
 * `gone` once the end has come.
 */
export function markDeprecated(response: ServerResponse, successor: string, sunset: Date, now: Date): void {
  response.setHeader('deprecation', `@${String(legacyDeprecatedAt.getTime() / 1000)}`);
  response.setHeader('sunset', sunset.toUTCString());
  response.setHeader('link', `<${successor}>; rel="successor-version"`);
  if (now >= sunset) throw new AppError('gone', 'This path has ended; it has a successor.', { details: { successor } });
}
