import type { LimitPolicy } from '../src/limit-policy.ts';

/** Both algorithms as one would write them on a blackboard: slow, and plainly right. Times are µs and never go back. */
export interface ReferenceModel {
  allows(policy: LimitPolicy, now: number): boolean;
  charge(policy: LimitPolicy, now: number): void;
}

export function createReferenceModel(): ReferenceModel {
  const calls = new Map<string, { at: number; cost: number }[]>();
  const arrivals = new Map<string, bigint>();
  const idOf = ({ name, key, algorithm }: LimitPolicy): string => JSON.stringify([name, key, algorithm]);

  const arrivalWith = (policy: LimitPolicy, now: number): bigint => {
    const interval = (BigInt(policy.windowMs) * 1_000_000n + BigInt(policy.limit) - 1n) / BigInt(policy.limit);
    const last = arrivals.get(idOf(policy)) ?? 0n;
    const from = last > ns(now) ? last : ns(now);
    return from + interval * BigInt(policy.cost ?? 1);
  };

  return {
    allows(policy, now) {
      const { algorithm, limit, windowMs, burst = limit, cost = 1 } = policy;
      if (algorithm === 'sliding_window') {
        const inWindow = (calls.get(idOf(policy)) ?? []).filter(({ at }) => at > now - windowMs * 1_000);
        return inWindow.reduce((sum, call) => sum + call.cost, 0) + cost <= limit;
      }
      const interval = (BigInt(windowMs) * 1_000_000n + BigInt(limit) - 1n) / BigInt(limit);
      return arrivalWith(policy, now) - ns(now) <= interval * BigInt(burst);
    },
    charge(policy, now) {
      if (policy.algorithm === 'gcra') arrivals.set(idOf(policy), arrivalWith(policy, now));
      else calls.set(idOf(policy), [...(calls.get(idOf(policy)) ?? []), { at: now, cost: policy.cost ?? 1 }]);
    },
  };
}

function ns(us: number): bigint {
  return BigInt(us) * 1_000n;
}
