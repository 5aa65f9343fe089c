import { AppError, toAppError } from '@signalbox/errors';

/**
 * The end of a loop of model and tools: the caller leaves, or the time for all of it together is over. What is broken off by
 * it is nobody's failure: neither the model nor the tool that was at work was slow by itself.
 */
export class LoopDeadline implements Disposable {
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #ms: number;

  constructor(caller: AbortSignal, ms: number) {
    this.#ms = ms;
    this.signal = AbortSignal.any([caller, this.#over.signal]);
    this.#timer = setTimeout(() => {
      this.#over.abort(new AppError('unavailable', 'Nobody waits for it any more.'));
    }, ms);
  }

  /** What the client is told of something that was thrown on the way. */
  failureOf(thrown: unknown): AppError {
    if (!this.signal.aborted) return toAppError(thrown);
    if (this.signal.reason !== this.#over.signal.reason) return toAppError(this.signal.reason);
    return new AppError('timeout', `The model and its tools took longer than ${String(this.#ms)} ms together.`, {
      cause: thrown,
      details: { code: 'tool_loop_timeout', should_retry: false },
    });
  }

  readonly rethrow = (thrown: unknown): never => {
    throw this.failureOf(thrown);
  };

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
