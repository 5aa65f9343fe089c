import type { FeatureSpec } from '@signalbox/contracts';
import { shareDifferenceP } from '../../stats/exceedance.ts';
import { bothSides, type Sides } from '../comparison/samples.ts';
import type { Check, Thresholds } from './check.ts';
import { valuesIn, type Column } from './column.ts';

/** Whether more values than before are outside what the model's schema allows; nothing where it allows everything. */
export function checkSchema(name: string, columns: Sides<Column>, thresholds: Thresholds, spec: FeatureSpec): Check[] {
  const outside = bothSides((side) => countOutside(columns[side], spec));
  const { reference, current } = outside;
  const sizes = bothSides((side) => valuesIn(columns[side]));
  if (reference === null || current === null || Math.min(sizes.reference, sizes.current) < thresholds.rows_min)
    return [];
  const shares = { reference: reference / sizes.reference, current: current / sizes.current };
  const rise = shares.current - shares.reference;
  return [
    {
      column: name,
      check: 'outside_schema',
      effect: { method: 'outside_schema', value: Math.max(0, rise), threshold: thresholds.out_of_range_share },
      significance: {
        method: 'chi_square or fisher',
        pValue: shareDifferenceP(reference, sizes.reference, current, sizes.current),
      },
      isPermuted: false,
      isCalibrated: true,
      sizes,
      bins: [{ bin: 'outside', reference_share: shares.reference, current_share: shares.current, contribution: rise }],
      details: { outside },
    },
  ];
}

/** Null where the schema sets no bounds to such a column. */
function countOutside(column: Column, { min, max, values }: FeatureSpec): number | null {
  if (column.kind === 'numeric' && (min !== undefined || max !== undefined)) {
    const isOutside = (value: number) => value < (min ?? -Infinity) || value > (max ?? Infinity);
    return column.ascending.reduce((count, value) => count + (isOutside(value) ? 1 : 0), 0);
  }
  if (column.kind !== 'categorical' || values === undefined) return null;
  const allowed = new Set(values);
  let outside = 0;
  for (const [category, count] of column.counts) if (!allowed.has(category)) outside += count;
  return outside;
}
