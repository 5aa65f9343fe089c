import type { LimitTerms } from './limit-policy.ts';

/**
 * GCRA keeps the theoretical arrival time of the next call, TAT. Here it is kept as how far TAT lay ahead (ns) when it was
 * written (µs): both stay whole numbers below 2^53, which nanoseconds since 1970 do not.
 */
export interface Bucket {
  at: number;
  aheadNs: number;
}

export interface BucketJudgement {
  allowed: boolean;
  /** The bucket as it is now, before this call. */
  now: Bucket;
  /** The bucket with this call in it. */
  charged: Bucket;
  /** How long until the call fits; 0 when it is allowed. */
  waitMs: number;
}

/** tat' = max(tat, now) + T·cost; allowed when tat' − now ≤ τ. T is `unitSize`, τ is `capacity`. */
export function judgeBucket(bucket: Bucket | undefined, terms: LimitTerms, now: number): BucketJudgement {
  const { capacity, cost, unitSize, spanUs } = terms;
  const level =
    bucket === undefined || bucket.at - now > spanUs ? { at: now, aheadNs: 0 } : drained(bucket, capacity, now);
  const charged = { at: level.at, aheadNs: level.aheadNs + cost * unitSize };
  if (charged.aheadNs <= capacity) return { allowed: true, now: level, charged, waitMs: 0 };
  const waitNs = cost * unitSize > capacity ? spanUs * 1_000 : charged.aheadNs - capacity;
  return { allowed: false, now: level, charged, waitMs: Math.ceil(waitNs / 1e6) + Math.ceil((level.at - now) / 1_000) };
}

function drained(bucket: Bucket, capacity: number, now: number): Bucket {
  const at = Math.max(now, bucket.at);
  return { at, aheadNs: Math.min(capacity, Math.max(0, bucket.aheadNs - (at - bucket.at) * 1_000)) };
}
