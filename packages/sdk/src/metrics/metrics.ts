import { isOutage } from '../calls/retry.ts';
import type { Caller, CallOptions } from '../calls/caller.ts';
import type { Answer, Body } from '../calls/operations.ts';
import type { Platform } from '../platform/platform.ts';
import type { RejectedField, SignalboxError } from '../signalbox-error.ts';
import { monitor, startTimer, type MonitorOptions, type SampleDetails, type Timer } from './monitor.ts';
import { openMetricQueries, type MetricQueries } from './queries.ts';
import { openSampleBuffer, type BufferOptions, type FlushResult, type SendHow } from './sample-buffer.ts';
import { toLine, type SampleInput, type SampleLine } from './sample.ts';
import { batchItemsMax, sendLines, type ChunkSize, type LineOutcome } from './send-lines.ts';

export interface CollectResult {
  /** `buffered`: it could not be sent now and goes with the next flush. */
  status: 'stored' | 'buffered';
  requestId: string;
}

export interface BatchError {
  /** Its place in what was given. */
  index: number;
  requestId: string;
  /** True: it may be sent again as it is. False: it is not valid. */
  isRetryable: boolean;
  message: string;
  fields: readonly RejectedField[];
  /** Why its request failed; null where the server refused this sample alone. */
  cause: SignalboxError | null;
}

/** `success`, `failed` and `buffered` add up to what was given. */
export interface BatchOutcome {
  success: number;
  failed: number;
  buffered: number;
  errors: BatchError[];
}

export interface Metrics extends MetricQueries {
  /** Sends one sample and gives word when it is stored. Throws when it is not, unless buffering is on. */
  collectInferenceMetric(sample: SampleInput, options?: CallOptions): Promise<CollectResult>;
  /**
   * Sends many samples, in order, one request for up to 10,000, and tells what became of each; an outage is a result and
   * no throw. The input stays as it is.
   */
  collectInferenceMetricsBatch(samples: readonly SampleInput[], options?: CallOptions): Promise<BatchOutcome>;
  /** What cannot be sent from now on is kept, and sent when the server answers again. May be called again with other options. */
  enableBuffering(options?: BufferOptions): void;
  /** Sends what is kept. Several calls at once are one. Never throws: see `error` and `kept`. */
  flushBuffer(): Promise<FlushResult>;
  bufferCounts(): { size: number; dropped: number };
  /** Puts a sample into the buffer, to be sent with others within a second. Never throws and never waits. */
  record(sample: SampleInput): void;
  /** Wraps a function so that each call is recorded, and changes nothing else about it. */
  monitor<This, Args extends unknown[], Result>(
    fn: (this: This, ...args: Args) => Result,
    options: MonitorOptions<Awaited<Result>>,
  ): (this: This, ...args: Args) => Result;
  startTimer(details: SampleDetails): Timer;
  reportDrift(drift: Body<'reportDrift'>, options?: CallOptions): Promise<Answer<'reportDrift'>>;
  recordResources(usage: Body<'recordResources'>, options?: CallOptions): Promise<Answer<'recordResources'>>;
}

/** With `close`, for the client that owns it. */
export interface OwnedMetrics extends Metrics {
  recovered(): void;
  close(): Promise<void>;
}

export function openMetrics(caller: Caller, platform: Platform): OwnedMetrics {
  const size: ChunkSize = { itemsMax: batchItemsMax };
  let isBuffering = false;

  const sendAll = (lines: readonly SampleLine[], options: CallOptions & SendHow): Promise<LineOutcome[]> =>
    sendLines(lines, size, (bytes) =>
      caller.callWithBody(
        'recordBatch',
        { query: { results: 'rejected' }, body: { contentType: 'application/json', bytes } },
        options,
      ),
    );
  const buffer = openSampleBuffer({ platform, send: sendAll });
  const stamped = (sample: SampleInput) => toLine(sample, isBuffering ? { timestamp: new Date().toISOString() } : {});
  const record = (sample: SampleInput): void => {
    try {
      buffer.add([toLine(sample, { timestamp: new Date().toISOString() })]);
    } catch {
      // What JSON cannot hold is no reason for the caller to fail.
    }
  };

  return {
    ...openMetricQueries(caller),
    async collectInferenceMetric(sample, options) {
      const line = stamped(sample);
      if (isBuffering && buffer.isBehind()) {
        buffer.add([line]);
        return { status: 'buffered', requestId: line.requestId };
      }
      try {
        const body = { contentType: 'application/json', bytes: line.json };
        await caller.callWithBody('recordInference', { body }, options);
        return { status: 'stored', requestId: line.requestId };
      } catch (error) {
        if (!isBuffering || !isOutage(error)) throw error;
        buffer.add([line], { isUnsent: true });
        return { status: 'buffered', requestId: line.requestId };
      }
    },
    async collectInferenceMetricsBatch(samples, options = {}) {
      const lines = samples.map(stamped);
      if (isBuffering && buffer.isBehind()) {
        buffer.add(lines);
        return { success: 0, failed: 0, buffered: lines.length, errors: [] };
      }
      const outcomes = await sendAll(lines, options);
      const mayBeKept = outcomes.map((outcome) => isBuffering && outcome.kind === 'unsent' && isOutage(outcome.error));
      const kept = lines.filter((_, index) => mayBeKept[index]);
      if (kept.length > 0) buffer.add(kept, { isUnsent: true });
      const errors = outcomes.flatMap((outcome, index): BatchError[] =>
        outcome.kind === 'stored' || mayBeKept[index] === true
          ? []
          : [errorOf(outcome, index, lines[index]?.requestId ?? '')],
      );
      return {
        success: outcomes.filter(({ kind }) => kind === 'stored').length,
        failed: errors.length,
        buffered: kept.length,
        errors,
      };
    },
    enableBuffering(options = {}) {
      buffer.configure(options);
      isBuffering = true;
    },
    flushBuffer: () => buffer.flush(),
    bufferCounts: () => buffer.counts(),
    record,
    monitor: (fn, options) => monitor(record, fn, options),
    startTimer: (details) => startTimer(record, details),
    reportDrift: (body, options) => caller.call('reportDrift', { body }, options),
    recordResources: (body, options) => caller.call('recordResources', { body }, options),
    recovered: () => buffer.recovered(),
    close: () => buffer.close(),
  };
}

function errorOf(outcome: Exclude<LineOutcome, { kind: 'stored' }>, index: number, requestId: string): BatchError {
  switch (outcome.kind) {
    case 'rejected':
      return { index, requestId, isRetryable: false, message: outcome.message, fields: outcome.fields, cause: null };
    case 'unsent': {
      const { error } = outcome;
      return { index, requestId, isRetryable: true, message: error.message, fields: error.fields, cause: error };
    }
  }
}
