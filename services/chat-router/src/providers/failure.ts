import { AppError, type ErrorCode } from '@signalbox/errors';
import { RefusedAddress } from '@signalbox/outbound';
import { memberOf, objectsOf, parseObject, type JsonObject } from '../dialects/json.ts';
import { messageOf } from '../dialects/openai/read-chunk.ts';

/** What the provider sent where an answer was due. */
export interface Refusal {
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}

/** The statuses by which a provider says that the request itself is at fault; their sentence is for the caller. */
const requestFaults: Partial<Record<number, ErrorCode>> = {
  400: 'validation_failed',
  404: 'not_found',
  409: 'conflict',
  413: 'payload_too_large',
  415: 'validation_failed',
  422: 'unprocessable',
};

/** Retry-After beyond this is as good as no promise. */
const retryAfterMsMax = 24 * 3_600_000;

/**
 * What a provider's refusal means for the caller. What is wrong with the request is passed on; what is wrong with our
 * credentials or our account there is the provider's failure, told without its words, and no repeat will mend it.
 */
export function failureOfRefusal(provider: string, { status, headers, body }: Refusal, now = Date.now()): AppError {
  const document = parseObject(body);
  const message = document === null ? null : messageOf(document);
  const error = document?.['error'];
  const code = text(memberOf(error, 'code'));
  const details: Record<string, unknown> = { provider, provider_status: status };
  const providerRequestId = headerOf(headers, 'x-request-id') ?? headerOf(headers, 'request-id');
  if (providerRequestId !== null) details['provider_request_id'] = providerRequestId;

  const fault = requestFaults[status];
  const isOurAccount = [401, 402, 403].includes(status) || code === 'insufficient_quota' || isAccountFault(document);
  if (fault !== undefined && !isOurAccount) {
    const [param, type] = [text(memberOf(error, 'param')), text(memberOf(error, 'type'))];
    return new AppError(fault, message ?? `${provider} refused the request with ${String(status)}.`, {
      details: { ...details, param, ...(code === null ? {} : { code }), ...(type === null ? {} : { type }) },
    });
  }
  const retryAfterMs = readRetryAfter(headers, now) ?? readRetryDelay(document);
  const when = retryAfterMs === null ? {} : { retryAfterMs };
  if (status === 429 && !isOurAccount) {
    return new AppError('rate_limited', `${provider} takes no more requests at the moment.`, { details, ...when });
  }
  if (isOurAccount) {
    return new AppError('provider_failed', `${provider} does not accept this installation's credentials or account.`, {
      details: { ...details, should_retry: false },
    });
  }
  if ([408, 504, 522, 524].includes(status)) {
    return new AppError('timeout', `${provider} did not answer in time.`, { details });
  }
  if ([503, 529].includes(status)) {
    return new AppError('unavailable', `${provider} is not available at the moment.`, { details, ...when });
  }
  return new AppError('provider_failed', `${provider} failed with ${String(status)}.`, { details });
}

/** What a broken connection means for the caller. Addresses stay in the log. */
export function failureOfConnection(provider: string, thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const code = text(memberOf(thrown, 'code')) ?? '';
  const options = { cause: thrown, details: { provider } };
  if (['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT'].includes(code)) {
    return new AppError('timeout', `${provider} could not be reached in time.`, options);
  }
  if (['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'].includes(code)) {
    return new AppError('provider_failed', `${provider} broke off its answer.`, options);
  }
  if (code.startsWith('HPE_')) return new AppError('provider_failed', `${provider} does not speak HTTP.`, options);
  return new AppError('provider_failed', `${provider} cannot be reached.`, options);
}

/** True when a call was not let out: the address is one that may not be connected to. A name without one may get one. */
export function isAddressRefused({ cause }: AppError): boolean {
  return cause instanceof RefusedAddress && cause.cause === undefined;
}

/** `retry-after-ms`, then `retry-after` in seconds or as a date. Null: none, or none that can be believed. */
function readRetryAfter(headers: Refusal['headers'], now: number): number | null {
  const precise = Number(headerOf(headers, 'retry-after-ms') ?? Number.NaN);
  const given = headerOf(headers, 'retry-after');
  const waitMs = Number.isFinite(precise)
    ? precise
    : given === null
      ? Number.NaN
      : /^\d+(?:\.\d+)?$/.test(given)
        ? Number(given) * 1_000
        : Date.parse(given) - now;
  return waitMs > 0 && waitMs <= retryAfterMsMax ? Math.ceil(waitMs) : null;
}

/** Some vendors tell of a bad key or an empty account as if the request were at fault. */
function isAccountFault(document: JsonObject | null): boolean {
  const error = document?.['error'];
  const reasons = objectsOf(memberOf(error, 'details')).map((detail) => detail['reason']);
  if (reasons.includes('API_KEY_INVALID')) return true;
  return /credit balance is too low/i.test(text(memberOf(error, 'message')) ?? '');
}

/** Gemini's `RetryInfo`: seconds, as `34.5s`. */
function readRetryDelay(document: JsonObject | null): number | null {
  const details = objectsOf(memberOf(document?.['error'], 'details'));
  const delay = details.map((detail) => text(detail['retryDelay'])).find((given) => given !== null);
  const seconds = Number(/^(\d+(?:\.\d+)?)s$/.exec(delay ?? '')?.[1] ?? Number.NaN);
  return seconds > 0 && seconds * 1_000 <= retryAfterMsMax ? Math.ceil(seconds * 1_000) : null;
}

export function headerOf(headers: Refusal['headers'], name: string): string | null {
  const value = headers[name];
  return typeof value === 'string' ? value : (value?.[0] ?? null);
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value.slice(0, 200) : null;
}
