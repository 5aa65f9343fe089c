import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import type { Outbound } from '@signalbox/outbound';
import type { z } from 'zod';

export interface ProviderQuestion {
  url: URL;
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON by POST. */
  body?: unknown;
  signal: AbortSignal;
}

export interface ProviderAnswer {
  status: number;
  text: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Asks a provider over HTTP. Every answer that is no answer is an `AppError` whose sentence holds nothing of the credential. */
export type AskProvider = (question: ProviderQuestion) => Promise<ProviderAnswer>;

const [bytesMax, deadlineMs] = [4 * 1_048_576, 10_000];

export function createAskProvider(outbound: Outbound, userAgent: string): AskProvider {
  return async ({ url, headers = {}, body, signal }) => {
    const response = await outbound.request(url.href, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        'user-agent': userAgent,
        accept: 'application/json',
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      // A credential goes where it was meant to go.
      redirectsMax: 0,
      bytesMax,
      deadlineMs,
      signal,
    });
    return {
      status: response.status,
      text: (await response.bytes()).toString('utf8'),
      headers: response.headers,
    };
  };
}

/** Throws what a status means, unless it is one of success. */
export function assertAnswered({ status, headers }: ProviderAnswer): void {
  if (status >= 200 && status < 300) return;
  if (status === 429) {
    const retryAfterMs = retryAfterMsOf(headers['retry-after']);
    throw new AppError(
      'rate_limited',
      'The provider is asked too often.',
      retryAfterMs === null ? {} : { retryAfterMs },
    );
  }
  if (status === 401 || status === 403)
    throw new AppError('provider_failed', `The provider does not accept the credential (${status}).`);
  throw new AppError('provider_failed', `The provider answered ${status}.`);
}

/** Takes a turn in a line that all replicas share: the milliseconds until it comes, or null when too many wait already. */
export type TakeTurn = (line: string, spacingMs: number, waitMsMax: number) => Promise<number | null>;

const waitMsMax = 15_000;

/** Asks no more often than a provider wants to be asked, from all replicas together. */
export function spaced(ask: AskProvider, takeTurn: TakeTurn, line: string, spacingMs: number): AskProvider {
  if (spacingMs === 0) return ask;
  return async (question) => {
    const waitMs = await takeTurn(line, spacingMs, waitMsMax);
    if (waitMs === null)
      throw new AppError('rate_limited', 'Too many questions wait for the provider.', { retryAfterMs: waitMsMax });
    const { signal } = question;
    await sleep(waitMs, undefined, { signal }).catch((error: unknown) => {
      throw signal.aborted ? (signal.reason as Error) : error;
    });
    return ask(question);
  };
}

/** What a provider answered, held against what it should have. */
export function readAnswer<Schema extends z.ZodType>(schema: Schema, text: string): z.output<Schema> {
  const parsed = schema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new AppError('provider_failed', 'The provider answered what cannot be read.', { cause: parsed.error });
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const retryAfterMsMax = 3_600_000;

/** `Retry-After` in seconds or as a date; null without one that can be read, never more than an hour. */
export function retryAfterMsOf(value: string | string[] | undefined): number | null {
  if (typeof value !== 'string' || value.trim() === '') return null;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) && ms >= 0 ? Math.min(ms, retryAfterMsMax) : null;
}
