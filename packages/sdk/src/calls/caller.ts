import type { Platform, Transport, WireAnswer, WireRequest } from '../platform/platform.ts';
import { SignalboxError } from '../signalbox-error.ts';
import { attempt, type Attempt } from './attempt.ts';
import { createBreaker, type BreakerPolicy, type BreakerState } from './breaker.ts';
import { factsOf, takesIdempotencyKey, targetOf, type Answer, type Given, type OperationId } from './operations.ts';
import { readText } from './read-text.ts';
import { repeat } from './repeat.ts';
import { isRepeatable, type RetryPolicy } from './retry.ts';

export interface CallOptions {
  /** Breaks the call off; what is thrown is its reason. */
  signal?: AbortSignal;
  /** How long one attempt may take. Default: a little longer than the mesh itself waits. */
  timeoutMs?: number;
  /** How long all attempts and the waits between them may take together. */
  deadlineMs?: number;
  /** Makes one effect of this call and its repeats. Default: one of its own where the server keeps to it, else none. */
  idempotencyKey?: string;
  /** In place of the client's own. */
  retries?: number;
  headers?: Readonly<Record<string, string>>;
}

export interface CallerOptions {
  baseUrl: URL;
  apiKey: () => string | Promise<string>;
  headers: Readonly<Record<string, string>>;
  timeoutMs: number | null;
  deadlineMs: number;
  retry: RetryPolicy;
  breaker: BreakerPolicy;
  transport: Transport;
  platform: Platform;
  /** Called when the server answers again after it had been left alone. */
  onRecovery: () => void;
}

/** A stream that has begun. It ends with its body, by `close()`, or by the signal of its call. */
export interface OpenAnswer {
  answer: WireAnswer;
  close: () => void;
}

/** Sends calls, each as often as it takes and may. */
export interface Caller {
  /** Calls an operation by its id and gives what it answered. Throws `SignalboxError`, or the reason of the signal. */
  call<O extends OperationId>(operation: O, given: Given<O>, options?: CallOptions): Promise<Answer<O>>;
  /** As `call`, with a body that is no JSON. */
  callWithBody<O extends OperationId>(
    operation: O,
    given: { params?: unknown; query?: unknown; body: EncodedBody },
    options?: CallOptions & { outlivesPage?: boolean },
  ): Promise<Answer<O>>;
  /** As `call`, but gives the answer with its body unread. */
  open(operation: OperationId, given: Opening, options?: CallOptions): Promise<OpenAnswer>;
  breakerState(): BreakerState['kind'];
  /** Nothing is sent any more; what is under way fails. */
  close(): void;
}

export interface EncodedBody {
  contentType: string;
  bytes: Uint8Array | string;
}

export interface Opening {
  params?: unknown;
  query?: unknown;
  body?: unknown;
  accept: string;
  headers?: Readonly<Record<string, string>>;
}

type Members = Readonly<Record<string, unknown>>;

const json = 'application/json';
/** So much longer than the mesh, so that it is the mesh that says what went wrong. */
const patienceMs = 5_000;

export function openCaller(given: CallerOptions): Caller {
  const breaker = createBreaker(given.breaker, () => performance.now(), given.onRecovery);
  const closing = new AbortController();

  async function send<T>(
    operation: OperationId,
    request: { params: Members; query: Members; body: EncodedBody | null; accept: string; headers: Members },
    options: CallOptions & { outlivesPage?: boolean },
    { read, leavesOpen }: Pick<Attempt<T>, 'read' | 'leavesOpen'>,
  ): Promise<T> {
    const facts = factsOf(operation);
    const url = new URL(given.baseUrl);
    const target = targetOf(facts, request.params, request.query);
    const key = options.idempotencyKey ?? (takesIdempotencyKey(operation) ? newIdempotencyKey() : null);
    const fixed: Omit<WireRequest, 'signal' | 'headers'> = {
      method: facts.method,
      url: url.origin + url.pathname.replace(/\/$/, '') + target,
      body: request.body?.bytes ?? null,
      outlivesPage: options.outlivesPage ?? false,
    };
    const headers = {
      ...given.platform.ownHeaders,
      accept: request.accept,
      ...(request.body === null ? {} : { 'content-type': request.body.contentType }),
      ...(key === null ? {} : { 'idempotency-key': key }),
      ...given.headers,
      ...(request.headers as Record<string, string>),
      ...options.headers,
    };
    const attemptOnce = async (timeoutMs: number): Promise<T> =>
      attempt(
        { breaker, transport: given.transport, closing: closing.signal },
        { ...fixed, headers: { ...headers, authorization: `Bearer ${await given.apiKey()}` } },
        { timeoutMs, signal: options.signal ?? null, read, leavesOpen },
      );
    return repeat(attemptOnce, {
      policy: { ...given.retry, retries: options.retries ?? given.retry.retries },
      isRepeatable: isRepeatable(facts.method, key),
      timeoutMs: options.timeoutMs ?? given.timeoutMs ?? facts.timeoutMs + patienceMs,
      deadlineMs: options.deadlineMs ?? Math.max(given.deadlineMs, facts.timeoutMs + patienceMs),
      signal: options.signal ?? null,
      closing: closing.signal,
    });
  }

  const whole = {
    read: async (answer: WireAnswer): Promise<unknown> => valueOf(answer, await readText(answer.body)),
    leavesOpen: false,
  };
  const unread = {
    read: (answer: WireAnswer, close: () => void) => Promise.resolve({ answer, close }),
    leavesOpen: true,
  };

  return {
    call: (operation, call, options = {}) => {
      const { params = {}, query = {}, body } = call as { params?: Members; query?: Members; body?: unknown };
      const encoded = body === undefined ? null : { contentType: json, bytes: JSON.stringify(body) };
      const request = { params, query, body: encoded, accept: json, headers: {} };
      return send(operation, request, options, whole) as Promise<Answer<typeof operation>>;
    },
    callWithBody: (operation, { params, query, body }, options = {}) => {
      const request = { params: members(params), query: members(query), body, accept: json, headers: {} };
      return send(operation, request, options, whole) as Promise<Answer<typeof operation>>;
    },
    open: (operation, { params, query, body, accept, headers = {} }, options = {}) => {
      const encoded = body === undefined ? null : { contentType: json, bytes: JSON.stringify(body) };
      const request = { params: members(params), query: members(query), body: encoded, accept, headers };
      return send(operation, request, options, unread);
    },
    breakerState: () => breaker.state(),
    close() {
      closing.abort(new SignalboxError('closed', 'The client was closed.'));
      given.transport.close();
    },
  };
}

function valueOf(answer: WireAnswer, text: string): unknown {
  if (answer.status === 204 || text === '') return null;
  if (answer.header('content-type')?.includes('json') !== true) return text;
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const requestId = answer.header('x-request-id');
    throw new SignalboxError('protocol', 'The answer is no JSON, though it says so.', {
      status: answer.status,
      ...(requestId === null ? {} : { requestId }),
      body: text,
      cause,
    });
  }
}

function members(value: unknown): Members {
  return (value ?? {}) as Members;
}

/** 128 random bits. Not `randomUUID`, which a page without TLS does not have. */
export function newIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
