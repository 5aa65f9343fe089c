import { mayPass, waitBeforeRetry, type RetryPolicy } from './retry.ts';
import { sleep } from './sleep.ts';

export interface Repeating {
  policy: RetryPolicy;
  isRepeatable: boolean;
  timeoutMs: number;
  deadlineMs: number;
  signal: AbortSignal | null;
  /** Fires when the client is closed. */
  closing: AbortSignal;
}

/** Attempts until one succeeds, none may help any more, or what is left of the deadline is too short for the next wait. */
export async function repeat<T>(attemptOnce: (timeoutMs: number) => Promise<T>, given: Repeating): Promise<T> {
  const { policy, timeoutMs, deadlineMs, signal } = given;
  const startedAt = performance.now();
  for (let attempts = 1; ; attempts += 1) {
    signal?.throwIfAborted();
    try {
      const leftMs = deadlineMs - (performance.now() - startedAt);
      return await attemptOnce(Math.min(timeoutMs, leftMs));
    } catch (failure) {
      if (!given.isRepeatable || attempts > policy.retries || !mayPass(failure)) throw failure;
      const { retryAfterMs } = failure;
      const waitMs = waitBeforeRetry(policy, { attempts, retryAfterMs, random: Math.random });
      if (performance.now() - startedAt + waitMs >= deadlineMs) throw failure;
      await sleep(waitMs, signal, given.closing);
    }
  }
}
