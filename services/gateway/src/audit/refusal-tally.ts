import type { AuditEntry } from './audit-entry.ts';

/** Kinds of refusal told apart within one second; what goes beyond is counted together, without its details. */
const kindsMax = 50;

export interface TalliedRefusal {
  /** The first of its kind. */
  entry: AuditEntry;
  at: Date;
  count: number;
}

/**
 * Counts refusals until they are taken. Those of one action, actor, tenant and reason are one entry with a number: ten
 * thousand guesses in a second are one row, and ten thousand guesses with as many addresses are fifty-one.
 */
export interface RefusalTally {
  /** `count`: for what was taken and could not be kept. */
  add(entry: AuditEntry, at: Date, count?: number): void;
  /** Everything since the last time. */
  take(): TalliedRefusal[];
}

export function createRefusalTally(): RefusalTally {
  const tallied = new Map<string, TalliedRefusal>();

  function countUnder(kind: string, { entry, at, count }: TalliedRefusal): void {
    const known = tallied.get(kind);
    if (known === undefined) tallied.set(kind, { entry, at, count });
    else known.count += count;
  }

  return {
    add(entry, at, count = 1) {
      const { action, actor, tenantId, ip, details } = entry;
      const kind = JSON.stringify([action, actor, tenantId, ip, details?.['reason']]);
      if (tallied.has(kind) || tallied.size < kindsMax) {
        countUnder(kind, { entry, at, count });
        return;
      }
      // Per action, of which there is a closed list.
      const several: AuditEntry = { tenantId: null, actor: 'several', action, target: null, requestId: null, ip: null };
      countUnder(action, { entry: several, at, count });
    },
    take() {
      const refusals = [...tallied.values()];
      tallied.clear();
      return refusals;
    },
  };
}
