import type { SendOutcome } from '../channels/channel.ts';

/** An attempt that did not bring a message to where it should go. */
export type FailedOutcome = Exclude<SendOutcome, { kind: 'accepted' } | { kind: 'gone' }>;

export interface FailedAttempt {
  readonly outcome: FailedOutcome;
  /** How many there were, this one included. */
  readonly attempts: number;
  readonly now: Date;
  /** Gives [0, 1). */
  readonly random: () => number;
  /** When its group is looked at next; null: it belongs to none, or nobody asked. */
  readonly nextBeat: Date | null;
}

/** When what failed is tried again. */
export interface RetryPolicy {
  /** null: never again by itself. */
  nextAttemptAt(failed: FailedAttempt): Date | null;
  /** After so many failures in a row an address is left alone for a while. */
  readonly failuresToRest: number;
  /** Whether `nextBeat` is to be found out. */
  readonly needsBeat: boolean;
}

const seconds = (...values: readonly number[]): number[] => values.map((value) => value * 1_000);

/** How long before the second attempt, the third, …; from then on hourly. */
const retryDelaysMs = seconds(2, 5, 15, 30, 60, 120, 300, 600, 1_800, 3_600);
/** For a message that is refused as it is: perhaps somebody repairs the other side. */
const slowDelaysMs = seconds(30, 300);

/** Delays have full jitter, so that what failed together does not come back together. */
export const patientRetries: RetryPolicy = {
  failuresToRest: 5,
  needsBeat: false,
  nextAttemptAt({ outcome, attempts, now, random }) {
    const isRejected = outcome.kind === 'rejected';
    if (isRejected && (outcome.isFinal || attempts > slowDelaysMs.length)) return null;
    const delaysMs = isRejected ? slowDelaysMs : retryDelaysMs;
    const delayMs = delaysMs[Math.min(attempts, delaysMs.length) - 1] ?? 0;
    return new Date(now.getTime() + delayMs * random());
  },
};

const [firstDelayMs, growth, delayMsMax] = [500, 1.5, 60_000];

/**
 * As Alertmanager does it: soon again, and slowly less soon, where the other side failed; at the next beat of the group where
 * it refused. Unlike Alertmanager it goes on with what was decided, whatever the group does meanwhile.
 */
export const alertmanagerRetries: RetryPolicy = {
  failuresToRest: Number.POSITIVE_INFINITY,
  needsBeat: true,
  nextAttemptAt({ outcome, attempts, now, random, nextBeat }) {
    const isRefused = outcome.kind === 'rejected' || (outcome.status !== null && outcome.status < 500);
    if (isRefused && outcome.kind === 'rejected' && outcome.isFinal) return null;
    if (isRefused) return nextBeat ?? new Date(now.getTime() + delayMsMax);
    const delayMs = Math.min(delayMsMax, firstDelayMs * growth ** (attempts - 1));
    return new Date(now.getTime() + delayMs * (0.5 + random()));
  },
};
