/**
 * What is known of a store: it answers (`closed`), or it does not and is not asked before `probeAt` (`open`), or one probe is
 * under way (`half_open`). Times are milliseconds of any clock that only goes forward.
 */
export type Outage =
  { kind: 'closed' } | { kind: 'open'; probeAt: number; failures: number } | { kind: 'half_open'; failures: number };

export type OutageEvent = 'answered' | 'failed' | 'probed';

const firstProbeMs = 100;
const probeEveryMsMax = 2_000;

/**
 * One failure is enough to stop asking: each further one would cost a caller 50 ms. In return the first probe comes soon,
 * since at a busy moment a single late answer says little; the next ones take longer and longer.
 */
export function stepOutage(previous: Outage, event: OutageEvent, now: number): Outage {
  switch (event) {
    case 'answered':
      // An answer to a call from before the outage proves nothing: only a probe's counts.
      return previous.kind === 'half_open' ? { kind: 'closed' } : previous;
    case 'probed':
      return previous.kind === 'open' ? { kind: 'half_open', failures: previous.failures } : previous;
    case 'failed': {
      // Calls that were under way together fail together.
      if (previous.kind === 'open') return previous;
      const failures = previous.kind === 'half_open' ? previous.failures + 1 : 1;
      return { kind: 'open', failures, probeAt: now + Math.min(probeEveryMsMax, firstProbeMs * 2 ** (failures - 1)) };
    }
  }
}
