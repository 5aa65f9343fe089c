import type { PointRow, SampleRow, SpanRow } from './rows.ts';

/** The columns of each table, in the order in which the functions below write them. */
export const copyColumns = {
  samples:
    'time, tenant_id, model_id, request_id, model_type, model_version, environment, latency_ms, throughput, error_rate, cpu_usage, memory_usage, gpu_memory, time_to_first_token_ms, input_tokens, output_tokens, cost_nanos, score, prediction, actual, features, embedding, tags, source',
  points: 'time, tenant_id, metric, labels, value, kind, unit, histogram, source',
  spans:
    'time, tenant_id, trace_id, span_id, parent_span_id, name, kind, service, status, status_message, duration_ms, attributes, resource, events',
} as const;

/** One line of `copy samples from stdin` in Postgres' text format. */
export function sampleLine(tenantId: string, row: SampleRow): string {
  return line([
    time(row.timeMs),
    text(tenantId),
    text(row.modelId),
    text(row.requestId),
    row.modelType,
    text(row.modelVersion),
    text(row.environment),
    String(row.latencyMs),
    number(row.throughput),
    number(row.errorRate),
    number(row.cpuUsage),
    number(row.memoryUsage),
    number(row.gpuMemory),
    number(row.timeToFirstTokenMs),
    number(row.inputTokens),
    number(row.outputTokens),
    row.costNanos === null ? absent : String(row.costNanos),
    number(row.score),
    text(row.prediction),
    text(row.actual),
    json(row.features),
    row.embedding === null ? absent : `{${row.embedding.join(',')}}`,
    json(row.tags),
    row.source,
  ]);
}

export function pointLine(tenantId: string, row: PointRow): string {
  return line([
    time(row.timeMs),
    text(tenantId),
    text(row.metric),
    json(row.labels),
    String(row.value),
    row.kind,
    text(row.unit),
    json(row.histogram),
    row.source,
  ]);
}

export function spanLine(tenantId: string, row: SpanRow): string {
  return line([
    time(row.timeMs),
    text(tenantId),
    row.traceId,
    row.spanId,
    text(row.parentSpanId),
    text(row.name),
    row.kind,
    text(row.service),
    row.status,
    text(row.statusMessage),
    String(row.durationMs),
    json(row.attributes),
    json(row.resource),
    json(row.events),
  ]);
}

const absent = '\\N';
// What has a meaning of its own in the format: the backslash, and what ends a column or a line.
const special = /[\\\t\n\r]/;
const specials = /[\\\t\n\r]/g;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

function line(columns: readonly string[]): string {
  return columns.join('\t') + '\n';
}

function text(value: string | null): string {
  if (value === null) return absent;
  return special.test(value) ? value.replace(specials, (character) => escapes[character] ?? character) : value;
}

function json(value: object | null): string {
  return value === null ? absent : text(JSON.stringify(value));
}

function number(value: number | null): string {
  return value === null ? absent : String(value);
}

/** Rows of one batch often have one time; writing it costs as much as all their numbers. */
let written = { ms: Number.NaN, text: '' };

function time(ms: number): string {
  if (written.ms !== ms) written = { ms, text: new Date(ms).toISOString() };
  return written.text;
}
