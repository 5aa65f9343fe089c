import { AppError } from '@signalbox/errors';

/** How one attempt at a job ended. */
export type Outcome =
  | { kind: 'completed' }
  /** This process lets go of it; another one takes it, as if it had never been here. */
  | { kind: 'released' }
  /** A dependency is away: later, without using an attempt up. */
  | { kind: 'postponed'; delayMs: number; error: unknown }
  | { kind: 'failed'; reason: string; error: unknown };

/** How often a job was begun and how many attempts it has used up, this one not counted in the second. */
export interface Tries {
  attemptsStarted: number;
  attemptsMade: number;
}

/** After so many postponements it counts as a failure after all: with the longest wait, that is most of two hours. */
const postponementsMax = 100;
const postponeMsMax = 60_000;

export async function outcomeOf(
  work: () => Promise<void>,
  released: Promise<void>,
  signal: AbortSignal,
  tries: Tries,
): Promise<Outcome> {
  try {
    const end = await Promise.race([work().then(() => 'completed' as const), released.then(() => 'released' as const)]);
    return { kind: end };
  } catch (error) {
    // Who stops because it was told to has not failed.
    return signal.aborted ? { kind: 'released' } : judgeFailure(error, tries);
  }
}

/** What a handler's throw means. `reason` is what operators are shown: the sentence, no stack. */
export function judgeFailure(error: unknown, { attemptsStarted, attemptsMade }: Tries): Outcome {
  const postponements = attemptsStarted - attemptsMade - 1;
  if (error instanceof AppError && error.code === 'unavailable' && postponements < postponementsMax) {
    const delayMs = Math.max(error.retryAfterMs ?? 0, Math.min(postponeMsMax, 1_000 * 2 ** Math.min(postponements, 6)));
    return { kind: 'postponed', delayMs, error };
  }
  return { kind: 'failed', reason: reasonOf(error), error };
}

function reasonOf(error: unknown): string {
  if (error instanceof AppError) return `${error.code}: ${error.message}`;
  return error instanceof Error
    ? `${error.name}: ${error.message}`.slice(0, 500)
    : 'something was thrown that is no error';
}
