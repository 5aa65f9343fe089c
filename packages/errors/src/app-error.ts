import { errorKinds, type ErrorCode } from './error-code.ts';

/** One rejected field of an input: `path` in dotted form (`messages.0.role`, `''` for the whole body) and what was expected there. */
export interface FieldError {
  path: string;
  message: string;
}

export interface AppErrorOptions {
  /** What went wrong underneath. It is logged and never leaves the process. */
  cause?: unknown;
  /** The rejected fields, for `validation_failed`. */
  fields?: readonly FieldError[];
  /** When a repeat may succeed; becomes `Retry-After`. */
  retryAfterMs?: number;
  /** Extra members of the problem document. They reach the client, so: facts of its own request only. */
  details?: Readonly<Record<string, unknown>>;
}

/**
 * The only error that domain code throws on purpose. It carries a code of the closed list and a sentence that is safe to
 * show to the caller; it knows no status numbers. Anything else that is thrown is a bug and becomes `internal`.
 */
export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly fields: readonly FieldError[];
  readonly retryAfterMs: number | null;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string = errorKinds[code].title, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? [];
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.details = options.details ?? {};
  }
}

/** Turns whatever was thrown into an `AppError`; a stranger becomes `internal`, with itself as the cause. */
export function toAppError(thrown: unknown): AppError {
  return thrown instanceof AppError ? thrown : new AppError('internal', undefined, { cause: thrown });
}
