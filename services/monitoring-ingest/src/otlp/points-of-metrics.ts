import type { PointHistogram, PointKind, PointRow } from '../intake/rows.ts';
import { timeProblem, type TimeWindow } from '../intake/time-window.ts';
import { labelsOf } from './attributes.ts';
import { bucketsOf } from './exponential-buckets.ts';
import type {
  ExponentialPoint,
  HistogramPoint,
  KeyValue,
  Metric,
  MetricsRequest,
  NumberPoint,
  SummaryPoint,
} from './messages.ts';

/** What a request holds that can be stored, and how much of it cannot. */
export interface ReadPoints {
  points: readonly PointRow[];
  rejected: number;
  /** What was expected of the first that was rejected; null: none was. */
  message: string | null;
}

/** What is to be stored of one data point; a text says why it cannot be, null that it says nothing. */
type Measured = Pick<PointRow, 'value' | 'kind' | 'histogram'> | string | null;

interface DataPoint {
  timeUnixNano: number | undefined;
  attributes: readonly KeyValue[];
  flags: number | undefined;
}

const noRecordedValue = 1;
const metricCharactersMax = 500;
const bucketsMax = 2_000;
/** Of `aggregationTemporality`; 0 and what nobody knows is taken for a sum since some beginning. */
const delta = 1;

/** Every data point as a row, each for itself: one that cannot be stored is counted, and its neighbours are. */
export function pointsOfMetrics(request: MetricsRequest, window: TimeWindow): ReadPoints {
  const points: PointRow[] = [];
  let rejected = 0;
  let message: string | null = null;
  for (const { resource, scopeMetrics } of request.resourceMetrics) {
    const common = resource?.attributes ?? [];
    for (const metric of scopeMetrics.flatMap(({ metrics }) => metrics)) {
      for (const [point, measure] of measurementsOf(metric)) {
        const row = rowOf(metric, common, point, measure, window);
        if (row === null) continue;
        if (typeof row !== 'string') points.push(row);
        else {
          rejected += 1;
          message ??= row;
        }
      }
    }
  }
  return { points, rejected, message };
}

function rowOf(
  { name = '', unit = '' }: Metric,
  common: readonly KeyValue[],
  { timeUnixNano = 0, attributes, flags = 0 }: DataPoint,
  measure: () => Measured,
  window: TimeWindow,
): PointRow | string | null {
  if ((flags & noRecordedValue) !== 0) return null;
  const measured = measure();
  if (measured === null || typeof measured === 'string') return measured;
  if (name === '' || name.length > metricCharactersMax)
    return `Expected a metric's name of 1 to ${metricCharactersMax.toString()} characters.`;
  const timeMs = timeUnixNano / 1e6;
  const labels = labelsOf(common, attributes);
  const problem = timeProblem(timeMs, window);
  if (problem !== null) return problem;
  if (labels === null) return 'Expected at most 100 attributes.';
  return { timeMs, metric: name, labels, unit: unit === '' ? null : unit, source: 'otlp', ...measured };
}

function measurementsOf(metric: Metric): (readonly [DataPoint, () => Measured])[] {
  const { gauge, sum, histogram, exponentialHistogram: exponential, summary } = metric;
  const sumKind = kindOfSum(sum?.aggregationTemporality, sum?.isMonotonic);
  return [
    ...(gauge?.dataPoints ?? []).map((point) => [point, () => numberOf(point, 'gauge')] as const),
    ...(sum?.dataPoints ?? []).map((point) => [point, () => numberOf(point, sumKind)] as const),
    ...(histogram?.dataPoints ?? []).map(
      (point) => [point, () => histogramOf(point, histogram?.aggregationTemporality)] as const,
    ),
    ...(exponential?.dataPoints ?? []).map(
      (point) => [point, () => exponentialOf(point, exponential?.aggregationTemporality)] as const,
    ),
    ...(summary?.dataPoints ?? []).map((point) => [point, () => summaryOf(point)] as const),
  ];
}

/** What may go down, and is a sum since some beginning, is as good as a gauge. */
function kindOfSum(temporality: number | undefined, isMonotonic: boolean | undefined): PointKind {
  if (temporality === delta) return 'delta';
  return isMonotonic === true ? 'counter' : 'gauge';
}

function numberOf({ asDouble, asInt }: NumberPoint, kind: PointKind): Measured {
  const value = asDouble ?? asInt;
  if (value === undefined) return 'Expected asDouble or asInt.';
  // Not a number says that there is none.
  if (Number.isNaN(value)) return null;
  return Number.isFinite(value) ? { value, kind, histogram: null } : 'Expected a finite value.';
}

function histogramOf(point: HistogramPoint, temporality: number | undefined): Measured {
  const { bucketCounts: counts, explicitBounds: bounds } = point;
  if (counts.length > bucketsMax) return `Expected at most ${bucketsMax.toLocaleString('en')} buckets.`;
  if (counts.length > 0 && counts.length !== bounds.length + 1) return 'Expected one bucket more than bounds.';
  if (bounds.some((bound, index) => !(bound > (bounds[index - 1] ?? -Infinity)) || bound === Infinity))
    return 'Expected bounds that grow.';
  return distribution(point, temporality, counts.length === 0 ? {} : { bounds, counts });
}

function exponentialOf(point: ExponentialPoint, temporality: number | undefined): Measured {
  const buckets = bucketsOf(point);
  return buckets === null
    ? 'Expected an exponential histogram whose bounds are doubles.'
    : distribution(point, temporality, buckets);
}

function summaryOf({ quantileValues, ...point }: SummaryPoint): Measured {
  const quantiles = quantileValues.flatMap(({ quantile = 0, value = 0 }) =>
    Number.isFinite(quantile) && Number.isFinite(value) ? [[quantile, value] as const] : [],
  );
  const { count = 0, sum } = point;
  return withMean('summary', { ...totals({ count, sum }), quantiles });
}

function distribution(
  point: Parameters<typeof totals>[0],
  temporality: number | undefined,
  shape: Pick<PointHistogram, 'bounds' | 'counts'>,
): Measured {
  return withMean('histogram', {
    ...totals(point),
    ...shape,
    temporality: temporality === delta ? 'delta' : 'cumulative',
  });
}

function totals({
  count = 0,
  sum,
  min,
  max,
}: {
  count?: number | undefined;
  sum?: number | undefined;
  min?: number | undefined;
  max?: number | undefined;
}): Pick<PointHistogram, 'count' | 'sum' | 'min' | 'max'> {
  return { count, sum: finite(sum), min: finite(min), max: finite(max) };
}

function withMean(kind: 'histogram' | 'summary', histogram: PointHistogram): Measured {
  const { count, sum } = histogram;
  return { value: count > 0 && sum !== null ? sum / count : 0, kind, histogram };
}

function finite(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
