import { setImmediate as untilOthersRan } from 'node:timers/promises';

/** Runs a calculation that pauses, and lets the rest of the process run whenever a slice of time is used up. */
export async function inSlices<Result>(
  steps: Generator<undefined, Result>,
  { sliceMs = 20, signal }: { sliceMs?: number; signal?: AbortSignal } = {},
): Promise<Result> {
  let sliceEndsAt = performance.now() + sliceMs;
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    if (performance.now() < sliceEndsAt) continue;
    await untilOthersRan();
    signal?.throwIfAborted();
    sliceEndsAt = performance.now() + sliceMs;
  }
}
