import type { AlertSeverity } from '@signalbox/contracts';

/** MX-8: how bad it is by how many times the limit it is; below a lower limit, by how many times less. */
export function severityByRatio(value: number, threshold: number, comparator: string): AlertSeverity {
  const ratio = comparator.startsWith('<') ? ratioOf(threshold, value) : ratioOf(value, threshold);
  if (ratio >= 2) return 'critical';
  if (ratio >= 1.5) return 'high';
  return ratio >= 1.2 ? 'medium' : 'low';
}

/** Rounded in the last digits, so that 1.2 times a limit is 1.2 of it: 0.06 ÷ 0.05 is a little less in binary. */
function ratioOf(value: number, threshold: number): number {
  if (threshold === 0) return value > 0 ? Infinity : 0;
  return Number((value / threshold).toPrecision(12));
}
