import type { DriftCheck, DriftPolicy, DriftVerdict, FeatureSpec } from '@signalbox/contracts';
import { benjaminiHochberg } from '../../stats/multiple-testing.ts';
import { checkColumn } from './check-column.ts';
import type { Check } from './check.ts';
import type { Columns } from './column.ts';

export interface JudgedWindow {
  outcome: DriftVerdict['outcome'];
  flaggedColumns: string[];
  checks: DriftCheck[];
}

/**
 * Judges one window against a reference. A check says drift when its effect is as large as the policy wants *and* its p, adjusted
 * over all checks of the model, is below alpha; so a model without drift is called drifting in no more than alpha of its windows,
 * however many columns it has. The current columns are of the reference's kinds.
 */
export function* judgeWindow(
  reference: Columns,
  current: Columns,
  policy: DriftPolicy,
  features: Readonly<Record<string, FeatureSpec>> = {},
): Generator<undefined, JudgedWindow> {
  const specs = new Map(Object.entries(features).map(([feature, spec]) => [`feature:${feature}`, spec]));
  const found: Check[] = [];
  for (const [name, column] of reference) {
    const other = current.get(name);
    if (other === undefined) throw new TypeError(`the current columns lack ${name}`);
    found.push(...(yield* checkColumn(name, { reference: column, current: other }, policy, specs.get(name) ?? null)));
    yield;
  }
  const checks = concluded(found, policy.alpha);
  const flaggedColumns = [...new Set(checks.flatMap(({ outcome, column }) => (outcome === 'drift' ? [column] : [])))];
  return { outcome: outcomeOf(checks), flaggedColumns, checks };
}

/**
 * Two families share alpha where both are there: a p by permutation cannot be as small as a correction over hundreds of checks
 * would want.
 */
function concluded(found: readonly Check[], alpha: number): DriftCheck[] {
  const judged = found.filter(({ significance }) => significance !== null);
  const families = [true, false].map((isPermuted) => judged.filter((check) => check.isPermuted === isPermuted));
  const alphaEach = alpha / Math.max(1, families.filter(({ length }) => length > 0).length);
  const adjusted = new Map<Check, number>();
  for (const family of families) {
    const pValues = benjaminiHochberg(family.map(({ significance }) => significance?.pValue ?? 1));
    family.forEach((check, index) => adjusted.set(check, pValues[index] ?? 1));
  }
  return found.map((check) => conclude(check, adjusted.get(check) ?? 1, alphaEach));
}

function conclude(check: Check, adjusted: number, alpha: number): DriftCheck {
  const { column, effect, significance, sizes, bins, details } = check;
  return {
    column,
    check: check.check,
    outcome: outcomeOfCheck(check, adjusted, alpha),
    effect,
    significance:
      significance === null
        ? null
        : { method: significance.method, p_value: significance.pValue, adjusted_p_value: adjusted, alpha },
    n_reference: sizes.reference,
    n_current: sizes.current,
    bins,
    details,
  };
}

function outcomeOfCheck({ effect, isCalibrated }: Check, adjusted: number, alpha: number): DriftCheck['outcome'] {
  if (effect === null) return 'insufficient_data';
  if (!isCalibrated) return 'not_calibrated';
  return effect.value >= effect.threshold && adjusted <= alpha ? 'drift' : 'no_drift';
}

function outcomeOf(checks: readonly DriftCheck[]): DriftVerdict['outcome'] {
  if (checks.some(({ outcome }) => outcome === 'drift')) return 'drift';
  return checks.some(({ outcome }) => outcome === 'no_drift') ? 'no_drift' : 'insufficient_data';
}
