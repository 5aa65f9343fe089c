import * as prometheus from 'prom-client';
import { redactText } from './redact-text.ts';

export interface MetricOptions<Label extends string> {
  /** Own metrics begin with `signalbox_` and end with their unit (`_seconds`, `_bytes`, `_total`). */
  name: string;
  help: string;
  labels?: readonly Label[];
  /** How many sets of label values there may be; further ones are counted under `other`. Default 200. */
  seriesMax?: number;
}

export interface HistogramOptions<Label extends string> extends MetricOptions<Label> {
  /** Default: `durationBuckets`, in seconds. */
  buckets?: readonly number[];
}

export type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

export interface Counter<Label extends string = never> {
  inc(labels?: LabelValues<Label>, by?: number): void;
}

export interface Gauge<Label extends string = never> {
  set(labels: LabelValues<Label>, value: number): void;
  add(labels: LabelValues<Label>, by: number): void;
}

export interface Histogram<Label extends string = never> {
  observe(labels: LabelValues<Label>, value: number): void;
}

/** Makes metrics, each name once: asking for a metric that exists gives back the first one. */
export interface Meters {
  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label>;
  gauge<Label extends string = never>(options: MetricOptions<Label>): Gauge<Label>;
  histogram<Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label>;
}

/** One set of buckets for every duration, so that quantiles of different parts can be compared; in seconds. */
export const durationBuckets = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60,
] as const;

export function createMeters(registry: prometheus.Registry): Meters {
  const made = new Map<string, { shape: string; metric: unknown }>();

  function once<Metric>(kind: string, { name, labels = [] }: MetricOptions<string>, make: () => Metric): Metric {
    const shape = `${kind}(${labels.join()})`;
    const first = made.get(name);
    if (first === undefined) {
      const metric = make();
      made.set(name, { shape, metric });
      return metric;
    }
    if (first.shape !== shape) throw new TypeError(`${name} is ${first.shape} already and cannot be ${shape} as well`);
    // The shape is the type: what was made under it is what is asked for.
    return first.metric as Metric;
  }

  return {
    counter: <Label extends string = never>(options: MetricOptions<Label>): Counter<Label> =>
      once('counter', options, () => {
        const counter = new prometheus.Counter<string>(configuration(options, registry));
        const bounded = boundedLabels(options);
        return {
          inc(labels, by = 1) {
            if (by > 0 && Number.isFinite(by)) counter.inc(bounded(labels), by);
          },
        };
      }),
    gauge: <Label extends string = never>(options: MetricOptions<Label>): Gauge<Label> =>
      once('gauge', options, () => {
        const gauge = new prometheus.Gauge<string>(configuration(options, registry));
        const bounded = boundedLabels(options);
        return {
          set(labels, value) {
            if (Number.isFinite(value)) gauge.set(bounded(labels), value);
          },
          add(labels, by) {
            if (Number.isFinite(by)) gauge.inc(bounded(labels), by);
          },
        };
      }),
    histogram: <Label extends string = never>(options: HistogramOptions<Label>): Histogram<Label> =>
      once('histogram', options, () => {
        const buckets = [...(options.buckets ?? durationBuckets)];
        const histogram = new prometheus.Histogram<string>({ ...configuration(options, registry), buckets });
        const bounded = boundedLabels(options);
        return {
          observe(labels, value) {
            if (Number.isFinite(value)) histogram.observe(bounded(labels), value);
          },
        };
      }),
  };
}

function configuration<Label extends string>(
  { name, help, labels = [] }: MetricOptions<Label>,
  registry: prometheus.Registry,
) {
  return { name, help, labelNames: [...labels], registers: [registry] };
}

/**
 * Lets as many different sets of label values through as there may be, and turns every further one into `other`: a
 * label that follows what clients send must not fill the memory or block the loop at a scrape.
 */
function boundedLabels<Label extends string>({ labels = [], seriesMax = 200 }: MetricOptions<Label>) {
  const series = new Map<string, Record<string, string>>();
  const other = Object.fromEntries(labels.map((label) => [label, 'other']));
  return (values: LabelValues<Label> | undefined): Record<string, string> => {
    const given = labels.map((label) => values?.[label] ?? '');
    const known = series.get(given.join('\0'));
    if (known !== undefined) return known;
    if (series.size >= seriesMax) return other;
    const safe = Object.fromEntries(
      labels.map((label, index) => [label, redactText(given[index] ?? '').slice(0, 200)]),
    );
    series.set(given.join('\0'), safe);
    return safe;
  };
}
