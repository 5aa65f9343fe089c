// Loaded with `node --import` before anything else: what is imported earlier than the hook is never traced, and silently so.
import { register } from 'node:module';

const endpoint = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
if (endpoint) {
  const { startTracing, tracedModules } = await import('./start-tracing.ts');
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- OpenTelemetry's hook has no entrance for registerHooks yet
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url, { data: { include: tracedModules } });
  // Baggage is not passed on: it would carry whatever a stranger sent to every service behind the gateway.
  process.env['OTEL_PROPAGATORS'] ??= 'tracecontext';
  // Not `process`: it would send the command line along.
  process.env['OTEL_NODE_RESOURCE_DETECTORS'] ??= 'env,host,serviceinstance';
  // A collector that is away may hold up the end of a process this long and no longer.
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] ??= '3000';
  startTracing({
    service: process.env['OTEL_SERVICE_NAME'] ?? 'signalbox',
    json: process.env['OTEL_EXPORTER_OTLP_PROTOCOL'] === 'http/json',
  });
}
