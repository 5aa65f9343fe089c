import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Dialect, Problem } from '@signalbox/contracts';
import { AppError, errorKinds, toAppError } from '@signalbox/errors';
import { newId } from '@signalbox/ids';
import { discardBody } from './discard-body.ts';
import { exchangeIfAny } from './exchange.ts';
import { encodeStatus, grpcCodeOf } from './otlp-status.ts';
import { mediaTypeOf } from './read-json-body.ts';

export const problemContentType = 'application/problem+json';

/** How long a client should wait that is told 503 by someone who cannot say more. */
const unavailableRetryAfterMs = 1_000;
const instanceCharactersMax = 256;

/**
 * The problem document (RFC 9457) of an error. Its `type` is `urn:signalbox:error:` and the error's code in kebab-case, as
 * stable as the code. `internal` never carries a thrown message.
 */
export function problemOf(error: AppError, { requestId, instance }: { requestId: string; instance: string }): Problem {
  const { status, errorCode, title } = errorKinds[error.code];
  return {
    ...error.details,
    type: `urn:signalbox:error:${error.code.replaceAll('_', '-')}`,
    title,
    status,
    detail: sentenceOf(error),
    instance: instance.slice(0, instanceCharactersMax),
    error_code: errorCode,
    request_id: requestId,
    ...(error.fields.length > 0 ? { errors: [...error.fields] } : {}),
  };
}

/**
 * Answers with whatever was thrown, in the shape of the dialect (default: that of the route or path asked for), with
 * `Retry-After` and `WWW-Authenticate` where they belong. It does not log. When the answer has begun already, the
 * connection is cut, so that the client sees a truncated answer and no false end.
 */
export function sendError(
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
  dialect?: Dialect,
): void {
  const exchange = exchangeIfAny(request);
  const spoken = dialect ?? exchange?.dialect ?? 'signalbox';
  const error = forDialect(errorOf(thrown), spoken);
  const { status, errorCode } = errorKinds[error.code];
  if (exchange !== null) exchange.errorCode = errorCode;
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of headersOfTheFailedAnswer) response.removeHeader(name);
  const where = {
    requestId: exchange?.requestId ?? newId('req'),
    instance: pathOf(request),
    contentType: request.headers['content-type'] ?? '',
  };
  // Where no exchange was begun, nobody has said it yet.
  response.setHeader('X-Request-Id', where.requestId);
  const [contentType, text] = encodedBodyOf(request, error, where, spoken);
  response.statusCode = status;
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  const retryAfterMs = error.retryAfterMs ?? (status === 503 ? unavailableRetryAfterMs : null);
  if (retryAfterMs !== null) response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfterMs / 1_000))));
  if (status === 401) response.setHeader('WWW-Authenticate', challengeFor(request));
  response.end(text);
  if (!request.complete) discardBody(request);
}

/** `AppError`s pass; of everything else only a path that cannot be decoded is the client's doing. */
export function errorOf(thrown: unknown): AppError {
  if (thrown instanceof URIError && 'status' in thrown && thrown.status === 400)
    return new AppError('validation_failed', 'The path is not valid.', {
      fields: [{ path: '', message: 'Expected percent-encoded UTF-8 in the path.' }],
    });
  return toAppError(thrown);
}

const headersOfTheFailedAnswer = [
  'Content-Encoding',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Last-Modified',
  'Location',
  'Transfer-Encoding',
];

function sentenceOf(error: AppError): string {
  return error.code === 'internal'
    ? `${errorKinds.internal.title} Quote the request id when you report it.`
    : error.message;
}

/** Exporters of OTLP give up at 429 and come again at 503, so that a used-up limit is told them as a passing thing. */
function forDialect(error: AppError, dialect: Dialect): AppError {
  if (dialect !== 'otlp' || error.code !== 'rate_limited') return error;
  const { message, details, retryAfterMs } = error;
  return new AppError('unavailable', message, { details, retryAfterMs: retryAfterMs ?? unavailableRetryAfterMs });
}

function encodedBodyOf(
  request: IncomingMessage,
  error: AppError,
  where: { requestId: string; instance: string; contentType: string },
  dialect: Dialect,
): [contentType: string, body: string | Buffer] {
  if (dialect !== 'otlp') {
    const [contentType, body] = bodyOf(error, where, dialect);
    return [contentType, JSON.stringify(body)];
  }
  const status = { code: grpcCodeOf(errorKinds[error.code].status), message: withFields(error) };
  return mediaTypeOf(request) === 'application/x-protobuf'
    ? ['application/x-protobuf', encodeStatus(status)]
    : ['application/json', JSON.stringify(status)];
}

function bodyOf(
  error: AppError,
  where: { requestId: string; instance: string; contentType: string },
  dialect: Exclude<Dialect, 'otlp'>,
): [contentType: string, body: unknown] {
  switch (dialect) {
    case 'signalbox':
      return [problemContentType, problemOf(error, where)];
    case 'openai':
      return [
        'application/json',
        {
          error: {
            message: withFields(error),
            type: openAiType(error),
            param: paramOf(error),
            code: vendorCode(error),
          },
          ...routingOf(error),
        },
      ];
    case 'anthropic':
      return [
        'application/json',
        {
          type: 'error',
          error: { type: anthropicType(error), message: withFields(error) },
          request_id: where.requestId,
          ...routingOf(error),
        },
      ];
    case 'alertmanager':
      return ['application/json', { code: errorKinds[error.code].status, message: alertmanagerMessage(error, where) }];
  }
}

/** Whom a router asked in vain stands beside a vendor's error; its clients read past what they do not know. */
function routingOf({ details }: AppError): { routing?: unknown } {
  return details['routing'] === undefined ? {} : { routing: details['routing'] };
}

/** The vendors' shapes have room for one sentence, so the rejected fields become part of it. */
function withFields(error: AppError): string {
  const fields = error.fields.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  return [sentenceOf(error), ...fields].join(' ');
}

/** What Alertmanager's clients print, and those who run them search for. */
function alertmanagerMessage(error: AppError, where: { instance: string; contentType: string }): string {
  if (error.code === 'unsupported_media_type')
    return `unsupported media type ${JSON.stringify(where.contentType)}, only [application/json] are allowed`;
  if (error.code === 'not_found') return `path ${where.instance} was not found`;
  if (error.code !== 'validation_failed') return withFields(error);
  const body = where.instance.endsWith('/silences') ? 'silence' : 'alerts';
  return `parsing ${body} body from "" failed, because ${withFields(error)}`;
}

function openAiType(error: AppError): string {
  const { status } = errorKinds[error.code];
  if (error.code === 'budget_exhausted') return 'insufficient_quota';
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}

function anthropicType(error: AppError): string {
  const { status } = errorKinds[error.code];
  if (status === 401) return 'authentication_error';
  if (status === 402) return 'billing_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 413) return 'request_too_large';
  if (status === 429) return 'rate_limit_error';
  if (status === 503) return 'overloaded_error';
  if (status === 504) return 'timeout_error';
  return status < 500 ? 'invalid_request_error' : 'api_error';
}

function paramOf({ fields, details }: AppError): string | null {
  const { param } = details;
  return typeof param === 'string' ? param : (fields[0]?.path ?? null);
}

/** The codes that OpenAI's clients and their users compare with, where OpenAI has one; `details.code` says it more exactly. */
function vendorCode(error: AppError): string {
  const { code } = error.details;
  if (typeof code === 'string') return code;
  if (error.code === 'unauthenticated') return 'invalid_api_key';
  if (error.code === 'rate_limited') return 'rate_limit_exceeded';
  if (error.code === 'budget_exhausted') return 'insufficient_quota';
  return error.code;
}

/** RFC 6750: what is wrong is told only to those who brought a credential. */
function challengeFor(request: IncomingMessage): string {
  const brought = request.headers.authorization !== undefined || request.headers['x-api-key'] !== undefined;
  return brought ? 'Bearer realm="signalbox", error="invalid_token"' : 'Bearer realm="signalbox"';
}

function pathOf(request: IncomingMessage): string {
  // Express cuts the mount path off `url`.
  const target =
    'originalUrl' in request && typeof request.originalUrl === 'string' ? request.originalUrl : (request.url ?? '/');
  const mark = target.indexOf('?');
  return mark === -1 ? target : target.slice(0, mark);
}
