import { processIdentity } from '../src/process-identity.ts';
import { until } from '../src/until.ts';

/** Whether there is such a process; a zombie is none. */
export function isThere(pid: number): boolean {
  return processIdentity(pid) !== null;
}

/** Resolves when there is no such process any more. */
export function goneOf(pid: number, timeoutMs = 5_000): Promise<void> {
  const look = () =>
    isThere(pid) ? Promise.reject(new Error(`Process ${String(pid)} is still there.`)) : Promise.resolve();
  return until(look, { timeoutMs });
}
