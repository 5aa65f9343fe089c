import { isOutage } from '../calls/retry.ts';
import { sleep } from '../calls/sleep.ts';
import { SignalboxError, TimeoutError } from '../signalbox-error.ts';
import type { TypedEvent } from './follow-events.ts';

export interface WaitOptions {
  /** Between two looks, where the events cannot be followed. Default 2,000. */
  pollMs?: number;
  /** How long to wait in all. The work itself goes on. Default 15 minutes. */
  timeoutMs?: number;
  signal?: AbortSignal;
  /** Is told what happens, where the events can be followed. */
  onEvent?: (event: TypedEvent) => void;
}

/** What is left for the call that begins the work. */
export function withoutWaiting<Options extends WaitOptions>(
  options: Options,
): Omit<Options, Exclude<keyof WaitOptions, 'signal'>> {
  const { pollMs: _pollMs, timeoutMs: _timeoutMs, onEvent: _onEvent, ...rest } = options;
  return rest;
}

interface Waiting<Work> extends WaitOptions {
  what: string;
  events: (signal: AbortSignal) => AsyncIterable<TypedEvent>;
  get: (signal: AbortSignal) => Promise<Work>;
  isEnded: (work: Work) => boolean;
}

/**
 * Waits until some work has ended, and gives it as it is then. It follows the events and, where these cannot be had, looks
 * every `pollMs`. Throws `TimeoutError` when the time is over, and the reason of the signal.
 */
export async function waitForEnd<Work>(given: Waiting<Work>): Promise<Work> {
  const { what, get, isEnded, pollMs = 2_000, timeoutMs = 15 * 60_000 } = given;
  const controller = new AbortController();
  const abort = () => {
    controller.abort(given.signal?.reason);
  };
  given.signal?.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => {
    controller.abort(new TimeoutError(`Waited ${String(timeoutMs)} ms for ${what}, which goes on.`));
  }, timeoutMs);
  const { signal } = controller;
  try {
    given.signal?.throwIfAborted();
    for (let mayFollow = true; ; mayFollow = false) {
      if (mayFollow) await followWhilePossible(given, signal);
      else await sleep(pollMs, signal);
      const work = await lookAt(get, signal);
      if (work !== null && isEnded(work)) return work;
    }
  } finally {
    clearTimeout(timer);
    given.signal?.removeEventListener('abort', abort);
  }
}

/** Null when nothing is known for a moment: whoever waits for minutes does not give up over that. */
async function lookAt<Work>(get: (signal: AbortSignal) => Promise<Work>, signal: AbortSignal): Promise<Work | null> {
  try {
    return await get(signal);
  } catch (thrown) {
    signal.throwIfAborted();
    if (isOutage(thrown)) return null;
    throw thrown;
  }
}

/** A stream that cannot be had, or breaks for good, is no failure: the looks that follow tell the truth. */
async function followWhilePossible<Work>({ events, onEvent }: Waiting<Work>, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of events(signal)) onEvent?.(event);
  } catch (thrown) {
    signal.throwIfAborted();
    if (!(thrown instanceof SignalboxError)) throw thrown;
  }
}
