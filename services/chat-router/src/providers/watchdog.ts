import { AppError } from '@signalbox/errors';

/**
 * Ends one call to a provider when it takes too long as a whole, when the next thing does not come in time, or when the
 * caller leaves. One of them exists per call; `signal` is the call's.
 */
export class Watchdog implements Disposable {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #total: NodeJS.Timeout;
  #next: NodeJS.Timeout | null = null;
  #resting = false;

  constructor(caller: AbortSignal, provider: string, totalMs: number) {
    this.#caller = caller;
    this.#total = setTimeout(() => {
      this.#controller.abort(
        new AppError('timeout', `${provider} did not finish its answer within ${String(totalMs)} ms.`, {
          details: { should_retry: false },
        }),
      );
    }, totalMs);
    if (caller.aborted) this.#leave();
    else caller.addEventListener('abort', this.#leave);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on something must come within this time, or the call ends with `timeout` and this sentence. */
  expect(withinMs: number, sentence: string): void {
    clearTimeout(this.#next ?? undefined);
    this.#next = setTimeout(() => {
      if (!this.#resting) this.#controller.abort(new AppError('timeout', sentence));
    }, withinMs);
  }

  /** It came; the next one has the same time. */
  seen(): void {
    this.#next?.refresh();
  }

  /** The provider is not waited for: it is our own reader that is slow. */
  rest(): void {
    this.#resting = true;
  }

  resume(): void {
    this.#resting = false;
    this.#next?.refresh();
  }

  /** Why the call was ended from here; null when it was not. */
  get verdict(): AppError | null {
    return this.signal.aborted ? (this.signal.reason as AppError) : null;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#total);
    clearTimeout(this.#next ?? undefined);
    this.#caller.removeEventListener('abort', this.#leave);
  }

  readonly #leave = (): void => {
    this.#controller.abort(new AppError('unavailable', 'The caller has left.', { cause: this.#caller.reason }));
  };
}
