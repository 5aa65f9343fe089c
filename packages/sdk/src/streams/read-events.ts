import type { OpenAnswer } from '../calls/caller.ts';
import { ConnectionError, SignalboxError } from '../signalbox-error.ts';
import { withinMs } from './within-ms.ts';

/** One server-sent event, as the HTML standard reads it. */
export interface ServerEvent {
  /** The last id that the stream has told so far; null while it told none. */
  id: string | null;
  event: string;
  data: string;
}

export interface EventFeed {
  events: ServerEvent[];
  /** What the server asked for before a new connection, when this piece said so. */
  retryMs: number | null;
}

const eventCharactersMax = 32 * 1_048_576;

/** Takes a stream's text piece by piece, wherever it was cut, and gives the events that are whole by then. */
export function createEventReader(): (piece: string) => EventFeed {
  let rest = '';
  let isFirst = true;
  let endedInReturn = false;
  let lastId: string | null = null;
  let name = '';
  let data: string[] = [];

  function takeLine(line: string, feed: EventFeed): void {
    if (line === '') {
      if (data.length > 0)
        feed.events.push({ id: lastId, event: name === '' ? 'message' : name, data: data.join('\n') });
      name = '';
      data = [];
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) lastId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) feed.retryMs = Number(value);
  }

  return (piece) => {
    const feed: EventFeed = { events: [], retryMs: null };
    let text = piece;
    if (isFirst && text !== '') {
      isFirst = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    // Half of a \r\n: its line was taken when the first half came.
    if (endedInReturn && text.startsWith('\n')) text = text.slice(1);
    if (piece !== '') endedInReturn = piece.endsWith('\r');
    const lines = (rest + text).split(/\r\n|\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) takeLine(line, feed);
    if (rest.length + data.reduce((sum, line) => sum + line.length, 0) > eventCharactersMax)
      throw new SignalboxError('protocol', 'The stream sent an event of more than 32 MB.');
    return feed;
  };
}

export interface ReadEventsOptions {
  /** So long the stream may be silent. */
  idleMs: number;
  signal: AbortSignal | null;
  /** True for the event after which nothing follows: its stream is read to its end, so that the connection can be kept. */
  isLast: (event: ServerEvent) => boolean;
  onRetryMs?: (ms: number) => void;
}

const endMsMax = 1_000;

/**
 * The events of an open stream, until it ends. Breaking the loop off closes the stream. Throws `TimeoutError` after `idleMs`
 * without a byte, and `ConnectionError` when the connection breaks.
 */
export async function* readEvents(
  { answer, close }: OpenAnswer,
  { idleMs, signal, isLast, onRetryMs }: ReadEventsOptions,
): AsyncGenerator<ServerEvent, void, undefined> {
  const type = answer.header('content-type');
  if (type?.includes('text/event-stream') !== true) {
    close();
    throw new SignalboxError('protocol', `Expected a stream of events, got ${type ?? 'no content type'}.`);
  }
  const read = createEventReader();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const chunks = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withinMs(chunks.next(), idleMs);
      if (next.done === true) return;
      const { events, retryMs } = read(decoder.decode(next.value, { stream: true }));
      if (retryMs !== null) onRetryMs?.(retryMs);
      if (events.some(isLast)) await readToEnd(chunks);
      yield* events;
    }
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof SignalboxError) throw thrown;
    throw new ConnectionError('The connection broke in the middle of the stream.', thrown);
  } finally {
    close();
  }
}

/** All that matters was said: how the connection ends is all the same. */
async function readToEnd(chunks: AsyncIterator<Uint8Array>): Promise<void> {
  const read = async () => {
    for (let isOver = false; !isOver;) isOver = (await chunks.next()).done === true;
  };
  await withinMs(read(), endMsMax).catch(() => undefined);
}
