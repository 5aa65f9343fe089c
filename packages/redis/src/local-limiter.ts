import { judgeBucket, type Bucket } from './gcra.ts';
import type { LimitTerms } from './limit-policy.ts';
import { chargeWindow, judgeWindow, type WindowLog } from './sliding-window.ts';
import type { Verdict } from './verdict.ts';

/** Both algorithms in this process's memory: what decides while Redis is away, and what the script is tested against. */
export interface LocalLimiter {
  take(terms: readonly LimitTerms[], nowUs: number): Verdict[];
}

interface Judged {
  before: Omit<Verdict, 'allowed'>;
  after: Omit<Verdict, 'allowed'>;
  allowed: boolean;
  charge(): void;
}

/** Remembers `keysMax` keys; of more than those, it forgets the ones that were not asked for longest. */
export function createLocalLimiter({ keysMax = 10_000 } = {}): LocalLimiter {
  const windows = new Map<string, WindowLog>();
  const buckets = new Map<string, Bucket>();

  function remember<State>(states: Map<string, State>, key: string, state: State): void {
    states.delete(key);
    states.set(key, state);
    if (states.size <= keysMax) return;
    const [oldest] = states.keys();
    if (oldest !== undefined) states.delete(oldest);
  }

  function judgeByWindow(terms: LimitTerms, now: number): Judged {
    const log = windows.get(terms.storageKey);
    const judgement = judgeWindow(log, terms, now);
    const { allowed, used, at, resetUs, waitUs } = judgement;
    const { capacity, cost, spanUs, storageKey } = terms;
    return {
      allowed,
      before: {
        remaining: Math.max(0, capacity - used),
        resetMs: Math.ceil(resetUs / 1_000),
        retryAfterMs: Math.ceil(waitUs / 1_000),
      },
      after: { remaining: capacity - used - cost, resetMs: Math.ceil((at + spanUs - now) / 1_000), retryAfterMs: 0 },
      charge: () => remember(windows, storageKey, chargeWindow(log, terms, judgement)),
    };
  }

  function judgeByBucket(terms: LimitTerms, now: number): Judged {
    const { capacity, unitSize, storageKey } = terms;
    const judgement = judgeBucket(buckets.get(storageKey), terms, now);
    const { allowed, charged, waitMs } = judgement;
    const standing = ({ at, aheadNs }: Bucket) => ({
      remaining: Math.floor((capacity - aheadNs) / unitSize),
      resetMs: aheadNs === 0 ? 0 : Math.ceil((at - now + aheadNs / 1_000) / 1_000),
    });
    return {
      allowed,
      before: { ...standing(judgement.now), retryAfterMs: waitMs },
      after: { ...standing(charged), retryAfterMs: 0 },
      charge: () => remember(buckets, storageKey, charged),
    };
  }

  return {
    take(terms, nowUs) {
      const judged = terms.map((each) =>
        each.algorithm === 'gcra' ? judgeByBucket(each, nowUs) : judgeByWindow(each, nowUs),
      );
      const allowed = judged.every((each) => each.allowed);
      return judged.map((each, index) => {
        const charged = allowed && terms[index]?.cost !== 0;
        if (charged) each.charge();
        return { allowed: each.allowed, ...(charged ? each.after : each.before) };
      });
    },
  };
}
