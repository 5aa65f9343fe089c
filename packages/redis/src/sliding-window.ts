import type { LimitTerms } from './limit-policy.ts';

/**
 * The calls of one window, oldest first, as two columns: when (µs), and the sum of all costs up to and including this call.
 * The first row is no call of the window but what came before it: its total is where the window's own sum begins. With
 * sums instead of costs, "how much is in the window" is one subtraction, whatever the number of calls.
 */
export interface WindowLog {
  times: number[];
  totals: number[];
}

export interface WindowJudgement {
  allowed: boolean;
  used: number;
  /** The row that now comes before the window; -1 when the log starts anew. */
  gone: number;
  /** The time it is judged at: never before the last call, whatever the clock says. */
  at: number;
  /** How long until the window is empty. */
  resetUs: number;
  /** How long until enough calls have left it for this one; 0 when it is allowed. */
  waitUs: number;
}

export function judgeWindow(log: WindowLog | undefined, terms: LimitTerms, now: number): WindowJudgement {
  const { capacity, cost, spanUs } = terms;
  const last = log?.times.at(-1) ?? now;
  // A clock that was set back by more than the window would hold the count still for that long: start anew.
  if (log === undefined || last - now > spanUs) {
    const allowed = cost <= capacity;
    return { allowed, used: 0, gone: -1, at: now, resetUs: 0, waitUs: allowed ? 0 : spanUs };
  }
  const { times, totals } = log;
  const at = Math.max(now, last);
  const gone = lastRow(times, 0, (time) => time <= at - spanUs);
  const total = totals.at(-1) ?? 0;
  const used = total - (totals[gone] ?? 0);
  const resetUs = used > 0 ? last + spanUs - now : 0;
  if (used + cost <= capacity) return { allowed: true, used, gone, at, resetUs, waitUs: 0 };
  const enough = lastRow(totals, gone, (sum) => sum < total + cost - capacity) + 1;
  return { allowed: false, used, gone, at, resetUs, waitUs: (times[enough] ?? at) + spanUs - now };
}

/** The log with the judged call in it. Takes the log over: only the new one may be used. */
export function chargeWindow(
  log: WindowLog | undefined,
  { cost }: LimitTerms,
  { at, gone }: WindowJudgement,
): WindowLog {
  if (log === undefined || gone === -1) return { times: [at, at], totals: [0, cost] };
  const { times, totals } = log;
  times.push(at);
  totals.push((totals.at(-1) ?? 0) + cost);
  // Cut in strides, so that each row is moved less than once.
  if (gone < 64 || gone < times.length / 2) return log;
  return { times: times.slice(gone), totals: totals.slice(gone) };
}

/** The last row from `from` on that `holds`, in doubling steps and then halving ones; `from` itself always does. */
function lastRow(column: readonly number[], from: number, holds: (value: number) => boolean): number {
  const holdsAt = (row: number): boolean => row < column.length && holds(column[row] ?? 0);
  let low = from;
  let step = 1;
  while (holdsAt(low + step)) {
    low += step;
    step *= 2;
  }
  let high = low + step;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holdsAt(middle)) low = middle;
    else high = middle;
  }
  return low;
}
