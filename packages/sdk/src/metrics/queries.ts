import type { Caller, CallOptions } from '../calls/caller.ts';
import { eachRow } from '../calls/each-row.ts';
import type { Answer, Query } from '../calls/operations.ts';
import { readBytes } from '../streams/read-bytes.ts';

type SampleRow = Answer<'listSamples'>['data'][number];

/** What was measured, asked back. */
export interface MetricQueries {
  /** One metric over time, in buckets; a gap is a bucket without a value. */
  series(query: Query<'getSeries'>, options?: CallOptions): Promise<Answer<'getSeries'>>;
  categories(query: Query<'getCategories'>, options?: CallOptions): Promise<Answer<'getCategories'>>;
  summary(query?: Query<'getSummary'>, options?: CallOptions): Promise<Answer<'getSummary'>>;
  anomalies(query: Query<'getAnomalies'>, options?: CallOptions): Promise<Answer<'getAnomalies'>>;
  forecast(query: Query<'getForecast'>, options?: CallOptions): Promise<Answer<'getForecast'>>;
  samples(query?: Query<'listSamples'>, options?: CallOptions): Promise<Answer<'listSamples'>>;
  eachSample(query?: Query<'listSamples'>, options?: CallOptions): AsyncGenerator<SampleRow, void, undefined>;
  reportedDrift(query?: Query<'listReportedDrift'>, options?: CallOptions): Promise<Answer<'listReportedDrift'>>;
  /** The rows as CSV, JSON or NDJSON, as they come; leaving the loop ends the export. */
  export(query?: Query<'exportSamples'>, options?: CallOptions): AsyncGenerator<Uint8Array, void, undefined>;
}

export function openMetricQueries(caller: Caller): MetricQueries {
  const samples: MetricQueries['samples'] = (query = {}, options) => caller.call('listSamples', { query }, options);
  return {
    series: (query, options) => caller.call('getSeries', { query }, options),
    categories: (query, options) => caller.call('getCategories', { query }, options),
    summary: (query = {}, options) => caller.call('getSummary', { query }, options),
    anomalies: (query, options) => caller.call('getAnomalies', { query }, options),
    forecast: (query, options) => caller.call('getForecast', { query }, options),
    samples,
    eachSample: (query = {}, options) => eachRow((cursor) => samples({ limit: 100, ...query, ...cursor }, options)),
    reportedDrift: (query = {}, options) => caller.call('listReportedDrift', { query }, options),
    async *export(query = {}, options = {}) {
      const open = await caller.open('exportSamples', { query, accept: '*/*' }, options);
      yield* readBytes(open, options.signal ?? null);
    },
  };
}
