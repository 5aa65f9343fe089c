/** One limit that a call is held against. */
export interface LimitPolicy {
  /** What clients and metrics see: `key`, `tenant`, `chat`… */
  name: string;
  /** Whom it counts: any string, ids and addresses as they are. Policies of one name and one key share a count. */
  key: string;
  /**
   * `sliding_window`: never more than `limit` within any `windowMs`, wherever that begins. `gcra`: a token bucket, `burst`
   * at once and then a steady `limit` per `windowMs`.
   */
  algorithm: 'sliding_window' | 'gcra';
  limit: number;
  /** 31 days at most. */
  windowMs: number;
  /** For `gcra` only; default `limit`. */
  burst?: number;
  /** What the call takes: a whole number, default 1. A call of 0 takes nothing and only asks how things stand. */
  cost?: number;
  unit: 'requests' | 'cost_units';
  /** With Redis away: let each process go on for its share of the limit, or refuse. */
  onOutage: 'local' | 'closed';
}

/** How one policy stands after a call. */
export interface PolicyState {
  name: string;
  limit: number;
  /** What may still be taken at once. */
  remaining: number;
  /** Until all of it may be taken at once, if nothing is taken meanwhile. */
  resetMs: number;
  windowMs: number;
  unit: LimitPolicy['unit'];
  /** True for a policy that refused the call. */
  violated: boolean;
}

export interface LimitDecision {
  /** True when every policy allowed the call; then each has been charged. When false, none has. */
  allowed: boolean;
  /** True when not Redis has decided but this process alone, for its share. */
  degraded: boolean;
  /** In the order in which they were given. */
  policies: PolicyState[];
  /**
   * 0 when allowed. Else after this long the same call succeeds, if nothing is taken meanwhile; a call that costs more
   * than a limit or a burst never does, and gets the length of the window.
   */
  retryAfterMs: number;
}

/** A policy in the whole numbers that both algorithms count in, in Redis and in this process alike. */
export interface LimitTerms {
  storageKey: string;
  algorithm: LimitPolicy['algorithm'];
  cost: number;
  spanUs: number;
  /** For the sliding window: what fits into it. For GCRA: how many nanoseconds of its steady rate may be taken ahead. */
  capacity: number;
  /** What a cost of 1 takes of the capacity: 1, or the nanoseconds between two calls at the steady rate, rounded up. */
  unitSize: number;
}

const windowMsMax = 31 * 24 * 3_600_000;

/** Throws a `RangeError` for numbers with which nothing can be counted. */
export function termsOf(policy: LimitPolicy): LimitTerms {
  const { name, key, algorithm, limit, windowMs, burst = limit, cost = 1 } = policy;
  whole(policy, 'limit', limit, 1, 1e12);
  whole(policy, 'windowMs', windowMs, 1, windowMsMax);
  whole(policy, 'cost', cost, 0, 1e12);
  const storageKey = limitKey(algorithm, name, key);
  const spanUs = windowMs * 1_000;
  if (algorithm === 'sliding_window') return { storageKey, algorithm, cost, spanUs, capacity: limit, unitSize: 1 };
  whole(policy, 'burst', burst, 1, 1e12);
  const unitSize = Math.ceil((windowMs * 1e6) / limit);
  whole(policy, 'burst at this rate', unitSize * burst, 1, 2 ** 52);
  return { storageKey, algorithm, cost, spanUs, capacity: unitSize * burst, unitSize };
}

/**
 * The parts are written as JSON, so that no two lists of parts make one key, whatever colons, braces or newlines are in
 * them; the braces around them are Redis Cluster's mark of what decides the slot.
 */
export function limitKey(...parts: readonly string[]): string {
  return `limit:{${JSON.stringify(parts)}}`;
}

function whole({ name }: LimitPolicy, what: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new RangeError(`limit policy ${name}: ${what} must be a whole number from ${min} to ${max}`);
}
