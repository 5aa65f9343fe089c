import { AppError } from '@signalbox/errors';
import type { Outbound, OutboundResponse } from '@signalbox/outbound';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { findRobots, saveRobots, type KnownRobots } from './host-store.ts';
import { readRobots } from './robots-rules.ts';

export interface CheckRobotsDeps {
  db: Kysely<Schema>;
  outbound: Outbound;
  /** `SignalboxResearch/1.0`: who we say we are, and by which name we look for rules. */
  userAgent: string;
  /** Those that are being asked for: one question at a time for each origin. */
  asking: Map<string, Promise<AskedRobots>>;
}

export type RobotsVerdict =
  { kind: 'allowed'; crawlDelayMs: number } | { kind: 'disallowed' | 'refused'; reason: string };

const [hour, day] = [3_600_000, 86_400_000];
/** As much of it as has to be read (RFC 9309, 2.5); a rule that this cuts in two is left out. */
const bytesMax = 512_000;
const deadlineMs = 10_000;
const redirectsMax = 5;

/**
 * Whether an origin lets us read an address. Its robots.txt is kept for a day by all replicas together; without one everything
 * is allowed, and while it cannot be had nothing is (RFC 9309, 2.3.1). Throws the reason of `signal`.
 */
export async function checkRobots(deps: CheckRobotsDeps, url: URL, signal: AbortSignal): Promise<RobotsVerdict> {
  let known = await findRobots(deps.db, url.origin);
  if (known === null) {
    const asked = await unlessAborted(askOnce(deps, url.origin), signal);
    if (asked.kind === 'refused') return asked;
    known = asked.robots;
  }
  if (known.verdict === 'unreachable')
    return { kind: 'disallowed', reason: 'Its robots.txt cannot be had, so nobody knows what may be read.' };
  const rules = readRobots(known.body, deps.userAgent.split('/')[0] ?? deps.userAgent);
  if (!rules.isAllowed(url)) return { kind: 'disallowed', reason: 'Its robots.txt asks not to read this address.' };
  return { kind: 'allowed', crawlDelayMs: (rules.crawlDelaySeconds ?? 0) * 1_000 };
}

export type AskedRobots =
  { kind: 'answered'; robots: KnownRobots; keptForMs: number } | { kind: 'refused'; reason: string };

/** Many pages of one origin are wanted at once; whoever no longer wants its page leaves the answer to the others. */
function askOnce(deps: CheckRobotsDeps, origin: string): Promise<AskedRobots> {
  const before = deps.asking.get(origin);
  if (before !== undefined) return before;
  const asking = askRobots(deps, origin)
    .then(async (asked) => {
      if (asked.kind === 'answered') await saveRobots(deps.db, origin, asked.robots, asked.keptForMs);
      return asked;
    })
    .finally(() => deps.asking.delete(origin));
  deps.asking.set(origin, asking);
  return asking;
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  using ends = new DisposableStack();
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    ends.defer(() => {
      signal.removeEventListener('abort', onAbort);
    });
    promise.then(resolve, reject);
  });
}

async function askRobots({ outbound, userAgent }: CheckRobotsDeps, origin: string): Promise<AskedRobots> {
  const unreachable: AskedRobots = {
    kind: 'answered',
    robots: { verdict: 'unreachable', body: '' },
    keptForMs: hour / 6,
  };
  try {
    const response = await outbound.request(`${origin}/robots.txt`, {
      headers: { 'user-agent': userAgent, accept: 'text/plain,*/*;q=0.1' },
      bytesMax: Number.MAX_SAFE_INTEGER,
      deadlineMs,
      redirectsMax,
    });
    const { status } = response;
    const isFound = status >= 200 && status < 300;
    const body = isFound ? await beginningOf(response) : '';
    response.body.destroy();
    if (status === 429 || status >= 500) return unreachable;
    return { kind: 'answered', robots: { verdict: 'rules', body }, keptForMs: day };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    // Of an address that may not be reached nothing is kept: it may be allowed tomorrow, and costs no request.
    if (error.code === 'validation_failed') return { kind: 'refused', reason: error.message };
    return unreachable;
  }
}

/** As far as it has to be read, without NUL, which databases do not keep. */
async function beginningOf({ body }: OutboundResponse): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= bytesMax) break;
  }
  const text = Buffer.concat(chunks).subarray(0, bytesMax).toString('utf8').replaceAll('\0', '');
  return bytes < bytesMax ? text : text.slice(0, Math.max(0, text.lastIndexOf('\n')));
}
