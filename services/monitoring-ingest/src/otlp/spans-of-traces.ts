import type { SampleRow, SpanRow } from '../intake/rows.ts';
import { timeProblem, type TimeWindow } from '../intake/time-window.ts';
import { attributesOf } from './attributes.ts';
import type { Span, TracesRequest } from './messages.ts';
import { sampleOfSpan, type PriceCall } from './sample-of-span.ts';

/** What a request holds that can be stored, and how much of it cannot. */
export interface ReadSpans {
  spans: readonly SpanRow[];
  /** Of those spans that are calls of a model. */
  samples: readonly SampleRow[];
  rejected: number;
  /** What was expected of the first that was rejected; null: none was. */
  message: string | null;
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;
const statuses = ['unset', 'ok', 'error'] as const;

/** Every span as a row, each for itself, and the calls of models among them as samples too. */
export function spansOfTraces(request: TracesRequest, window: TimeWindow, priceCall: PriceCall): ReadSpans {
  const spans: SpanRow[] = [];
  let rejected = 0;
  let message: string | null = null;
  for (const { resource, scopeSpans } of request.resourceSpans) {
    const common = attributesOf(resource?.attributes ?? []);
    for (const span of scopeSpans.flatMap((each) => each.spans)) {
      const row = rowOf(span, common, window);
      if (typeof row !== 'string') spans.push(row);
      else {
        rejected += 1;
        message ??= row;
      }
    }
  }
  return { spans, samples: spans.flatMap((span) => sampleOfSpan(span, priceCall) ?? []), rejected, message };
}

function rowOf(span: Span, resource: SpanRow['resource'], window: TimeWindow): SpanRow | string {
  const { startTimeUnixNano: start = 0, endTimeUnixNano: end = 0, status, events } = span;
  if (!isId(span.traceId, 16)) return 'Expected a traceId of 16 bytes that are not all zero.';
  if (!isId(span.spanId, 8)) return 'Expected a spanId of 8 bytes that are not all zero.';
  if (end < start) return 'Expected a span that does not end before it starts.';
  const timeMs = start / 1e6;
  const problem = timeProblem(timeMs, window);
  if (problem !== null) return problem;
  const service = resource['service.name'];
  return {
    timeMs,
    traceId: span.traceId.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: isId(span.parentSpanId, 8) ? span.parentSpanId.toString('hex') : null,
    name: span.name ?? '',
    kind: kinds[span.kind ?? 0] ?? 'unspecified',
    service: typeof service === 'string' ? service : null,
    status: statuses[status?.code ?? 0] ?? 'unset',
    statusMessage: status?.message ?? null,
    durationMs: (end - start) / 1e6,
    attributes: attributesOf(span.attributes),
    resource,
    events:
      events.length === 0
        ? null
        : events.map(({ timeUnixNano = 0, name = '', attributes }) => ({
            time: timeOf(Math.round(timeUnixNano / 1e6)),
            name,
            attributes: attributesOf(attributes),
          })),
  };
}

/** What is no time that a calendar knows is none. */
function timeOf(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function isId(bytes: Buffer | undefined, length: number): bytes is Buffer {
  return bytes?.length === length && bytes.some((byte) => byte !== 0);
}
