import { AppError } from '@signalbox/errors';
import type { Outbound, OutboundRequest, OutboundResponse } from '@signalbox/outbound';
import type { SendOutcome } from './channel.ts';

/** No receiver's answer to a message is longer, or it is no answer. */
const answerBytesMax = 65_536;

export type SendOverHttp = (
  url: string,
  request: OutboundRequest,
) => Promise<{ outcome: SendOutcome; body: string; status: number | null }>;

/** Sends one request and says what its answer means. Redirects are not followed: a message goes where it was meant to go. */
export function createSendOverHttp(outbound: Outbound): SendOverHttp {
  return async (url, request) => {
    try {
      const response = await outbound.request(url, { ...request, redirectsMax: 0, bytesMax: answerBytesMax });
      return {
        outcome: outcomeOf(response, new Date()),
        body: await bodyOf(response),
        status: response.status,
      };
    } catch (thrown) {
      return { outcome: outcomeOfError(thrown), body: '', status: null };
    }
  };
}

/** That a receiver took a message is said by its status; an answer that breaks off afterwards changes nothing. */
async function bodyOf(response: OutboundResponse): Promise<string> {
  try {
    return (await response.bytes()).toString('utf8');
  } catch {
    return '';
  }
}

export function outcomeOf({ status, headers }: Pick<OutboundResponse, 'status' | 'headers'>, now: Date): SendOutcome {
  const reason = `The receiver answered ${status}.`;
  if (status >= 200 && status < 300) return { kind: 'accepted', status };
  if (status === 410) return { kind: 'gone', status, reason };
  if ([429, 502, 503, 504].includes(status))
    return { kind: 'throttled', status, reason, retryAfterMs: retryAfterMsOf(headers['retry-after'], now) };
  if (status >= 500 || status === 408 || status === 425) return { kind: 'failed', status, reason };
  if (status >= 300 && status < 400)
    return { kind: 'failed', status, reason: `The receiver redirected (${status}), which is not followed.` };
  return { kind: 'rejected', status, reason, isFinal: false };
}

function outcomeOfError(thrown: unknown): SendOutcome {
  if (!(thrown instanceof AppError)) throw thrown;
  // The address may be allowed, or resolve, later: a few slow attempts tell.
  if (thrown.code === 'validation_failed')
    return { kind: 'rejected', status: null, reason: thrown.message, isFinal: false };
  return { kind: 'failed', status: null, reason: thrown.message };
}

const retryAfterMsMax = 3_600_000;

/** `Retry-After` in seconds or as a date; null without one that can be read, never more than an hour. */
export function retryAfterMsOf(value: string | string[] | undefined, now: Date): number | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const seconds = Number(value);
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - now.getTime();
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, retryAfterMsMax) : null;
}
