import type { DriftVerdict } from '@signalbox/contracts';

export const windowsLookedAt = 3;
const windowsNeeded = 2;

/** What an earlier window said by itself. */
export interface EarlierWindow {
  outcome: DriftVerdict['outcome'];
  flaggedColumns: readonly string[];
}

/**
 * Two of the last three windows with enough data make a column drifting: one window alone may be chance, or an hour that was
 * odd. `earlier`: the newest first, none of them overlapping the present one.
 */
export function confirmDrift(
  present: EarlierWindow,
  earlier: readonly EarlierWindow[],
): { state: DriftVerdict['state']; driftingColumns: string[] } {
  if (present.outcome === 'insufficient_data') return { state: 'unknown', driftingColumns: [] };
  const windows = [present, ...earlier.filter(({ outcome }) => outcome !== 'insufficient_data')];
  const times = new Map<string, number>();
  for (const { flaggedColumns } of windows.slice(0, windowsLookedAt)) {
    for (const column of flaggedColumns) times.set(column, (times.get(column) ?? 0) + 1);
  }
  const driftingColumns = [...times].flatMap(([column, count]) => (count >= windowsNeeded ? [column] : [])).sort();
  if (driftingColumns.length > 0) return { state: 'drifting', driftingColumns };
  return { state: present.outcome === 'drift' ? 'suspected' : 'stable', driftingColumns };
}
