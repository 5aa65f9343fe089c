import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { IORedisInstrumentation } from '@opentelemetry/instrumentation-ioredis';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BatchSpanProcessor } from '@opentelemetry/sdk-trace';
import { redactSpans } from './redact-spans.ts';

/** What the ESM hook wraps; undici tells of itself through diagnostics channels. */
export const tracedModules = ['http', 'https', 'express', 'pg', 'pg-pool', 'ioredis'];

/** Starts OpenTelemetry for this process and ends it, with a last export, when the process has nothing left to do. */
export function startTracing({ service, json }: { service: string; json: boolean }): void {
  const sdk = new NodeSDK({
    serviceName: service,
    // The address, further headers and time-outs are OTLP's own variables, which the exporters read.
    spanProcessors: [
      redactSpans,
      new BatchSpanProcessor({
        exporter: json ? new JsonExporter() : new ProtobufExporter(),
        scheduledDelayMillis: 1_000,
      }),
    ],
    metricReaders: [],
    logRecordProcessors: [],
    instrumentations: [
      new HttpInstrumentation({
        requireParentforOutgoingSpans: true,
        ignoreIncomingRequestHook: ({ url = '' }) => /^\/(?:health|metrics)\b/.test(url),
      }),
      new ExpressInstrumentation({ ignoreLayersType: [ExpressLayerType.MIDDLEWARE, ExpressLayerType.ROUTER] }),
      new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
      new IORedisInstrumentation({ requireParentSpan: true, dbStatementSerializer: (command) => command }),
      new UndiciInstrumentation({ requireParentforSpans: true }),
    ],
  });
  sdk.start();
  process.once('beforeExit', () => {
    // The collector may be away; its absence must not change how a process ends.
    sdk.shutdown().catch(() => undefined);
  });
}
