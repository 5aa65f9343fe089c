export interface BreakerSettings {
  /** So many failures within `windowMs` open it. */
  failuresMax: number;
  windowMs: number;
  /** How long it stays open before one call may try. */
  openMs: number;
  /** How long that one call may take before it counts as lost and another one may try. */
  probeMs: number;
}

export const usualBreaker: BreakerSettings = { failuresMax: 5, windowMs: 60_000, openMs: 30_000, probeMs: 120_000 };

/** What a circuit breaker knows. Times are milliseconds of one clock. */
export type Breaker =
  /** Calls pass. `failures` holds when the last ones failed, the oldest first, as far as they lie within the window. */
  | { kind: 'closed'; failures: readonly number[] }
  /** No call passes before `until`. */
  | { kind: 'open'; until: number }
  /** The call that holds this ticket tries, nobody else before `until`. */
  | { kind: 'half_open'; ticket: string; until: number };

/** `ticket` names a call; it says which one may try, and which ones began before the breaker opened. */
export type BreakerEvent =
  | { kind: 'asked'; ticket: string }
  | { kind: 'succeeded'; ticket: string }
  /** The provider was at fault. What is the caller's own fault is no event at all. */
  | { kind: 'failed'; ticket: string }
  /** It ended and proved nothing, since the client left or another answer was faster. */
  | { kind: 'abandoned'; ticket: string }
  | { kind: 'reset' };

export const closedBreaker: Breaker = { kind: 'closed', failures: [] };

/** The next state. The same object when nothing changes. */
export function stepBreaker(previous: Breaker, event: BreakerEvent, now: number, settings: BreakerSettings): Breaker {
  switch (event.kind) {
    case 'asked': {
      if (previous.kind === 'closed' || now < previous.until) return previous;
      return { kind: 'half_open', ticket: event.ticket, until: now + settings.probeMs };
    }
    case 'succeeded':
      // The end of a call from before the opening says nothing of now.
      return isProbe(previous, event.ticket) ? closedBreaker : previous;
    case 'failed': {
      if (isProbe(previous, event.ticket)) return { kind: 'open', until: now + settings.openMs };
      if (previous.kind !== 'closed') return previous;
      const failures = [...previous.failures.filter((at) => at > now - settings.windowMs), now];
      if (failures.length >= settings.failuresMax) return { kind: 'open', until: now + settings.openMs };
      return { kind: 'closed', failures };
    }
    case 'abandoned':
      return isProbe(previous, event.ticket) ? { kind: 'open', until: now } : previous;
    case 'reset':
      return previous.kind === 'closed' && previous.failures.length === 0 ? previous : closedBreaker;
  }
}

/** True when the call with this ticket may go out. */
export function admits(breaker: Breaker, ticket: string): boolean {
  return breaker.kind === 'closed' || isProbe(breaker, ticket);
}

function isProbe(breaker: Breaker, ticket: string): boolean {
  return breaker.kind === 'half_open' && breaker.ticket === ticket;
}
