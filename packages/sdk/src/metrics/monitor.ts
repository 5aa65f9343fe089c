import type { SampleInput } from './sample.ts';

/** What is the same in every sample of a monitored function. */
export type SampleDetails = Omit<SampleInput, 'request_id' | 'timestamp' | 'latency'>;

/** What only a result tells: tokens, a prediction, tags. */
export type MoreDetails = Partial<Omit<SampleInput, 'model_id' | 'model_type' | 'latency'>>;

export interface MonitorOptions<Result = unknown> extends SampleDetails {
  /** Reads more from what the function gave. What it throws is ignored. */
  describe?: (result: Result) => MoreDetails;
}

export interface Timer {
  /** Records the sample, the first time; gives the milliseconds since the start. */
  stop(more?: MoreDetails): number;
  /** As `stop`, for work that failed: the sample's `error_rate` is 1. */
  fail(more?: MoreDetails): number;
}

type Record = (sample: SampleInput) => void;

/** The least latency that a sample may have, for what took no time that a clock could see. */
const latencyMsMin = 0.001;

/** Times a piece of work. It never throws. */
export function startTimer(record: Record, details: SampleDetails): Timer {
  const startedAt = performance.now();
  const timestamp = new Date().toISOString();
  let isOver = false;
  const end = (more: MoreDetails): number => {
    const elapsedMs = performance.now() - startedAt;
    if (isOver) return elapsedMs;
    isOver = true;
    try {
      record({ timestamp, ...details, ...more, latency: Math.max(latencyMsMin, elapsedMs) });
    } catch {
      // Telemetry is never the reason why the work fails.
    }
    return elapsedMs;
  };
  return {
    stop: (more = {}) => end({ error_rate: 0, ...more }),
    fail: (more = {}) => end({ error_rate: 1, ...more }),
  };
}

/**
 * A function that does what `fn` does, with the same `this`, result and throw, and records a sample of each call. Of a
 * promise the time until it settles counts. A promise comes back as a promise of the same; what is only like one (a query that
 * begins when it is awaited) is not touched, and its time ends with the call.
 */
export function monitor<This, Args extends unknown[], Result>(
  record: Record,
  fn: (this: This, ...args: Args) => Result,
  { describe, ...details }: MonitorOptions<Awaited<Result>>,
): (this: This, ...args: Args) => Result {
  const detailsOf = (result: Awaited<Result>): MoreDetails => {
    try {
      return describe?.(result) ?? {};
    } catch {
      return {};
    }
  };
  function monitored(this: This, ...args: Args): Result {
    const timer = startTimer(record, details);
    let result: Result;
    try {
      result = fn.apply(this, args);
    } catch (thrown) {
      timer.fail();
      throw thrown;
    }
    if (!(result instanceof Promise)) {
      timer.stop(detailsOf(result as Awaited<Result>));
      return result;
    }
    const onValue = (value: Awaited<Result>) => {
      timer.stop(detailsOf(value));
    };
    if (result.constructor !== Promise) {
      // Somebody's own kind of promise, with methods that its users expect: it is watched and given back itself.
      result.then(onValue, () => void timer.fail());
      return result;
    }
    // A failure that nobody handles stays one that nobody handles.
    return result.then(
      (value: Awaited<Result>) => {
        onValue(value);
        return value;
      },
      (reason: unknown) => {
        timer.fail();
        throw reason;
      },
    ) as Result;
  }
  return Object.defineProperty(monitored, 'name', { value: fn.name, configurable: true });
}
