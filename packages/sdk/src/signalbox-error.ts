/** What went wrong, for a `switch`. `refused`: the server answered with an error status; see `status` and `errorCode`. */
export type SignalboxErrorKind = 'refused' | 'connection' | 'timeout' | 'circuit_open' | 'protocol' | 'closed';

/** One rejected member of the input: `path` in dotted form, and what was expected there. */
export interface RejectedField {
  path: string;
  message: string;
}

export interface SignalboxErrorFacts {
  status?: number;
  errorCode?: string;
  requestId?: string;
  fields?: readonly RejectedField[];
  retryAfterMs?: number;
  /** The answer's body, parsed where it is JSON. */
  body?: unknown;
  cause?: unknown;
}

/** The only error that the client makes. An aborted call throws the reason of its signal instead, as `fetch` does. */
export class SignalboxError extends Error {
  override readonly name: string = 'SignalboxError';
  readonly kind: SignalboxErrorKind;
  /** The HTTP status; null where nothing was answered. */
  readonly status: number | null;
  /** `VALIDATION_ERROR`, `RATE_LIMIT_EXCEEDED`, … or a vendor's code on routes in a vendor's shape. */
  readonly errorCode: string | null;
  /** To be quoted when the error is reported. */
  readonly requestId: string | null;
  readonly fields: readonly RejectedField[];
  /** When a repeat may succeed, as the server said. */
  readonly retryAfterMs: number | null;
  readonly body: unknown;

  constructor(kind: SignalboxErrorKind, message: string, facts: SignalboxErrorFacts = {}) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = kind;
    this.status = facts.status ?? null;
    this.errorCode = facts.errorCode ?? null;
    this.requestId = facts.requestId ?? null;
    this.fields = facts.fields ?? [];
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.body = facts.body ?? null;
  }
}

/** The server could not be reached, or the connection broke before the answer was whole. */
export class ConnectionError extends SignalboxError {
  override readonly name = 'ConnectionError';

  constructor(message: string, cause?: unknown) {
    super('connection', message, { cause });
  }
}

/** An attempt took longer than its `timeoutMs`, or all of them together longer than the `deadlineMs`. */
export class TimeoutError extends SignalboxError {
  override readonly name = 'TimeoutError';

  constructor(message: string, cause?: unknown) {
    super('timeout', message, { cause });
  }
}

/** Nothing was sent: the server failed so often that it is left alone until `retryAfterMs` have passed. */
export class CircuitOpenError extends SignalboxError {
  override readonly name = 'CircuitOpenError';

  constructor(retryAfterMs: number, cause?: unknown) {
    super('circuit_open', `The circuit is open for another ${String(Math.ceil(retryAfterMs))} ms; nothing was sent.`, {
      retryAfterMs,
      cause,
    });
  }
}
