import { AppError } from '@signalbox/errors';

/** The end of a request: its caller leaves, or its time is over. An `AppError` says which. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal;
  readonly #at: number;
  readonly #timer: NodeJS.Timeout;

  constructor(caller: AbortSignal, ms: number) {
    this.#caller = caller;
    this.#at = performance.now() + ms;
    this.#timer = setTimeout(() => {
      this.#controller.abort(new AppError('timeout', `No answer came within ${String(ms)} ms.`));
    }, ms);
    if (caller.aborted) this.#leave();
    else caller.addEventListener('abort', this.#leave);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get leftMs(): number {
    return this.#at - performance.now();
  }

  /** An answer has come. Only the caller can end it now. */
  meet(): void {
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#caller.removeEventListener('abort', this.#leave);
  }

  readonly #leave = (): void => {
    this.#controller.abort(this.#caller.reason);
  };
}
