import { monitorEventLoopDelay } from 'node:perf_hooks';
import { AppError } from '@signalbox/errors';

export interface OverloadOptions {
  /** Requests in work at once. */
  inFlightMax: number;
  /**
   * How late the event loop may be, on the mean of the last two seconds, before requests are turned away. Not a high
   * percentile: of the hundred samples of two seconds that is the worst one, and one hiccup of a shared core is no load.
   */
  loopDelayMsMax: number;
  onShed: (reason: 'in_flight' | 'loop_delay') => void;
}

export interface Overload extends Disposable {
  /** Takes one request in; what it gives back is called once when the request is over. Throws `unavailable` when full. */
  enter(): () => void;
  readonly inFlight: number;
}

const resolutionMs = 20;
const windowMs = 2_000;

/** Turns requests away while they can still be turned away quickly, instead of answering all of them too late. */
export function watchOverload({ inFlightMax, loopDelayMsMax, onShed }: OverloadOptions): Overload {
  const delays = monitorEventLoopDelay({ resolution: resolutionMs });
  delays.enable();
  let late = false;
  let inFlight = 0;
  const watch = setInterval(() => {
    // The histogram holds whole intervals between two samples, the wanted one included.
    late = delays.mean / 1e6 - resolutionMs > loopDelayMsMax;
    delays.reset();
  }, windowMs);
  watch.unref();
  const leave = (): void => {
    inFlight -= 1;
  };

  return {
    get inFlight() {
      return inFlight;
    },
    enter() {
      if (late || inFlight >= inFlightMax) {
        onShed(late ? 'loop_delay' : 'in_flight');
        // Spread out, so that those turned away together do not come back together.
        throw new AppError('unavailable', 'The gateway has more work than it can do.', {
          retryAfterMs: 1_000 + Math.random() * 4_000,
        });
      }
      inFlight += 1;
      return leave;
    },
    [Symbol.dispose]() {
      clearInterval(watch);
      delays.disable();
    },
  };
}
