import { setTimeout as sleep } from 'node:timers/promises';

export interface WaitForOptions {
  /** Default 10,000. */
  timeoutMs?: number;
  /** Default 20. */
  intervalMs?: number;
  /** What is awaited, for the message when it does not come. */
  what?: string;
}

type Truthy<T> = Exclude<T, false | null | undefined | 0 | ''>;

/**
 * Asks until `condition` gives something truthy, and gives that back. A condition that throws counts as not yet; when the
 * time is over, its last error is the cause.
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitForOptions = {}): Promise<Truthy<T>> {
  const { timeoutMs = 10_000, intervalMs = 20, what = 'the condition' } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Truthy<T>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(
        `Waited ${String(timeoutMs)} ms in vain for ${what}.`,
        cause === undefined ? undefined : { cause },
      );
    }
    await sleep(intervalMs);
  }
}
