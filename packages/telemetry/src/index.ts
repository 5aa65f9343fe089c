export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export { type HttpMetrics, type HttpOutcome } from './http-metrics.ts';
export {
  durationBuckets,
  type Counter,
  type Gauge,
  type Histogram,
  type HistogramOptions,
  type LabelValues,
  type MetricOptions,
} from './meters.ts';
export { createMetrics, type BreakerState, type Metrics } from './metrics.ts';
export {
  currentRequest,
  currentTrace,
  isTraced,
  outgoingTraceparent,
  runInRequest,
  traceOfIncoming,
  type RequestContext,
} from './request-context.ts';
export {
  childTraceparent,
  formatTraceparent,
  newTraceparent,
  parseTraceparent,
  type Traceparent,
} from './traceparent.ts';
