import type { OpenAnswer } from '../calls/caller.ts';
import { ConnectionError, SignalboxError } from '../signalbox-error.ts';
import { sleep } from '../calls/sleep.ts';
import { readEvents, type ServerEvent } from './read-events.ts';

/** One event with its data parsed. */
export interface TypedEvent {
  /** Where to go on after it: `lastEventId` of another call. */
  id: string | null;
  type: string;
  data: unknown;
}

export interface FollowOptions {
  signal?: AbortSignal;
  /** Only what came after it. */
  lastEventId?: string;
}

interface Following extends FollowOptions {
  open: (headers: Readonly<Record<string, string>>) => Promise<OpenAnswer>;
  /** True for the event after which the server has nothing more to say. */
  isLast: (event: TypedEvent) => boolean;
}

const idleMs = 45_000;
const reconnectWaitMs = 1_000;
/** Connections in a row that brought no event. */
const fruitlessMax = 5;

/**
 * Follows a stream of events to its last one. When the connection breaks, or ends early, it goes on from the last event that
 * was seen, so that each comes once. Throws when several connections in a row bring nothing.
 */
export async function* followEvents(given: Following): AsyncGenerator<TypedEvent, void, undefined> {
  const signal = given.signal ?? null;
  let lastId = given.lastEventId ?? null;
  let waitMs = reconnectWaitMs;
  let failure: unknown;
  for (let fruitless = 0; fruitless < fruitlessMax; fruitless += 1) {
    if (fruitless > 0 || failure !== undefined) await sleep(waitMs, signal);
    try {
      const answer = await given.open(lastId === null ? {} : { 'last-event-id': lastId });
      const onRetryMs = (ms: number) => (waitMs = ms);
      const isLast = (event: ServerEvent) => given.isLast(typedOf(event));
      for await (const event of readEvents(answer, { idleMs, onRetryMs, signal, isLast })) {
        // The gateway is going away, not the work behind it.
        if (event.event === 'shutdown') break;
        const typed = typedOf(event);
        lastId = event.id ?? lastId;
        fruitless = -1;
        yield typed;
        if (given.isLast(typed)) return;
      }
      failure = new ConnectionError('The stream ended before its last event.');
    } catch (thrown) {
      signal?.throwIfAborted();
      if (!isWorthAnother(thrown)) throw thrown;
      failure = thrown;
    }
  }
  throw failure;
}

function isWorthAnother(thrown: unknown): boolean {
  if (!(thrown instanceof SignalboxError)) return false;
  return thrown.kind === 'connection' || thrown.kind === 'timeout' || (thrown.status ?? 0) >= 500;
}

function typedOf({ id, event, data }: ServerEvent): TypedEvent {
  try {
    return { id, type: event, data: JSON.parse(data) as unknown };
  } catch {
    return { id, type: event, data };
  }
}
