import { AsyncLocalStorage } from 'node:async_hooks';
import { trace as openTelemetry } from '@opentelemetry/api';
import {
  childTraceparent,
  formatTraceparent,
  newTraceparent,
  parseTraceparent,
  type Traceparent,
} from './traceparent.ts';

/** What every log line of one request, or of one job that came out of a request, carries. */
export interface RequestContext extends Partial<Traceparent> {
  readonly requestId: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work` so that every log line written within it, however deep and however late, carries the ids of `context`. */
export function runInRequest<Result>(context: RequestContext, work: () => Result): Result {
  return storage.run(context, work);
}

/** The request that this code is running for, or `undefined` outside of every request. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/**
 * Where in which trace this code is running: the span that OpenTelemetry has open when tracing is on, else what
 * `runInRequest` was given.
 */
export function currentTrace(): Traceparent | undefined {
  const span = openTelemetry.getActiveSpan()?.spanContext();
  if (span !== undefined) return { traceId: span.traceId, spanId: span.spanId, sampled: (span.traceFlags & 1) === 1 };
  const request = storage.getStore();
  if (request?.traceId === undefined || request.spanId === undefined) return undefined;
  return { traceId: request.traceId, spanId: request.spanId, sampled: request.sampled ?? false };
}

/**
 * The place in a trace of a request that came in with this `traceparent` header: OpenTelemetry's when tracing is on,
 * else a child of the caller's, else (no header, or a bad one) the start of a new trace.
 */
export function traceOfIncoming(header: string | undefined): Traceparent {
  const span = openTelemetry.getActiveSpan() === undefined ? undefined : currentTrace();
  if (span !== undefined) return span;
  const caller = parseTraceparent(header);
  return caller === null ? newTraceparent() : childTraceparent(caller);
}

/** True within a span of OpenTelemetry: its clients then write the `traceparent` header themselves. */
export function isTraced(): boolean {
  return openTelemetry.getActiveSpan() !== undefined;
}

/** The `traceparent` header for a call made by this code. With tracing on, OpenTelemetry's clients overwrite it by their own span's. */
export function outgoingTraceparent(): string {
  return formatTraceparent(currentTrace() ?? newTraceparent());
}
