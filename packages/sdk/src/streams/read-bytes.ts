import type { OpenAnswer } from '../calls/caller.ts';
import { ConnectionError, SignalboxError } from '../signalbox-error.ts';
import { withinMs } from './within-ms.ts';

const idleMs = 60_000;

/**
 * The body of an open answer, piece by piece as it comes. Leaving the loop ends the download. Throws `TimeoutError` when
 * nothing comes for a minute, and `ConnectionError` when the connection breaks before the end.
 */
export async function* readBytes(
  { answer, close }: OpenAnswer,
  signal: AbortSignal | null,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = answer.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await withinMs(chunks.next(), idleMs);
      if (next.done === true) return;
      yield next.value;
    }
  } catch (thrown) {
    signal?.throwIfAborted();
    if (thrown instanceof SignalboxError) throw thrown;
    throw new ConnectionError('The connection broke before the answer was whole.', thrown);
  } finally {
    close();
  }
}
