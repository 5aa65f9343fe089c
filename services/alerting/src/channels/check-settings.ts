import { AppError } from '@signalbox/errors';
import type { z } from 'zod';

/** The settings as a schema reads them. Throws `validation_failed` that names what does not fit. */
export function checkSettings<Schema extends z.ZodType>(schema: Schema, settings: unknown): z.output<Schema> {
  const read = schema.safeParse(settings);
  if (read.success) return read.data;
  throw new AppError('validation_failed', undefined, {
    fields: read.error.issues.map(({ path, message }) => ({ path: ['settings', ...path].join('.'), message })),
  });
}

const shownMax = 4;

/** Enough of a secret to tell which one it is, and never more than a fifth of it. */
export function hintOf(secret: string): string {
  const shown = Math.min(shownMax, Math.floor(secret.length / 5));
  return `…${secret.slice(secret.length - shown)}`;
}

/** An address without what may be a secret in it: the path of a webhook is one. */
export function originOf(address: string): string {
  const url = URL.parse(address);
  return url === null ? '' : `${url.origin}/…`;
}
