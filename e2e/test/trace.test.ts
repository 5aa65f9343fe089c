import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { waitFor } from '@signalbox/test-kit';
import { openMesh, type OpenedMesh } from '../harness.ts';

interface Span {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, unknown>;
}

describe('one trace from the gateway through service, queue and worker to Postgres (OD-11)', () => {
  const spans: Span[] = [];
  let collector: Server;
  let opened: OpenedMesh;
  beforeAll(async () => {
    collector = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const raw = Buffer.concat(parts);
        const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
        if (request.url === '/v1/traces') spans.push(...spansOf(JSON.parse(body.toString()) as OtlpTraces));
        response.setHeader('content-type', 'application/json').end('{}');
      });
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const endpoint = `http://127.0.0.1:${String((collector.address() as AddressInfo).port)}`;
    const environment = {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_BSP_SCHEDULE_DELAY: '200',
    };
    opened = await openMesh({ overrides: { gateway: environment, 'chat-router': environment } });
  });
  afterAll(async () => {
    await opened[Symbol.asyncDispose]();
    collector.close();
  });

  it('links every hop by its parent, and tells no credential', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const answer = await opened.ask('/v1/chat/completions', {
      headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
      body: {
        model: 'signalbox/extractive',
        messages: [{ role: 'user', content: 'The box is red. Which colour has the box?' }],
      },
    });
    expect(answer.status).toBe(200);
    const mine = () => spans.filter((span) => span.traceId === traceId);
    const worked = await waitFor(
      () =>
        mine().find(
          (span) =>
            span.service === 'chat-router' && span.name.startsWith('pg.') && ancestors(span, mine()).some(isWorker),
        ),
      { timeoutMs: 20_000, what: 'a Postgres span below the worker' },
    );
    const line = ancestors(worked, mine());
    const services = line.map(({ service }) => service);
    expect(services).toContain('chat-router');
    expect(services.at(-1)).toBe('gateway');
    expect(line.some(isWorker)).toBe(true);
    // The worker's line leads back over the request of chat-router to the gateway's.
    expect(line.some((span) => span.service === 'chat-router' && span.name.startsWith('POST'))).toBe(true);
    expect(JSON.stringify(spans)).not.toContain(opened.adminKey);
    expect(JSON.stringify(spans)).not.toContain('The box is red');
  });
});

function isWorker(span: Span): boolean {
  return /usage\.recorded/.test(span.name) && /process/i.test(span.name);
}

/** The spans above this one, up to the first whose parent was not told. */
function ancestors(span: Span, all: readonly Span[]): Span[] {
  const parent = all.find(({ spanId }) => spanId === span.parentSpanId);
  return parent === undefined ? [] : [parent, ...ancestors(parent, all)];
}

interface OtlpTraces {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: {
      spans: (Omit<Span, 'service' | 'attributes'> & { attributes?: { key: string; value: unknown }[] })[];
    }[];
  }[];
}

function spansOf(traces: OtlpTraces): Span[] {
  return traces.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({
        service,
        name: span.name,
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId,
        attributes: Object.fromEntries((span.attributes ?? []).map(({ key, value }) => [key, value])),
      })),
    );
  });
}
