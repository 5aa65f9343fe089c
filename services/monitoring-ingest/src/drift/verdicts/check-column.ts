import type { FeatureSpec } from '@signalbox/contracts';
import { bothSides, type Sides } from '../comparison/samples.ts';
import { compareNewCategories, compareRange } from '../comparison/compare-quality.ts';
import { shareDifferenceP } from '../../stats/exceedance.ts';
import type { Check, Thresholds } from './check.ts';
import { checkDistribution } from './check-distribution.ts';
import { checkEmbedding } from './check-embedding.ts';
import { checkErrorRate } from './check-error-rate.ts';
import { checkSchema } from './check-schema.ts';
import { checkPerformance } from './check-performance.ts';
import { valuesIn, type Column, type ColumnOf } from './column.ts';

/** Everything that is checked of one column. Both sides are of one kind. */
export function* checkColumn(
  name: string,
  columns: Sides<Column>,
  thresholds: Thresholds,
  spec: FeatureSpec | null,
): Generator<undefined, Check[]> {
  const sizes = bothSides((side) => valuesIn(columns[side]));
  const { reference, current } = columns;
  const missing = checkMissing(name, columns, sizes, thresholds);
  const isEnough = Math.min(sizes.reference, sizes.current) >= thresholds.rows_min;
  const checks = isEnough ? yield* checkValues(name, reference, current, thresholds) : [tooFew(name, reference, sizes)];
  // What nobody sends can be missing as it likes.
  if (reference.kind !== 'numeric' && reference.kind !== 'categorical') return checks;
  return [...checks, missing, ...(spec === null ? [] : checkSchema(name, columns, thresholds, spec))];
}

function* checkValues(
  name: string,
  reference: Column,
  current: Column,
  thresholds: Thresholds,
): Generator<undefined, Check[]> {
  switch (reference.kind) {
    case 'numeric': {
      const sides = { reference, current: same(reference, current) };
      const distribution = checkDistribution(name, sides, thresholds);
      yield;
      return [distribution, checkRange(name, sides, thresholds)];
    }
    case 'categorical': {
      const sides = { reference, current: same(reference, current) };
      return [checkDistribution(name, sides, thresholds), checkNewCategories(name, sides, thresholds)];
    }
    case 'embedding':
      return [yield* checkEmbedding(name, { reference, current: same(reference, current) }, thresholds)];
    case 'error_rate':
      return [yield* checkErrorRate(name, { reference, current: same(reference, current) }, thresholds)];
    case 'estimated_performance':
      return [checkPerformance(name, { reference, current: same(reference, current) }, thresholds)];
  }
}

function checkMissing(name: string, columns: Sides<Column>, sizes: Sides<number>, thresholds: Thresholds): Check {
  const rows = bothSides((side) => sizes[side] + columns[side].missing);
  const isEnough = Math.min(rows.reference, rows.current) >= thresholds.rows_min;
  const missing = bothSides((side) => columns[side].missing);
  const shares = bothSides((side) => missing[side] / rows[side]);
  return {
    column: name,
    check: 'missing_share',
    effect: isEnough
      ? {
          method: 'missing_share',
          value: Math.abs(shares.current - shares.reference),
          threshold: thresholds.missing_share,
        }
      : null,
    significance: isEnough
      ? {
          method: 'chi_square or fisher',
          pValue: shareDifferenceP(missing.reference, rows.reference, missing.current, rows.current),
        }
      : null,
    isPermuted: false,
    isCalibrated: true,
    sizes: rows,
    bins: isEnough
      ? [
          {
            bin: 'missing',
            reference_share: shares.reference,
            current_share: shares.current,
            contribution: Math.abs(shares.current - shares.reference),
          },
        ]
      : [],
    details: { missing },
  };
}

function checkRange(name: string, { reference, current }: Sides<ColumnOf<'numeric'>>, thresholds: Thresholds): Check {
  const ascending = { reference: reference.ascending, current: current.ascending };
  const { statistic, pValue, details } = compareRange(ascending);
  return {
    column: name,
    check: 'out_of_range',
    effect: { method: 'out_of_range', value: statistic, threshold: thresholds.out_of_range_share },
    significance: { method: 'exact', pValue },
    isPermuted: false,
    isCalibrated: true,
    sizes: { reference: ascending.reference.length, current: ascending.current.length },
    bins: [],
    details,
  };
}

function checkNewCategories(name: string, columns: Sides<ColumnOf<'categorical'>>, thresholds: Thresholds): Check {
  const { statistic, pValue, details } = compareNewCategories(bothSides((side) => columns[side].counts));
  return {
    column: name,
    check: 'new_categories',
    effect: { method: 'new_categories', value: statistic, threshold: thresholds.new_categories_share },
    significance: { method: 'exact', pValue },
    isPermuted: false,
    isCalibrated: true,
    sizes: bothSides((side) => valuesIn(columns[side])),
    bins: [],
    details,
  };
}

function tooFew(name: string, column: Column, sizes: Sides<number>): Check {
  return {
    column: name,
    check: mainCheck(column),
    effect: null,
    significance: null,
    isPermuted: false,
    isCalibrated: true,
    sizes,
    bins: [],
    details: {},
  };
}

function mainCheck({ kind }: Column): Check['check'] {
  switch (kind) {
    case 'numeric':
    case 'categorical':
    case 'embedding':
      return 'distribution';
    case 'error_rate':
      return 'error_rate_rise';
    case 'estimated_performance':
      return 'estimated_performance';
  }
}

/** The current column in the kind of the reference; columns are read so. */
function same<Kind extends Column['kind']>({ kind }: { kind: Kind }, current: Column): ColumnOf<Kind> {
  if (current.kind !== kind) throw new TypeError(`a ${current.kind} column beside a ${kind} one`);
  return current as ColumnOf<Kind>;
}
