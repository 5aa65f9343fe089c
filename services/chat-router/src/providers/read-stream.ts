import { AppError } from '@signalbox/errors';
import type { Dispatcher } from 'undici';
import { SseScanner } from '../dialects/openai/sse-scanner.ts';
import type { Digest } from './digest.ts';
import type { StreamPart } from './provider.ts';
import type { Watchdog } from './watchdog.ts';

const streamBytesMax = 64 * 1_048_576;
const eventBytesMax = 4 * 1_048_576;
/** How long and how much is read behind the end of an answer, so that the connection can be used again. */
const [tailMs, tailBytesMax] = [1_000, 65_536];

export interface StreamReading {
  body: Dispatcher.ResponseData['body'];
  digest: Digest;
  watchdog: Watchdog;
  idleMs: number;
  /** Whose answer it is, for the sentences of errors. */
  sender: string;
  failed: (what: string) => AppError;
  /** The error that is thrown in place of what went wrong. */
  explain: (thrown: unknown) => AppError;
  onWhole: () => void;
}

/**
 * Gives what a provider streams, part by part, as it comes. Ends only when the provider said that the answer is whole.
 * Whoever leaves early ends the call.
 */
export async function* readStream({
  body,
  digest,
  watchdog,
  idleMs,
  sender,
  failed,
  explain,
  onWhole,
}: StreamReading): AsyncGenerator<StreamPart> {
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  const scanner = new SseScanner(eventBytesMax, sender);
  let bytesSeen = 0;
  let hasBegun = false;
  let isWhole = false;
  try {
    while (!isWhole) {
      const { value: chunk } = await chunks.next();
      const events = chunk === undefined ? scanner.end() : scanner.push(chunk);
      bytesSeen += chunk?.length ?? 0;
      if (bytesSeen > streamBytesMax) throw failed('sent more than an answer can be');

      let { part, ending } = digest.take(events);
      if (part.hasContent && !hasBegun) {
        hasBegun = true;
        watchdog.expect(idleMs, `${sender} sent nothing for ${String(idleMs)} ms.`);
      } else if (hasBegun && events.length > 0) {
        watchdog.seen();
      }
      watchdog.rest();
      if (isNews(part)) yield part;
      if (chunk === undefined && ending === null) {
        const rest = digest.finish();
        if (rest === null) throw failed('ended its answer before it was whole');
        ({ part, ending } = rest);
        // A bare end, of an answer that was declined, may be told in nothing but the bytes that end the stream.
        if (isNews(part)) yield part;
      }
      watchdog.resume();
      if (ending instanceof AppError) throw ending;
      isWhole = ending === 'end';
    }
    onWhole();
    watchdog.rest();
    yield { bytes: digest.endBytes(), hasContent: false, usage: null, isEnd: true };
  } catch (thrown) {
    throw explain(thrown);
  } finally {
    watchdog[Symbol.dispose]();
    if (isWhole) void readTail(body, chunks);
    else body.destroy();
  }
}

function isNews({ bytes, usage, hasContent }: StreamPart): boolean {
  return bytes.length > 0 || usage !== null || hasContent;
}

/** Reads what stands behind the end of an answer, so that the connection can serve another request; not for long. */
async function readTail(
  body: Dispatcher.ResponseData['body'],
  chunks: AsyncIterator<Buffer, undefined>,
): Promise<void> {
  const timer = setTimeout(() => body.destroy(), tailMs);
  try {
    for (let bytes = 0; bytes <= tailBytesMax;) {
      const { value } = await chunks.next();
      if (value === undefined) return;
      bytes += value.length;
    }
    body.destroy();
  } catch {
    // The answer was whole before; what breaks behind it concerns nobody.
  } finally {
    clearTimeout(timer);
  }
}
