import { SignalboxError, type RejectedField } from '../signalbox-error.ts';
import type { WireAnswer } from '../platform/platform.ts';
import { readRetryAfter } from './retry.ts';

type Members = Readonly<Record<string, unknown>>;

/** Makes the typed error of an answer that is no success, in whichever of the mesh's shapes it is. */
export function readRefusal(answer: WireAnswer, text: string, nowMs: number): SignalboxError {
  const body = parse(text);
  const { message, errorCode, requestId, fields } = factsOf(membersOf(body));
  const headerId = answer.header('x-request-id');
  const retryAfterMs = readRetryAfter(answer.header('retry-after'), nowMs);
  const id = requestId ?? headerId;
  return new SignalboxError('refused', message ?? `The server answered ${String(answer.status)}.`, {
    status: answer.status,
    ...(errorCode === null ? {} : { errorCode }),
    ...(id === null ? {} : { requestId: id }),
    ...(retryAfterMs === null ? {} : { retryAfterMs }),
    fields,
    body: body ?? text,
  });
}

/** An error that came within a stream, after the head of a success. */
export function readStreamFailure(data: string): SignalboxError {
  const body = parse(data);
  const { message, errorCode, requestId, fields } = factsOf(membersOf(body));
  const status = membersOf(body)['status'];
  return new SignalboxError('refused', message ?? 'The stream ended in an error.', {
    ...(typeof status === 'number' ? { status } : {}),
    ...(errorCode === null ? {} : { errorCode }),
    ...(requestId === null ? {} : { requestId }),
    fields,
    body: body ?? data,
  });
}

interface Facts {
  message: string | null;
  errorCode: string | null;
  requestId: string | null;
  fields: RejectedField[];
}

/** problem+json, or `{error: {message, code, type, param}}` as OpenAI and Anthropic have it. */
function factsOf(body: Members): Facts {
  const vendor = membersOf(body['error']);
  const param = textOf(vendor['param']);
  const message = textOf(body['detail']) ?? textOf(vendor['message']) ?? textOf(body['title']);
  const errors = Array.isArray(body['errors']) ? (body['errors'] as unknown[]).map(membersOf) : [];
  return {
    message,
    errorCode: textOf(body['error_code']) ?? textOf(vendor['code']) ?? textOf(vendor['type']),
    requestId: textOf(body['request_id']),
    fields:
      param === null
        ? errors.map((error) => ({ path: textOf(error['path']) ?? '', message: textOf(error['message']) ?? '' }))
        : [{ path: param, message: message ?? '' }],
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {};
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
