import type { LimitDecision, LimitPolicy } from './limit-policy.ts';

/** What one policy says to a call. */
export interface Verdict {
  allowed: boolean;
  /** How it stands after the whole call: charged when every policy allowed it, untouched when one did not. */
  remaining: number;
  resetMs: number;
  /** 0 when allowed. */
  retryAfterMs: number;
}

export function decisionOf(
  policies: readonly LimitPolicy[],
  verdicts: readonly Verdict[],
  degraded: boolean,
): LimitDecision {
  return {
    allowed: verdicts.every((verdict) => verdict.allowed),
    degraded,
    policies: policies.flatMap(({ name, limit, windowMs, unit }, index) => {
      const verdict = verdicts[index];
      if (verdict === undefined) return [];
      const { remaining, resetMs, allowed } = verdict;
      return [{ name, limit, remaining, resetMs, windowMs, unit, violated: !allowed }];
    }),
    retryAfterMs: Math.max(0, ...verdicts.map((verdict) => verdict.retryAfterMs)),
  };
}
