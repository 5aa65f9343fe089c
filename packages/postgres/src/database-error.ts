import { AppError } from '@signalbox/errors';

/** SQLSTATE classes and codes that say "not now": connection lost, resources used up, shutting down, lock or serialization lost. */
const passing = /^(08|53|57P|40001|40P01|55P03|25006|25P03)/;
const broken = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
]);
// The driver gives no codes to these.
const brokenMessages =
  /^(Connection terminated|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after|Client was closed|timeout expired|Postgres connection has been discarded)/;

const retryAfterMs = 1_000;

/**
 * What a failed call to Postgres means to the caller: `unavailable` where a repeat may succeed, `timeout` where a
 * statement ran too long. A refusal of the statement itself (a constraint, a mistake in SQL) is given back unchanged.
 */
export function fromDatabaseError(thrown: unknown): unknown {
  const code = textOf(thrown, 'code');
  if (passing.test(code) || broken.has(code) || brokenMessages.test(textOf(thrown, 'message'))) {
    return new AppError('unavailable', 'The database is not available at the moment.', { cause: thrown, retryAfterMs });
  }
  if (code === '57014') return new AppError('timeout', 'The database took too long.', { cause: thrown, retryAfterMs });
  return thrown;
}

/**
 * True when the connection broke under a call, which says nothing about Postgres: what only reads may be asked again at
 * once, on another connection. For what `fromDatabaseError` gave as well as for what it was given.
 */
export function isConnectionLost(thrown: unknown): boolean {
  const error = thrown instanceof AppError ? thrown.cause : thrown;
  const code = textOf(error, 'code');
  return (
    /^(08|57P)/.test(code) ||
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    textOf(error, 'message').startsWith('Connection terminated')
  );
}

/** True when `thrown` is Postgres' refusal of a duplicate, by that constraint or index where one is named. */
export function isUniqueViolation(thrown: unknown, constraint?: string): boolean {
  return (
    textOf(thrown, 'code') === '23505' && (constraint ?? textOf(thrown, 'constraint')) === textOf(thrown, 'constraint')
  );
}

export function isMissingTable(thrown: unknown): boolean {
  return textOf(thrown, 'code') === '42P01';
}

/** After these the connection holds, or may yet receive, something that is not ours: it must not be used again. */
export function leavesConnectionDirty(thrown: unknown): boolean {
  return textOf(thrown, 'message') === 'Query read timeout';
}

// By shape and not by class: errors of sockets come from another realm wherever code runs in a context of its own.
function textOf(thrown: unknown, property: 'code' | 'message' | 'constraint'): string {
  if (typeof thrown !== 'object' || thrown === null) return '';
  const value: unknown = Reflect.get(thrown, property);
  return typeof value === 'string' ? value : '';
}
