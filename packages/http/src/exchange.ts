import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect } from '@signalbox/contracts';
import type { Principal } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import {
  runInRequest,
  traceOfIncoming,
  type HttpOutcome,
  type Logger,
  type Metrics,
  type RequestContext,
} from '@signalbox/telemetry';
import type { RequestHandler } from 'express';
import { securityHeaders, strictTransportSecurity } from './security-headers.ts';

export interface ExchangeOptions {
  logger: Logger;
  metrics: Metrics;
  /** Take the caller's `x-request-id` over. Only behind a gateway that sets it; otherwise every request gets a new id. */
  trustRequestId?: boolean;
  /** Tell browsers to come back over TLS only. For a process whose clients reach it over TLS. */
  hsts?: boolean;
}

/** What the access log says of a client that left before its answer began; nothing is sent with it. */
const clientGone = 499;
const requestIdShape = /^[\w.:-]{1,64}$/;
const exchangeKey = Symbol('exchange');

/**
 * One request and its answer, from the head's arrival to the end: its ids, whose it is, which route took it. It is the
 * context of every log line of the request, and becomes the access log's line and the metrics when the answer is over.
 */
export class Exchange implements RequestContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
  /** The template of the route that took the request. */
  route = 'unmatched';
  /** In whose shape errors are answered. */
  dialect: Dialect;
  principal: Principal | null = null;
  /** The `error_code` of the answer, once there is one. */
  errorCode: string | null = null;
  /** The methods that the path knows, as far as the router has looked; of use when none of them was asked for. */
  readonly allowedMethods: string[] = [];

  readonly #response: ServerResponse;
  readonly #logger: Logger;
  readonly #count: (outcome: HttpOutcome) => void;
  readonly #startedAt = performance.now();
  readonly #socketBytesBefore: number;
  readonly #socket: IncomingMessage['socket'];
  #requestId: string;
  #abort: AbortController | null = null;
  #over = false;

  constructor(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions) {
    const { traceparent } = request.headers;
    const trace = traceOfIncoming(typeof traceparent === 'string' ? traceparent : undefined);
    this.traceId = trace.traceId;
    this.spanId = trace.spanId;
    this.sampled = trace.sampled;
    const given = options.trustRequestId === true ? request.headers['x-request-id'] : undefined;
    this.#requestId = typeof given === 'string' && requestIdShape.test(given) ? given : newId('req');
    this.dialect = dialectOfPath(request.url ?? '/');
    this.#response = response;
    this.#logger = options.logger;
    this.#count = options.metrics.http.started(request.method ?? '');
    this.#socket = request.socket;
    this.#socketBytesBefore = request.socket.bytesWritten;
    response.setHeader('X-Request-Id', this.#requestId);
  }

  get requestId(): string {
    return this.#requestId;
  }

  /** A signed identity names the request more surely than a header does. */
  set requestId(requestId: string) {
    if (requestId === this.#requestId) return;
    this.#requestId = requestId;
    if (!this.#response.headersSent) this.#response.setHeader('X-Request-Id', requestId);
  }

  /** Fires when the client has gone away before its answer was complete. */
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController();
      if (this.#over && !this.#response.writableFinished) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  /** The answer is out, or can no longer be sent. */
  end(request: IncomingMessage): void {
    this.#over = true;
    const response = this.#response;
    const aborted = !response.writableFinished;
    if (aborted) this.#abort?.abort();
    const statusCode = response.headersSent ? response.statusCode : clientGone;
    const responseBytes = this.#responseBytes();
    const requestBytes = Number(request.headers['content-length'] ?? 0);
    this.#count({
      endpoint: this.route,
      statusCode,
      ...(this.errorCode === null ? {} : { errorType: this.errorCode }),
      requestBytes,
      responseBytes,
    });
    runInRequest(this, () => {
      this.#logger.info('http.request', {
        method: request.method,
        route: this.route,
        status: statusCode,
        duration_ms: Math.round((performance.now() - this.#startedAt) * 100) / 100,
        response_bytes: responseBytes,
        principal_id: this.principal?.principalId,
        tenant_id: this.principal?.tenantId,
        error_code: this.errorCode ?? undefined,
        aborted: aborted || undefined,
      });
    });
  }

  #responseBytes(): number {
    const length = this.#response.getHeader('content-length');
    // A stream has no length of its own; then it is what went over the socket meanwhile, its head included.
    return length === undefined ? this.#socket.bytesWritten - this.#socketBytesBefore : Number(length);
  }
}

/** Begins the exchange of a request: ids, security headers, access log, metrics. For listeners that are not Express. */
export function beginExchange(request: IncomingMessage, response: ServerResponse, options: ExchangeOptions): Exchange {
  for (const [name, value] of securityHeaders) response.setHeader(name, value);
  if (options.hsts === true) response.setHeader('Strict-Transport-Security', strictTransportSecurity);
  const exchange = new Exchange(request, response, options);
  (request as WithExchange)[exchangeKey] = exchange;
  response.once('close', endExchange);
  return exchange;
}

/** The exchange of a request. Throws when none was begun: a wiring mistake. */
export function exchangeOf(request: IncomingMessage): Exchange {
  const exchange = (request as WithExchange)[exchangeKey];
  if (exchange === undefined) throw new Error('requestContext must be mounted before everything else');
  return exchange;
}

/** The exchange of a request, or null where none was begun: the server refuses some requests before any application sees them. */
export function exchangeIfAny(request: IncomingMessage): Exchange | null {
  return (request as WithExchange)[exchangeKey] ?? null;
}

/** `beginExchange` as Express middleware; everything after it runs within the request's context. To be mounted first. */
export function requestContext(options: ExchangeOptions): RequestHandler {
  return (request, response, next) => {
    runInRequest(beginExchange(request, response, options), next);
  };
}

/** The vendors' clients expect their own error shapes where the vendors' routes live, even where nothing is mounted. */
function dialectOfPath(path: string): Dialect {
  if (path.startsWith('/alertmanager/')) return 'alertmanager';
  if (!path.startsWith('/v1/')) return 'signalbox';
  if (/^\/v1\/(metrics|traces)$/.test(path)) return 'otlp';
  return path.startsWith('/v1/messages') ? 'anthropic' : 'openai';
}

type WithExchange = IncomingMessage & { [exchangeKey]?: Exchange };

function endExchange(this: ServerResponse): void {
  exchangeOf(this.req).end(this.req);
}
