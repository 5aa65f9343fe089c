import { AppError } from '@signalbox/errors';

/** The key that a client gave its request; null where it gave none. Throws `validation_failed` for what is none. */
export function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x21-\x7e]{1,255}$/.test(header)) return header;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'Idempotency-Key', message: 'Expected 1 to 255 visible ASCII characters.' }],
  });
}
