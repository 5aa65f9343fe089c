import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import type { OutboundResponse } from '@signalbox/outbound';
import { checkRobots, type CheckRobotsDeps } from './check-robots.ts';
import { restHost, takeHostTurn } from './host-store.ts';

export interface FetcherDeps extends Omit<CheckRobotsDeps, 'asking'> {
  /** Between two requests to one host, from all replicas together; a robots.txt may ask for more. */
  hostSpacingMs: number;
}

export type FetchOutcome =
  | {
      status: 'fetched';
      /** Where the answer came from, after redirects. */
      url: string;
      bytes: Buffer;
      /** As the server said it, with its parameters; '' when it said nothing. */
      contentType: string;
    }
  | { status: 'refused' | 'robots' | 'too_large' | 'unreachable' | 'http_error'; reason: string };

export interface Fetcher {
  /**
   * Reads one address of the public internet, as politely as its host asks for. Whatever goes wrong with it is an outcome;
   * throws the reason of `signal` when that fires. `bytesMax` counts after decompression.
   */
  fetch(url: string, options: { bytesMax: number; signal: AbortSignal }): Promise<FetchOutcome>;
}

type Failure = Exclude<FetchOutcome, { status: 'fetched' }>;

const redirectsMax = 5;
const deadlineMs = 20_000;
/** Whoever asks for longer pauses than these does not want to be read by machines. */
const [crawlDelayMsMax, waitMsMax, restMsMax] = [30_000, 90_000, 600_000];

const readable =
  /^(?:text\/|application\/(?:pdf|xhtml\+xml|json|xml|yaml|octet-stream|(?:[\w.+-]+\+)(?:json|xml))(?:\s*;|\s*$))/i;

/** Every address goes through the guard, the robots.txt of its origin, and the line at its host: also where redirects lead. */
export function createFetcher(deps: FetcherDeps): Fetcher {
  const { db, outbound, userAgent, hostSpacingMs } = deps;
  const robots: CheckRobotsDeps = { db, outbound, userAgent, asking: new Map() };

  async function hop(url: URL, bytesMax: number, signal: AbortSignal): Promise<FetchOutcome | URL> {
    const verdict = await checkRobots(robots, url, signal);
    if (verdict.kind !== 'allowed') return failure(verdict.kind === 'refused' ? 'refused' : 'robots', verdict.reason);
    if (verdict.crawlDelayMs > crawlDelayMsMax)
      return failure('robots', `Its robots.txt asks for ${verdict.crawlDelayMs / 1_000} s between two requests.`);
    const spacingMs = Math.max(hostSpacingMs, verdict.crawlDelayMs);
    const waitMs = await takeHostTurn(db, url.host, { spacingMs, waitMsMax });
    if (waitMs === null) return failure('unreachable', 'Its host is to be left alone for a while.');
    await pause(waitMs, signal);
    const response = await outbound.request(url.href, {
      headers: { 'user-agent': userAgent, accept: 'text/html,application/pdf,text/markdown,text/plain,*/*;q=0.1' },
      redirectsMax: 0,
      // Counted below, where too much is told apart from what else goes wrong.
      bytesMax: Number.MAX_SAFE_INTEGER,
      deadlineMs,
      signal,
    });
    try {
      return await outcomeOf(response, url, bytesMax);
    } finally {
      response.body.destroy();
    }
  }

  async function outcomeOf(response: OutboundResponse, url: URL, bytesMax: number): Promise<FetchOutcome | URL> {
    const { status, headers } = response;
    if (status === 429 || status === 503) {
      const restMs = restMsOf(headers['retry-after']);
      if (restMs > 0) await restHost(db, url.host, restMs);
    }
    const location = headers['location'];
    if ([301, 302, 303, 307, 308].includes(status) && typeof location === 'string')
      return URL.parse(location, url.href) ?? failure('http_error', 'It redirects to what is no address.');
    if (status < 200 || status >= 300) return failure('http_error', `It answers ${status}.`);
    if (status !== 200) return failure('http_error', `It answers ${status}, which is no page.`);
    const contentType = String(headers['content-type'] ?? '').slice(0, 200);
    if (contentType !== '' && !readable.test(contentType))
      return failure('refused', `It is ${contentType.split(';')[0] ?? ''}, which holds no text.`);
    const bytes = await readUpTo(response, bytesMax);
    if (bytes === null) return failure('too_large', `It has more than ${bytesMax} bytes.`);
    return { status: 'fetched', url: url.href, bytes, contentType };
  }

  return {
    async fetch(text, { bytesMax, signal }) {
      let url = URL.parse(text);
      if (url === null) return failure('refused', 'It is no address.');
      try {
        for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
          url.hash = '';
          const outcome: FetchOutcome | URL = await hop(url, bytesMax, signal);
          if (!(outcome instanceof URL)) return outcome;
          if (url.protocol === 'https:' && outcome.protocol === 'http:')
            return failure('refused', 'It redirects to where nothing is encrypted.');
          url = outcome;
        }
        return failure('http_error', 'It redirects too often.');
      } catch (error) {
        if (signal.aborted) throw signal.reason as Error;
        if (!(error instanceof AppError)) throw error;
        return failure(error.code === 'validation_failed' ? 'refused' : 'unreachable', error.message);
      }
    },
  };
}

/** The whole body; null when it is larger. What is beyond is not received. */
async function readUpTo({ body, headers }: OutboundResponse, bytesMax: number): Promise<Buffer | null> {
  if (headers['content-encoding'] === undefined && Number(headers['content-length'] ?? 0) > bytesMax) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms === 0) return;
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw signal.aborted ? (signal.reason as Error) : error;
  }
}

/** `Retry-After` in seconds or as a date; 0 without one that can be read. */
function restMsOf(value: string | string[] | undefined): number {
  if (typeof value !== 'string' || value.trim() === '') return 0;
  const ms = /^\s*\d+\s*$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now();
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), restMsMax) : 0;
}

function failure(status: Failure['status'], reason: string): Failure {
  return { status, reason };
}
