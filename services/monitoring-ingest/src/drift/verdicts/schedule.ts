/** How long after its end a window is judged: samples that are under way arrive until then. */
const graceMs = 60_000;
/** A service that was away judges so many windows afterwards, the newest ones. */
const caughtUpMax = 3;

/** When the window is judged in which `now` lies. */
export function firstRunAt(now: Date, windowMinutes: number): Date {
  const lengthMs = windowMinutes * 60_000;
  return new Date((Math.floor(now.getTime() / lengthMs) + 1) * lengthMs + graceMs);
}

/** The window that is due, and when the next one is. Windows are aligned to multiples of their length. */
export function planRun(
  { nextRunAt, windowMinutes }: { nextRunAt: Date; windowMinutes: number },
  now: Date,
): { window: { from: Date; to: Date }; nextRunAt: Date } {
  const lengthMs = windowMinutes * 60_000;
  const newestEnd = Math.floor((now.getTime() - graceMs) / lengthMs) * lengthMs;
  const to = Math.max(nextRunAt.getTime() - graceMs, newestEnd - (caughtUpMax - 1) * lengthMs);
  return {
    window: { from: new Date(to - lengthMs), to: new Date(to) },
    nextRunAt: new Date(to + lengthMs + graceMs),
  };
}
