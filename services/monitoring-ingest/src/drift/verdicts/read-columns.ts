import type { DriftColumnKind, DriftRow, FeatureSpec } from '@signalbox/contracts';
import { sorted } from '../../stats/quantile.ts';
import { countsOf } from '../comparison/read-samples.ts';
import { emptyColumn, type Column, type Columns, type LabelledPrediction } from './column.ts';

export interface ReadingRules {
  /** What the model's schema says of its features; where it says nothing the values do. */
  features: Readonly<Record<string, FeatureSpec>>;
  /** Of the reference, for the current side: a column keeps its kind. */
  kinds: ReadonlyMap<string, DriftColumnKind> | null;
  /** The prediction whose probability the score is; null: the decision is at a score of 0.5. */
  positiveLabel: string | null;
}

type Value = number | string | boolean | null | undefined;

/** Vectors beyond these cost more than they tell: the kernel is a square of them. */
const vectorsMax = 250;

/** Makes columns of rows, which are in the order of time. With `kinds`, of those columns and no others. */
export function readColumns(rows: readonly DriftRow[], rules: ReadingRules): Columns {
  const { kinds } = rules;
  const columns = new Map<string, Column>();
  const put = (name: string, column: Column | null): void => {
    if (column !== null && (kinds === null || kinds.get(name) === column.kind)) columns.set(name, column);
  };
  for (const feature of featureNames(rows)) {
    const name = `feature:${feature}`;
    const values = rows.map(({ features }) => features?.[feature]);
    put(name, readValues(values, kinds?.get(name) ?? kindOfFeature(rules.features[feature], values)));
  }
  const predictions = asNumbers(
    rows.map(({ prediction }) => prediction),
    kinds?.get('prediction') ?? null,
  );
  put('prediction', readValues(predictions, kinds?.get('prediction') ?? kindOf(predictions)));
  put(
    'score',
    readValues(
      rows.map(({ score }) => score),
      'numeric',
    ),
  );
  put('embedding', readVectors(rows));
  put('error_rate', readErrors(rows));
  put('performance', readPerformance(rows, rules.positiveLabel));
  for (const [name, kind] of kinds ?? []) {
    if (!columns.has(name)) columns.set(name, emptyColumn(kind, rows.length));
  }
  return columns;
}

/** Names that rows have and the reference has not. */
export function unknownColumns(rows: readonly DriftRow[], kinds: ReadonlyMap<string, DriftColumnKind>): string[] {
  return featureNames(rows)
    .map((feature) => `feature:${feature}`)
    .filter((name) => !kinds.has(name));
}

function featureNames(rows: readonly DriftRow[]): string[] {
  const names = new Set<string>();
  for (const { features } of rows) for (const name in features ?? {}) names.add(name);
  return [...names].sort();
}

function kindOfFeature(spec: FeatureSpec | undefined, values: readonly Value[]): 'numeric' | 'categorical' {
  if (spec === undefined) return kindOf(values);
  return spec.kind === 'number' ? 'numeric' : 'categorical';
}

/** Numeric where every value is a number. */
function kindOf(values: readonly Value[]): 'numeric' | 'categorical' {
  return values.every((value) => value === undefined || value === null || typeof value === 'number')
    ? 'numeric'
    : 'categorical';
}

/** Predictions are stored as text. They are numbers where all of them are, or where the reference's were. */
function asNumbers(values: readonly Value[], kind: DriftColumnKind | null): readonly Value[] {
  const numbers = values.map((value) => (typeof value === 'string' ? numberIn(value) : value));
  const isNumeric = kind === null ? numbers.every((value) => typeof value !== 'string') : kind === 'numeric';
  return isNumeric ? numbers : values;
}

function numberIn(text: string): number | string {
  const number = /^\s*$/.test(text) ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : text;
}

/** Null where no row has a value. */
function readValues(values: readonly Value[], kind: DriftColumnKind): Column | null {
  const present = values.filter((value) => value !== undefined && value !== null);
  if (present.length === 0) return null;
  if (kind === 'categorical') {
    return { kind, missing: values.length - present.length, counts: countsOf(present.map(String)) };
  }
  const numbers = present.filter((value) => typeof value === 'number');
  return { kind: 'numeric', missing: values.length - numbers.length, ascending: sorted(numbers) };
}

/** Null says as much as leaving it out. */
function isGiven<Given>(value: Given | null | undefined): value is Given {
  return value !== undefined && value !== null;
}

function readVectors(rows: readonly DriftRow[]): Column | null {
  const given = rows.flatMap(({ embedding }) => (isGiven(embedding) ? [embedding] : []));
  const dimensions = given[0]?.length ?? 0;
  const vectors = given.filter((vector) => vector.length === dimensions && dimensions > 0);
  if (vectors.length === 0) return null;
  const step = Math.max(1, Math.ceil(vectors.length / vectorsMax));
  const kept = vectors.filter((_, index) => index % step === 0);
  return { kind: 'embedding', missing: rows.length - vectors.length, vectors: kept };
}

/** What was measured as an error rate, or whether the prediction was wrong. */
function readErrors(rows: readonly DriftRow[]): Column | null {
  const errors = rows.flatMap(({ error_rate: rate, prediction, actual }) => {
    if (isGiven(rate)) return [rate];
    if (!isGiven(prediction) || !isGiven(actual)) return [];
    return [String(prediction) === String(actual) ? 0 : 1];
  });
  if (errors.length === 0) return null;
  return { kind: 'error_rate', missing: rows.length - errors.length, stream: Float64Array.from(errors) };
}

function readPerformance(rows: readonly DriftRow[], positiveLabel: string | null): Column | null {
  const predictions = rows.flatMap(({ score, prediction, actual }): LabelledPrediction[] => {
    if (!isGiven(score)) return [];
    if (positiveLabel === null) return [{ score, isPositive: score >= 0.5, isTrue: null }];
    if (!isGiven(prediction)) return [];
    const isTrue = isGiven(actual) ? String(actual) === positiveLabel : null;
    return [{ score, isPositive: String(prediction) === positiveLabel, isTrue }];
  });
  if (predictions.length === 0) return null;
  return { kind: 'estimated_performance', missing: rows.length - predictions.length, predictions };
}
