import type { DriftColumnKind } from '@signalbox/contracts';
import { z } from 'zod';
import type { Column } from '../verdicts/column.ts';

/** A column as it lies in Postgres: its numbers in one array, and what is not a number beside it. */
export interface StoredColumn {
  kind: DriftColumnKind;
  missing: number;
  numbers: number[] | null;
  /** Of vectors, which lie in `numbers` one after the other. */
  dimensions: number | null;
  labels: unknown;
}

const Categories = z.array(z.tuple([z.string(), z.number()]));
/** Whether the positive class was predicted, and whether it was true. */
const Decisions = z.array(z.tuple([z.boolean(), z.boolean().nullable()]));

export function storeColumn(column: Column): StoredColumn {
  const { kind, missing } = column;
  const nothing = { kind, missing, numbers: null, dimensions: null, labels: null };
  switch (column.kind) {
    case 'numeric':
      return { ...nothing, numbers: [...column.ascending] };
    case 'categorical':
      return { ...nothing, labels: [...column.counts] };
    case 'embedding':
      return { ...nothing, numbers: column.vectors.flat(), dimensions: column.vectors[0]?.length ?? 0 };
    case 'error_rate':
      return { ...nothing, numbers: [...column.stream] };
    case 'estimated_performance':
      return {
        ...nothing,
        numbers: column.predictions.map(({ score }) => score),
        labels: column.predictions.map(({ isPositive, isTrue }) => [isPositive, isTrue]),
      };
  }
}

export function restoreColumn({ kind, missing, numbers, dimensions, labels }: StoredColumn): Column {
  const values = numbers ?? [];
  switch (kind) {
    case 'numeric':
      return { kind, missing, ascending: Float64Array.from(values) };
    case 'categorical':
      return { kind, missing, counts: new Map(Categories.parse(labels)) };
    case 'embedding': {
      const length = dimensions ?? 0;
      const count = length === 0 ? 0 : values.length / length;
      const vectors = Array.from({ length: count }, (_, index) => values.slice(index * length, (index + 1) * length));
      return { kind, missing, vectors };
    }
    case 'error_rate':
      return { kind, missing, stream: Float64Array.from(values) };
    case 'estimated_performance': {
      const decisions = Decisions.parse(labels);
      return {
        kind,
        missing,
        predictions: decisions.map(([isPositive, isTrue], index) => ({
          score: values[index] ?? 0,
          isPositive,
          isTrue,
        })),
      };
    }
  }
}
