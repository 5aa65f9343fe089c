import { momentsOf } from '../../stats/moments.ts';
import { pageHinkley, pageHinkleyPInSteps } from '../../stats/page-hinkley.ts';
import { defaultSettings } from '../comparison/outcome.ts';
import type { Sides } from '../comparison/samples.ts';
import type { Check, Thresholds } from './check.ts';
import type { ColumnOf } from './column.ts';

const permutations = 999;

/** Concept drift: whether errors became more, by Page and Hinkley over the reference's stream and then the current one. */
export function* checkErrorRate(
  name: string,
  { reference, current }: Sides<ColumnOf<'error_rate'>>,
  thresholds: Thresholds,
): Generator<undefined, Check> {
  const [was, is] = [momentsOf(reference.stream).mean, momentsOf(current.stream).mean];
  const stream = new Float64Array(reference.stream.length + current.stream.length);
  stream.set(reference.stream);
  stream.set(current.stream, reference.stream.length);
  // Half of the rise that matters: less lets the sum wander before the change, more misses it.
  const delta = thresholds.error_rate_rise / 2;
  const { lambda } = defaultSettings;
  const { statistic, alarmAt, changeAt } = pageHinkley(stream, { delta, lambda });
  const pValue = yield* pageHinkleyPInSteps(stream, { delta, lambda, permutations, seed: 1 });
  return {
    column: name,
    check: 'error_rate_rise',
    effect: { method: 'mean', value: is - was, threshold: thresholds.error_rate_rise },
    significance: { method: `page_hinkley by ${String(permutations)} permutations`, pValue },
    isPermuted: true,
    isCalibrated: true,
    sizes: { reference: reference.stream.length, current: current.stream.length },
    bins: [],
    details: {
      reference_error_rate: was,
      current_error_rate: is,
      page_hinkley: statistic,
      is_alarm: alarmAt !== null,
      // Counted from the first row of the window; negative: among the rows of the reference.
      change_at_row: changeAt - reference.stream.length,
    },
  };
}
