import type { Transport, WireAnswer, WireRequest } from '../platform/platform.ts';
import { ConnectionError, SignalboxError, TimeoutError } from '../signalbox-error.ts';
import type { Breaker } from './breaker.ts';
import { readRefusal } from './read-refusal.ts';
import { readText } from './read-text.ts';

const refusalBytesMax = 1_048_576;

export interface Attempt<T> {
  timeoutMs: number;
  signal: AbortSignal | null;
  read: (answer: WireAnswer, close: () => void) => Promise<T>;
  /** The body is read after the attempt is over: what breaks the call off goes on doing so until `close` is called. */
  leavesOpen: boolean;
}

/** One request. The breaker learns how it ended; of a stream, how it began. */
export async function attempt<T>(
  { breaker, transport, closing }: { breaker: Breaker; transport: Transport; closing: AbortSignal },
  request: Omit<WireRequest, 'signal'>,
  { timeoutMs, signal, read, leavesOpen }: Attempt<T>,
): Promise<T> {
  closing.throwIfAborted();
  const permit = breaker.admit();
  const controller = new AbortController();
  const abort = () => {
    controller.abort(closing.aborted ? closing.reason : signal?.reason);
  };
  const unlink = () => {
    signal?.removeEventListener('abort', abort);
    closing.removeEventListener('abort', abort);
  };
  signal?.addEventListener('abort', abort, { once: true });
  closing.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => {
    controller.abort(new TimeoutError(`No answer within ${String(Math.round(timeoutMs))} ms.`));
  }, timeoutMs);
  const close = () => {
    unlink();
    controller.abort(new ConnectionError('The stream was closed.'));
  };
  let isOpen = false;
  try {
    const answer = await transport.send({ ...request, signal: controller.signal });
    if (answer.status < 200 || answer.status >= 300) {
      const error = readRefusal(answer, await readText(answer.body, refusalBytesMax), Date.now());
      permit.settle(answer.status >= 500 ? 'failed' : 'succeeded');
      throw error;
    }
    const value = await read(answer, close);
    permit.settle('succeeded');
    isOpen = leavesOpen;
    return value;
  } catch (thrown) {
    if (signal?.aborted === true || closing.aborted) {
      permit.settle('abandoned');
      throw closing.aborted ? closing.reason : signal?.reason;
    }
    const failure = failureOf(controller.signal.aborted ? controller.signal.reason : thrown);
    permit.settle(failure.kind === 'connection' || failure.kind === 'timeout' ? 'failed' : 'succeeded');
    throw failure;
  } finally {
    clearTimeout(timer);
    if (!isOpen) unlink();
  }
}

function failureOf(thrown: unknown): SignalboxError {
  if (thrown instanceof SignalboxError) return thrown;
  const detail = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return new ConnectionError(`The server could not be reached, or the connection broke: ${detail}`, thrown);
}
