import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';

export interface SenderOptions {
  url: string;
  headers: Record<string, string>;
  encoding: 'json' | 'protobuf';
}

const resource = resourceFromAttributes({ 'service.name': 'shop', 'deployment.environment.name': 'production' });

/** OpenTelemetry's own SDK with its own exporter, as an application has it: `close` exports what there is. */
export function otelMeter({ url, headers, encoding }: SenderOptions) {
  const Exporter = encoding === 'json' ? JsonMetrics : ProtobufMetrics;
  const provider = new MeterProvider({
    resource,
    views: [{ instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    readers: [
      new PeriodicExportingMetricReader({ exporter: new Exporter({ url, headers }), exportIntervalMillis: 3_600_000 }),
    ],
  });
  return { meter: provider.getMeter('test'), close: () => provider.shutdown() };
}

export function otelTracer({ url, headers, encoding }: SenderOptions) {
  const Exporter = encoding === 'json' ? JsonTraces : ProtobufTraces;
  const provider = new TracerProvider({
    resource,
    spanProcessors: [new SimpleSpanProcessor({ exporter: new Exporter({ url, headers }) })],
  });
  return { tracer: provider.getTracer('test'), close: () => provider.shutdown() };
}

/** A field of a protobuf message, written by hand. */
export function protobufField(id: number, value: Buffer | string | { varint: number } | { double: number }): Buffer {
  if (typeof value === 'string' || Buffer.isBuffer(value)) {
    const bytes = Buffer.from(value);
    return Buffer.concat([varint(id * 8 + 2), varint(bytes.length), bytes]);
  }
  if ('varint' in value) return Buffer.concat([varint(id * 8), varint(value.varint)]);
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value.double);
  return Buffer.concat([varint(id * 8 + 1), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

export interface WrittenSeries {
  labels: Record<string, string>;
  samples: readonly (readonly [value: number, timeMs: number])[];
}

/** A `prometheus.WriteRequest`, not yet compressed. */
export function writeRequestOf(series: readonly WrittenSeries[]): Buffer {
  return Buffer.concat(
    series.map(({ labels, samples }) =>
      protobufField(
        1,
        Buffer.concat([
          ...Object.entries(labels).map(([name, value]) =>
            protobufField(1, Buffer.concat([protobufField(1, name), protobufField(2, value)])),
          ),
          ...samples.map(([value, timeMs]) =>
            protobufField(
              2,
              Buffer.concat([protobufField(1, { double: value }), protobufField(2, { varint: timeMs })]),
            ),
          ),
        ]),
      ),
    ),
  );
}
