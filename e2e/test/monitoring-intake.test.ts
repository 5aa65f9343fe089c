import { gzipSync } from 'node:zlib';
import { OTLPMetricExporter as JsonMetrics } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufMetrics } from '@opentelemetry/exporter-metrics-otlp-proto';
import { OTLPTraceExporter as JsonTraces } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtobufTraces } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import pg from 'pg';
import { compressSync } from 'snappy';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

let opened: OpenedMesh;
let sql: pg.Pool;
beforeAll(async () => {
  opened = await openMesh({ gatewayReplicas: 2, limits: wideLimits });
  sql = new pg.Pool({ connectionString: opened.mesh.postgresUrl, max: 2 });
  sql.on('error', () => undefined);
});
afterAll(async () => {
  await sql.end();
  await opened[Symbol.asyncDispose]();
});

async function rows(text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  return (await sql.query<Record<string, unknown>>(text.replaceAll('@', 'monitoring_ingest.'), values)).rows;
}

/** A tenant of its own, so that a test sees what it sent and nothing else. */
async function aTenant(name: string): Promise<{ key: string; tenantId: string }> {
  const { body } = await opened.ask('/api/v1/tenants', { body: { name } });
  const { key } = body['api_key'] as { key: string };
  const me = await opened.ask('/api/v1/users/me', { key });
  return { key, tenantId: String(me.body['tenant_id']) };
}

const aSample = (id: string, more: Record<string, unknown> = {}) => ({
  model_id: 'shop/ranker',
  model_type: 'tabular',
  request_id: id,
  latency: 3,
  ...more,
});

describe('measurements through the gateway (MX-1, MX-6, MX-20)', () => {
  it('takes single samples and batches, in JSON and in gzipped NDJSON, and the model can be asked for by its name', async () => {
    const { key, tenantId } = await aTenant('measurers');
    const single = await opened.ask('/api/v1/metrics/inference', { key, body: aSample('single') });
    expect([single.status, single.body['duplicate']]).toEqual([201, false]);
    const items = Array.from({ length: 2_000 }, (_, index) =>
      aSample(`batch-${String(index)}`, { tags: { at: 'home' } }),
    );
    const sent = await opened.ask('/api/v1/metrics/batch?results=rejected', {
      key,
      method: 'POST',
      raw: gzipSync([...items, { ...items[0], latency: -1 }].map((item) => JSON.stringify(item)).join('\n')),
      headers: { 'content-type': 'application/x-ndjson', 'content-encoding': 'gzip' },
      gateway: 1,
    });
    expect([sent.status, sent.body]).toEqual([
      207,
      {
        accepted: 2_000,
        duplicates: 0,
        rejected: 1,
        results: [{ index: 2_000, status: 'rejected', errors: [{ path: 'latency', message: expect.any(String) }] }],
      },
    ]);
    // The predecessor's path is a deprecated alias.
    const old = await opened.ask('/api/v1/metrics/inference/batch', { key, body: { items: items.slice(0, 3) } });
    expect([old.status, old.body['duplicates'], old.headers.has('deprecation')]).toEqual([201, 3, true]);
    const [count] = await rows('select count(*)::int as n from @samples where tenant_id = $1', [tenantId]);
    expect(count).toEqual({ n: 2_001 });
    const model = await opened.ask('/api/v1/models/shop%2Franker', { key });
    expect(model.body).toMatchObject({ id: 'shop/ranker', registered: false, model_type: 'tabular' });
  });

  it('refuses an encoded slash where no parameter may hold one', async () => {
    const answer = await opened.ask('/api/v1/metrics%2Finference', { body: aSample('x') });
    expect(answer.status).toBe(400);
  });

  it('tells a caller whose own limit is used up 429, and an exporter 503, which it comes back from', async () => {
    const { key } = await opened.createKey({ scopes: ['metrics:write'], limits: { requests_per_minute: 2 } });
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1)
      statuses.push(
        (await opened.ask('/api/v1/metrics/inference', { key, body: aSample(`l-${String(count)}`) })).status,
      );
    expect(statuses).toEqual([201, 201, 429]);
    for (const path of ['/v1/metrics', '/v1/traces']) {
      const answer = await opened.ask(path, { key, body: {} });
      expect([path, answer.status, answer.body['code']]).toEqual([path, 503, 14]);
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });
});

describe("OpenTelemetry's own SDK and exporters, unmodified", () => {
  const resource = resourceFromAttributes({ 'service.name': 'shop' });

  it.each(['json', 'protobuf'] as const)('sends metrics in %s', async (encoding) => {
    const { key, tenantId } = await aTenant(`metrics-${encoding}`);
    const options = {
      url: `${opened.mesh.gatewayUrl}/v1/metrics`,
      headers: { authorization: `Bearer ${key}` },
      compression: 'gzip',
    };
    const exporter = encoding === 'json' ? new JsonMetrics(options as object) : new ProtobufMetrics(options as object);
    const provider = new MeterProvider({
      resource,
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
    });
    const meter = provider.getMeter('shop');
    meter.createCounter('orders').add(7, { country: 'de' });
    meter.createHistogram('gen_ai.client.token.usage').record(1_234, { 'gen_ai.token.type': 'input' });
    await provider.shutdown();
    const labels = { 'service.name': 'shop' };
    expect(
      await rows('select metric, kind, value, labels from @points where tenant_id = $1 order by metric', [tenantId]),
    ).toEqual([
      {
        metric: 'gen_ai.client.token.usage',
        kind: 'histogram',
        value: 1_234,
        labels: { ...labels, 'gen_ai.token.type': 'input' },
      },
      { metric: 'orders', kind: 'counter', value: 7, labels: { ...labels, country: 'de' } },
    ]);
  });

  it.each(['json', 'protobuf'] as const)('sends spans in %s, and a call of a model is a sample', async (encoding) => {
    const { key, tenantId } = await aTenant(`traces-${encoding}`);
    const options = { url: `${opened.mesh.gatewayUrls[1] ?? ''}/v1/traces`, headers: { 'x-api-key': key } };
    const exporter = encoding === 'json' ? new JsonTraces(options) : new ProtobufTraces(options);
    const provider = new TracerProvider({ resource, spanProcessors: [new BatchSpanProcessor({ exporter })] });
    const tracer = provider.getTracer('shop');
    const span = tracer.startSpan('chat gpt-5', {
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-5',
        'gen_ai.usage.input_tokens': 100,
        'gen_ai.usage.output_tokens': 20,
      },
    });
    span.end();
    tracer.startSpan('work').end();
    await provider.shutdown();
    expect(await rows('select name, service from @spans where tenant_id = $1 order by name', [tenantId])).toEqual([
      { name: 'chat gpt-5', service: 'shop' },
      { name: 'work', service: 'shop' },
    ]);
    expect(
      await rows('select model_id, input_tokens, output_tokens, source from @samples where tenant_id = $1', [tenantId]),
    ).toEqual([{ model_id: 'gpt-5', input_tokens: '100', output_tokens: '20', source: 'otlp' }]);
  });

  it('answers an exporter in its own encoding, also where the gateway refuses', async () => {
    const send = async (headers: Record<string, string>) => {
      const answer = await fetch(`${opened.mesh.gatewayUrl}/v1/metrics`, { method: 'POST', body: '', headers });
      await answer.arrayBuffer();
      return [answer.status, answer.headers.get('content-type')];
    };
    const key = { authorization: `Bearer ${opened.adminKey}` };
    expect(await send({ ...key, 'content-type': 'application/x-protobuf' })).toEqual([200, 'application/x-protobuf']);
    expect(await send({ 'content-type': 'application/x-protobuf' })).toEqual([401, 'application/x-protobuf']);
    expect(await send({ 'content-type': 'application/json' })).toEqual([401, 'application/json']);
  });
});

describe('Prometheus remote write (B-24)', () => {
  /** Fields of protobuf by hand: what lies behind a length. */
  const field = (id: number, value: Buffer | string): Buffer => {
    const bytes = Buffer.from(value);
    return Buffer.concat([Buffer.from([id * 8 + 2, bytes.length]), bytes]);
  };
  const double = (value: number): Buffer => {
    const bytes = Buffer.alloc(9, 0x09);
    bytes.writeDoubleLE(value, 1);
    return bytes;
  };
  const time = (ms: number): Buffer => {
    const bytes = [0x10];
    for (let rest = BigInt(ms); ; rest >>= 7n) {
      if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
      bytes.push(Number(rest & 127n) + 128);
    }
  };

  it('takes what a writer sends, compressed by an implementation of snappy that is not ours', async () => {
    const { key, tenantId } = await aTenant('prometheus');
    const now = Date.now();
    const label = (name: string, value: string) => field(1, Buffer.concat([field(1, name), field(2, value)]));
    const series = Array.from({ length: 200 }, (_, index) =>
      field(
        1,
        Buffer.concat([
          label('__name__', 'vllm:num_requests_running'),
          label('pod', `vllm-${String(index)}`),
          field(2, Buffer.concat([double(index), time(now)])),
        ]),
      ),
    );
    const answer = await opened.ask('/api/v1/write', {
      key,
      method: 'POST',
      raw: compressSync(Buffer.concat(series)),
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
        'user-agent': 'Prometheus/2.42.0',
      },
    });
    expect([answer.status, answer.text]).toEqual([204, '']);
    const [sum] = await rows(
      'select count(*)::int as n, sum(value) as sum, min(time) as time from @points where tenant_id = $1',
      [tenantId],
    );
    expect(sum).toEqual({ n: 200, sum: 19_900, time: new Date(now) });
  });
});

describe('the usage of a chat answer', () => {
  it('arrives as a sample of the model that answered', async () => {
    const { key, tenantId } = await aTenant('chatters');
    const answer = await opened.ask('/v1/chat/completions', {
      key,
      body: { model: 'signalbox/extractive', messages: [{ role: 'user', content: 'A valve corroded.\n\nWhy?' }] },
    });
    expect(answer.status).toBe(200);
    const usage = answer.body['usage'] as { prompt_tokens: number; completion_tokens: number };
    const [sample] = await waitFor(
      async () => {
        const found = await rows('select * from @samples where tenant_id = $1', [tenantId]);
        return found.length > 0 ? found : null;
      },
      { timeoutMs: 20_000, what: 'the sample of a chat answer' },
    );
    expect(sample).toMatchObject({
      model_id: 'signalbox/extractive',
      model_type: 'llm',
      source: 'usage',
      error_rate: 0,
      input_tokens: String(usage.prompt_tokens),
      output_tokens: String(usage.completion_tokens),
      tags: expect.objectContaining({ request_id: answer.headers.get('x-request-id'), outcome: 'ok' }),
    });
    expect((await opened.ask('/api/v1/models/signalbox%2Fextractive', { key })).status).toBe(200);
  });
});

describe('kill -9 under load (R4)', () => {
  it('loses nothing that was acknowledged, and stores nothing twice although senders repeat', async () => {
    const { key, tenantId } = await aTenant('survivors');
    const service = opened.service('monitoring-ingest');
    const acknowledged = new Set<string>();
    const sent = new Set<string>();
    let stopped = false;

    /** Sends until it hears a yes, as a sender must, for as long as it takes. */
    async function send(path: string, body: unknown, ids: readonly string[], gateway: number): Promise<void> {
      for (const id of ids) sent.add(id);
      await waitFor(
        async () => {
          const answer = await opened.ask(path, { key, body, gateway }).catch(() => null);
          if (answer?.status !== 201) return false;
          for (const id of ids) acknowledged.add(id);
          return true;
        },
        { timeoutMs: 60_000 },
      );
    }
    const lanes = Array.from({ length: 8 }, async (_, lane) => {
      for (let round = 0; !stopped; round += 1) {
        const ids = Array.from({ length: lane < 4 ? 1 : 100 }, (_each, index) => `k-${lane}-${round}-${index}`);
        const items = ids.map((id) => aSample(id));
        await (lane < 4
          ? send('/api/v1/metrics/inference', items[0], ids, lane % 2)
          : send('/api/v1/metrics/batch', { items }, ids, lane % 2));
      }
    });
    for (let kills = 0; kills < 3; kills += 1) {
      const before = acknowledged.size;
      await waitFor(() => acknowledged.size > before + 500, { timeoutMs: 60_000 });
      await service.kill('SIGKILL');
      // What was acknowledged a moment ago is there although the process is not.
      const known = [...acknowledged];
      const [alive] = await rows(
        'select count(*)::int as n from @samples where tenant_id = $1 and request_id = any($2)',
        [tenantId, known],
      );
      expect(alive).toEqual({ n: known.length });
      await service.restart();
    }
    stopped = true;
    await Promise.all(lanes);
    const stored = await rows('select request_id from @samples where tenant_id = $1', [tenantId]);
    const ids = stored.map((row) => String(row['request_id']));
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(ids)).toEqual(sent);
    expect(acknowledged).toEqual(sent);
  });
});
