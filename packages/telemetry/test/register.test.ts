import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

interface Span {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

interface Export {
  resourceSpans: { resource: { attributes: Span['attributes'] }; scopeSpans: { spans: Span[] }[] }[];
}

const folder = join(import.meta.dirname, '..');
const serverKind = 2;

/** A collector that speaks OTLP over HTTP with JSON and keeps what it is sent. */
async function startCollector() {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(Buffer.concat(chunks).toString());
      response.setHeader('content-type', 'application/json').end('{}');
      server.emit('exported');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const exports = () => bodies.flatMap((body) => (JSON.parse(body) as Export).resourceSpans);
  const spans = () => exports().flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    exports,
    /** The spans of a trace once `enough` holds for them; the test's own time-out is the limit. */
    async spansOf(traceId: string, enough: (spans: Span[]) => boolean): Promise<Span[]> {
      for (;;) {
        const found = spans().filter((span) => span.traceId === traceId);
        if (enough(found)) return found;
        await once(server, 'exported');
      }
    },
    close: () => server.close(),
  };
}

/** The small service of traced-app.ts, run as ours are: its sources, by node, with the register file before all else. */
async function startApp(environment: Record<string, string>) {
  const child: ChildProcess = spawn(
    process.execPath,
    ['--conditions=@signalbox/source', '--import', '@signalbox/telemetry/register', 'test/traced-app.ts'],
    { cwd: folder, env: { ...process.env, NODE_OPTIONS: '', ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const output: string[] = [];
  if (child.stdout === null || child.stderr === null) throw new Error('the child has no output');
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => output.push(line));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const exited = once(child, 'exit');
  await Promise.race([once(lines, 'line'), exited.then(() => Promise.reject(new Error(output.join('\n'))))]);
  const { port } = JSON.parse(output[0] ?? '') as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    output,
    async stop(): Promise<number | null> {
      child.kill('SIGTERM');
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

const canary = 'Canary0123456789';
const traceId = '0af7651916cd43dd8448eb211c80319c';
const callerSpan = 'b7ad6b7169203331';

async function read(app: { url: string }): Promise<void> {
  const answer = await fetch(`${app.url}/things/5?api_key=${canary}&page=2`, {
    headers: {
      traceparent: `00-${traceId}-${callerSpan}-01`,
      baggage: `secret=${canary}`,
      authorization: `Bearer ${canary}`,
      'x-api-key': `sbx_live_1_${canary}`,
      cookie: `session=${canary}`,
    },
  });
  expect(answer.status).toBe(200);
  await answer.arrayBuffer();
}

describe('OD-11: traces, with an endpoint to send them to', () => {
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let app: Awaited<ReturnType<typeof startApp>>;
  let spans: Span[];

  beforeAll(async () => {
    collector = await startCollector();
    app = await startApp({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_SERVICE_NAME: 'traced-app',
    });
    await read(app);
    spans = await collector.spansOf(traceId, (found) => found.some((span) => span.kind === serverKind));
  });

  afterAll(async () => {
    await app.stop();
    collector.close();
  });

  it('links the caller, the request, its route, and what the route asked of Postgres and Redis', () => {
    const server = spans.find((span) => span.kind === serverKind);
    expect(server).toMatchObject({ name: 'GET /things/:id', parentSpanId: callerSpan });
    const route = spans.find((span) => valueOf(span, 'express.type') === 'request_handler');
    expect(route).toMatchObject({ parentSpanId: server?.spanId });
    expect(valueOf(route, 'http.route')).toBe('/things/:id');
    const inRoute = spans.filter((span) => span.parentSpanId === route?.spanId);
    expect(inRoute.map((span) => valueOf(span, 'db.system.name')).sort()).toEqual(['postgresql', 'redis']);
  });

  it('gives the log lines of the request the ids of its spans', () => {
    const line = JSON.parse(app.output.find((text) => text.includes('thing.read')) ?? '{}') as Record<string, unknown>;
    expect(line['trace_id']).toBe(traceId);
    expect(spans.map((span) => span.spanId)).toContain(line['span_id']);
  });

  it('names the service, and says nothing of its command line', () => {
    const resource = collector.exports()[0]?.resource.attributes ?? [];
    expect(resource).toContainEqual({ key: 'service.name', value: { stringValue: 'traced-app' } });
    expect(resource.map(({ key }) => key).filter((key) => key.startsWith('process.'))).toEqual([]);
  });

  it('S20: tells no credential, no value of a statement and no value of a command', () => {
    const told = collector.bodies.join() + app.output.join();
    expect(told).not.toContain(canary);
    expect(told).not.toContain('canary-literal');
    expect(told).not.toContain('canary-redis-value');
    expect(told).toContain('api_key=[redacted]&page=2');
  });
});

describe('OD-11: how a traced process ends', () => {
  it('exports what it still holds, then ends by itself', async () => {
    const collector = await startCollector();
    const app = await startApp({
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    });
    await read(app);
    expect(await app.stop()).toBe(0);
    expect(await collector.spansOf(traceId, (found) => found.length > 0)).not.toHaveLength(0);
    collector.close();
  });

  it('ends as well, and quietly, when the collector is away', async () => {
    const collector = await startCollector();
    collector.close();
    const app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await read(app);
    const stoppedAt = performance.now();
    expect(await app.stop()).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(6_000);
    expect(app.output.filter((line) => !line.startsWith('{'))).toEqual([]);
  });

  it('does nothing at all without an endpoint', async () => {
    const app = await startApp({ OTEL_EXPORTER_OTLP_ENDPOINT: '' });
    await read(app);
    expect(await app.stop()).toBe(0);
    expect(app.output.filter((line) => !line.startsWith('{'))).toEqual([]);
  });
});

function valueOf(span: Span | undefined, key: string): string | undefined {
  return span?.attributes.find((attribute) => attribute.key === key)?.value.stringValue;
}
