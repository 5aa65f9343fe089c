/** What times rows may have. */
export interface TimeWindow {
  /** The beginning of the oldest day that is kept, and the last moment that is accepted, in milliseconds. */
  fromMs: number;
  toMs: number;
}

const dayMs = 86_400_000;
/** Clocks differ, and some writers are in the wrong time zone. */
const aheadMsMax = 3_600_000;

export function timeWindow(nowMs: number, retentionDays: number): TimeWindow {
  return { fromMs: (Math.floor(nowMs / dayMs) - retentionDays) * dayMs, toMs: nowMs + aheadMsMax };
}

/** What is wrong with a time; null when it is within the window. */
export function timeProblem(timeMs: number, { fromMs, toMs }: TimeWindow): string | null {
  if (!(timeMs >= fromMs)) return `Expected a time that is still kept: ${new Date(fromMs).toISOString()} or later.`;
  if (timeMs > toMs) return 'Expected a time at most an hour ahead.';
  return null;
}
