import {
  hexBytes,
  message,
  messages,
  recursive,
  recursives,
  scalar,
  scalars,
  type Decoded,
  type MessageType,
} from '../protobuf/message.ts';

// opentelemetry-proto 1.x, as far as it is read here: the names and numbers of its fields.

/** Any one of these; none of them is the empty value. */
export interface AnyValue {
  readonly stringValue?: string | undefined;
  readonly boolValue?: boolean | undefined;
  readonly intValue?: number | undefined;
  readonly doubleValue?: number | undefined;
  readonly bytesValue?: Buffer | undefined;
  readonly arrayValue?: { readonly values: readonly AnyValue[] } | undefined;
  readonly kvlistValue?: { readonly values: readonly KeyValue[] } | undefined;
}

export interface KeyValue {
  readonly key?: string | undefined;
  readonly value?: AnyValue | undefined;
}

const arrayValue: MessageType = { values: recursives<AnyValue>(1, () => anyValue) };
const keyValueList: MessageType = { values: recursives<KeyValue>(1, () => keyValue) };
const anyValue: MessageType = {
  stringValue: scalar(1, 'string'),
  boolValue: scalar(2, 'bool'),
  intValue: scalar(3, 'int64'),
  doubleValue: scalar(4, 'double'),
  arrayValue: recursive<AnyValue['arrayValue']>(5, () => arrayValue),
  kvlistValue: recursive<AnyValue['kvlistValue']>(6, () => keyValueList),
  bytesValue: scalar(7, 'bytes'),
};
const keyValue: MessageType = { key: scalar(1, 'string'), value: recursive<AnyValue>(2, () => anyValue) };
const attributes = (id: number) => recursives<KeyValue>(id, () => keyValue);

const resource = { attributes: attributes(1) };
const scope = { name: scalar(1, 'string'), version: scalar(2, 'string') };

const numberPoint = {
  timeUnixNano: scalar(3, 'fixed64'),
  asDouble: scalar(4, 'double'),
  asInt: scalar(6, 'sfixed64'),
  attributes: attributes(7),
  flags: scalar(8, 'uint32'),
};
const histogramPoint = {
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: scalar(5, 'double'),
  bucketCounts: scalars(6, 'fixed64'),
  explicitBounds: scalars(7, 'double'),
  attributes: attributes(9),
  flags: scalar(10, 'uint32'),
  min: scalar(11, 'double'),
  max: scalar(12, 'double'),
};
const buckets = { offset: scalar(1, 'sint32'), bucketCounts: scalars(2, 'uint64') };
const exponentialPoint = {
  attributes: attributes(1),
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: scalar(5, 'double'),
  scale: scalar(6, 'sint32'),
  zeroCount: scalar(7, 'fixed64'),
  positive: message(8, buckets),
  negative: message(9, buckets),
  flags: scalar(10, 'uint32'),
  min: scalar(12, 'double'),
  max: scalar(13, 'double'),
  zeroThreshold: scalar(14, 'double'),
};
const summaryPoint = {
  timeUnixNano: scalar(3, 'fixed64'),
  count: scalar(4, 'fixed64'),
  sum: scalar(5, 'double'),
  quantileValues: messages(6, { quantile: scalar(1, 'double'), value: scalar(2, 'double') }),
  attributes: attributes(7),
  flags: scalar(8, 'uint32'),
};
const temporality = scalar(2, 'int32');
const metric = {
  name: scalar(1, 'string'),
  unit: scalar(3, 'string'),
  gauge: message(5, { dataPoints: messages(1, numberPoint) }),
  sum: message(7, {
    dataPoints: messages(1, numberPoint),
    aggregationTemporality: temporality,
    isMonotonic: scalar(3, 'bool'),
  }),
  histogram: message(9, { dataPoints: messages(1, histogramPoint), aggregationTemporality: temporality }),
  exponentialHistogram: message(10, { dataPoints: messages(1, exponentialPoint), aggregationTemporality: temporality }),
  summary: message(11, { dataPoints: messages(1, summaryPoint) }),
};

export const metricsRequest = {
  resourceMetrics: messages(1, {
    resource: message(1, resource),
    scopeMetrics: messages(2, { scope: message(1, scope), metrics: messages(2, metric) }),
  }),
};
export type MetricsRequest = Decoded<typeof metricsRequest>;
export type Metric = Decoded<typeof metric>;
export type NumberPoint = Decoded<typeof numberPoint>;
export type HistogramPoint = Decoded<typeof histogramPoint>;
export type ExponentialPoint = Decoded<typeof exponentialPoint>;
export type SummaryPoint = Decoded<typeof summaryPoint>;

const span = {
  traceId: hexBytes(1),
  spanId: hexBytes(2),
  parentSpanId: hexBytes(4),
  name: scalar(5, 'string'),
  kind: scalar(6, 'int32'),
  startTimeUnixNano: scalar(7, 'fixed64'),
  endTimeUnixNano: scalar(8, 'fixed64'),
  attributes: attributes(9),
  events: messages(11, { timeUnixNano: scalar(1, 'fixed64'), name: scalar(2, 'string'), attributes: attributes(3) }),
  status: message(15, { message: scalar(2, 'string'), code: scalar(3, 'int32') }),
};

export const tracesRequest = {
  resourceSpans: messages(1, {
    resource: message(1, resource),
    scopeSpans: messages(2, { scope: message(1, scope), spans: messages(2, span) }),
  }),
};
export type TracesRequest = Decoded<typeof tracesRequest>;
export type Span = Decoded<typeof span>;
