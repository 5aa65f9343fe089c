import { CircuitOpenError } from '../signalbox-error.ts';

/**
 * CLOSED: calls pass, and failures in a row are counted. OPEN: nothing is sent until the rest is over. HALF_OPEN: one probe
 * is out, and its end decides; nothing else is sent.
 */
export type BreakerState =
  | { kind: 'CLOSED'; failures: number; epoch: number }
  | { kind: 'OPEN'; until: number; epoch: number }
  | { kind: 'HALF_OPEN'; until: number; epoch: number };

/**
 * `admit`: somebody wants to send. The others say how something that was admitted in `epoch` ended; `abandoned` is neither good
 * nor bad news. What was admitted before the state last changed changes nothing.
 */
export type BreakerEvent = { kind: 'admit' } | { kind: 'succeeded' | 'failed' | 'abandoned'; epoch: number };

export interface BreakerPolicy {
  /** Failures in a row that open the circuit. Default 5. */
  failuresMax: number;
  /** How long it stays open before a probe is let through. Default 60,000. */
  restMs: number;
}

export const defaultBreakerPolicy: BreakerPolicy = { failuresMax: 5, restMs: 60_000 };

const closedBreaker: BreakerState = { kind: 'CLOSED', failures: 0, epoch: 0 };

/** The next state. Somebody who wants to send may, when the state after `admit` is CLOSED, or became HALF_OPEN by it. */
export function stepBreaker(
  state: BreakerState,
  event: BreakerEvent,
  { failuresMax, restMs }: BreakerPolicy,
  now: number,
): BreakerState {
  if (event.kind === 'admit') {
    const isRested = state.kind === 'OPEN' && now >= state.until;
    return isRested ? { kind: 'HALF_OPEN', until: state.until, epoch: state.epoch + 1 } : state;
  }
  if (event.epoch !== state.epoch || state.kind === 'OPEN') return state;
  const epoch = state.epoch + 1;
  switch (event.kind) {
    case 'succeeded':
      return state.kind === 'HALF_OPEN' ? { kind: 'CLOSED', failures: 0, epoch } : { ...state, failures: 0 };
    case 'failed': {
      if (state.kind === 'HALF_OPEN') return { kind: 'OPEN', until: now + restMs, epoch };
      const failures = state.failures + 1;
      return failures >= failuresMax ? { kind: 'OPEN', until: now + restMs, epoch } : { ...state, failures };
    }
    case 'abandoned':
      // The rest is over already: whoever comes next is the probe.
      return state.kind === 'HALF_OPEN' ? { kind: 'OPEN', until: state.until, epoch } : state;
  }
}

/** What something that was let through says at its end. Only the first word counts. */
export interface Permit {
  settle(outcome: 'succeeded' | 'failed' | 'abandoned'): void;
}

export interface Breaker {
  /** Throws `CircuitOpenError` when nothing may be sent. */
  admit(): Permit;
  state(): BreakerState['kind'];
}

export function createBreaker(policy: BreakerPolicy, now: () => number, onClose: () => void): Breaker {
  let state: BreakerState = closedBreaker;
  const step = (event: BreakerEvent): BreakerState => (state = stepBreaker(state, event, policy, now()));
  return {
    admit() {
      const before = state;
      const after = step({ kind: 'admit' });
      const isProbe = after.kind === 'HALF_OPEN' && before.kind === 'OPEN';
      if (after.kind !== 'CLOSED' && !isProbe) throw new CircuitOpenError(Math.max(0, after.until - now()));
      let isSettled = false;
      return {
        settle(outcome) {
          if (isSettled) return;
          isSettled = true;
          const { kind } = state;
          if (step({ kind: outcome, epoch: after.epoch }).kind === 'CLOSED' && kind !== 'CLOSED') onClose();
        },
      };
    },
    state: () => state.kind,
  };
}
