import type { DriftColumnKind } from '@signalbox/contracts';
import type { ScoredPrediction } from '../../stats/performance.ts';

/** One column of a sample, as checks need it. `missing` counts rows without a value, or with one of another kind. */
export type Column =
  | { kind: 'numeric'; missing: number; ascending: Float64Array }
  | { kind: 'categorical'; missing: number; counts: Map<string, number> }
  | { kind: 'embedding'; missing: number; vectors: number[][] }
  /** In the order of time. */
  | { kind: 'error_rate'; missing: number; stream: Float64Array }
  | { kind: 'estimated_performance'; missing: number; predictions: LabelledPrediction[] };

/** `isTrue`: whether the positive class it was; null where nobody said. */
export type LabelledPrediction = ScoredPrediction & { isTrue: boolean | null };

export type ColumnOf<Kind extends DriftColumnKind> = Extract<Column, { kind: Kind }>;

/** By name, in order. */
export type Columns = ReadonlyMap<string, Column>;

export function valuesIn(column: Column): number {
  switch (column.kind) {
    case 'numeric':
      return column.ascending.length;
    case 'categorical': {
      let total = 0;
      for (const count of column.counts.values()) total += count;
      return total;
    }
    case 'embedding':
      return column.vectors.length;
    case 'error_rate':
      return column.stream.length;
    case 'estimated_performance':
      return column.predictions.length;
  }
}

export function emptyColumn(kind: DriftColumnKind, missing: number): Column {
  switch (kind) {
    case 'numeric':
      return { kind, missing, ascending: new Float64Array() };
    case 'categorical':
      return { kind, missing, counts: new Map() };
    case 'embedding':
      return { kind, missing, vectors: [] };
    case 'error_rate':
      return { kind, missing, stream: new Float64Array() };
    case 'estimated_performance':
      return { kind, missing, predictions: [] };
  }
}
