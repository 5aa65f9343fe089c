import { gzipSync } from 'node:zlib';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { signIdentity, type CallerIdentity } from '@signalbox/identity';
import { aCaller, identityKeys, startTestService, type TestService } from './harness.ts';
import { otelMeter, otelTracer, protobufField } from './telemetry-senders.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

function sender(path: string, caller: CallerIdentity, encoding: 'json' | 'protobuf') {
  const binding = { audience: 'monitoring-ingest', method: 'POST', path };
  return {
    url: service.url + path,
    headers: { 'x-signalbox-identity': signIdentity(identityKeys, binding, caller) },
    encoding,
  };
}
const nanos = (ms: number): string => `${String(ms)}000000`;
const pointsOf = (tenantId: string) =>
  service.query<{
    metric: string;
    value: number;
    kind: string;
    unit: string | null;
    labels: object;
    histogram: unknown;
  }>('select metric, value, kind, unit, labels, histogram from @points where tenant_id = $1 order by metric, seq', [
    tenantId,
  ]);

describe.each(['json', 'protobuf'] as const)("OpenTelemetry's own exporter, in %s", (encoding) => {
  it('stores every kind of metric, histograms with their buckets', async () => {
    const caller = aCaller();
    const { meter, close } = otelMeter(sender('/v1/metrics', caller, encoding));
    meter.createCounter('calls', { unit: '{call}' }).add(3, { route: '/a' });
    meter.createUpDownCounter('queue').add(-2);
    meter.createGauge('temperature').record(36.5);
    const durations = meter.createHistogram('gen_ai.client.operation.duration', {
      unit: 's',
      advice: { explicitBucketBoundaries: [0.1, 1] },
    });
    for (const seconds of [0.05, 0.5, 0.5, 2]) durations.record(seconds, { 'gen_ai.request.model': 'gpt-5' });
    const exponential = meter.createHistogram('exponential');
    for (const value of [1, 2, 4, 1_000]) exponential.record(value);
    await close();

    const rows = await pointsOf(caller.principal.tenantId);
    const common = { 'service.name': 'shop', 'deployment.environment.name': 'production' };
    expect(rows).toEqual([
      {
        metric: 'calls',
        value: 3,
        kind: 'counter',
        unit: '{call}',
        labels: { ...common, route: '/a' },
        histogram: null,
      },
      {
        metric: 'exponential',
        value: 251.75,
        kind: 'histogram',
        unit: null,
        labels: common,
        histogram: expect.anything(),
      },
      {
        metric: 'gen_ai.client.operation.duration',
        value: 3.05 / 4,
        kind: 'histogram',
        unit: 's',
        labels: { ...common, 'gen_ai.request.model': 'gpt-5' },
        histogram: {
          count: 4,
          sum: 3.05,
          min: 0.05,
          max: 2,
          temporality: 'cumulative',
          bounds: [0.1, 1],
          counts: [1, 2, 1],
        },
      },
      { metric: 'queue', value: -2, kind: 'gauge', unit: null, labels: common, histogram: null },
      { metric: 'temperature', value: 36.5, kind: 'gauge', unit: null, labels: common, histogram: null },
    ]);
    const { bounds, counts, count } = rows[1]?.histogram as { bounds: number[]; counts: number[]; count: number };
    expect([counts.length, counts.reduce((sum, each) => sum + each, 0), count]).toEqual([bounds.length + 1, 4, 4]);
    for (const value of [1, 2, 4, 1_000]) {
      const at = bounds.findIndex((bound) => value <= bound);
      expect(counts[at]).toBeGreaterThan(0);
    }
  });

  it('stores spans, and of those that call a model samples as well: conventions as they are, and as they were', async () => {
    const caller = aCaller();
    const { tracer, close } = otelTracer(sender('/v1/traces', caller, encoding));
    const start = Date.now() - 2_000;
    const call = (name: string, attributes: Record<string, string | number>, error = false) => {
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, startTime: start, attributes });
      span.addEvent('first chunk', { size: 7 }, start + 10);
      if (error) span.setStatus({ code: SpanStatusCode.ERROR, message: 'overloaded' });
      span.end(start + 250);
    };
    call('chat gpt-5', {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5',
      'gen_ai.response.model': 'gpt-5-2026-08-07',
      // 86 and 17,817 that came from a cache: they are in it, and must not count twice.
      'gen_ai.usage.input_tokens': 17_903,
      'gen_ai.usage.cache_read.input_tokens': 17_817,
      'gen_ai.usage.output_tokens': 40,
      'gen_ai.usage.cost': 0.0000775,
      'gen_ai.response.time_to_first_chunk': 0.125,
    });
    call(
      'completion',
      {
        'gen_ai.system': 'anthropic',
        'gen_ai.request.model': 'claude-old',
        'gen_ai.usage.prompt_tokens': 11,
        'gen_ai.usage.completion_tokens': 5,
      },
      true,
    );
    call('invoke_agent', { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.request.model': 'gpt-5' });
    call('GET /', { 'http.request.method': 'GET' });
    await close();

    const { tenantId } = caller.principal;
    const spans = await service.query(
      'select name, kind, service, status, status_message, duration_ms, events from @spans where tenant_id = $1 order by name',
      [tenantId],
    );
    expect(spans).toHaveLength(4);
    expect(spans[2]).toMatchObject({
      name: 'completion',
      kind: 'client',
      service: 'shop',
      status: 'error',
      status_message: 'overloaded',
      events: [{ name: 'first chunk', time: new Date(start + 10).toISOString(), attributes: { size: 7 } }],
    });
    expect(Number(spans[2]?.['duration_ms'])).toBeCloseTo(250, 3);
    const samples = await service.query('select * from @samples where tenant_id = $1 order by model_id desc', [
      tenantId,
    ]);
    expect(samples).toEqual([
      expect.objectContaining({
        model_id: 'gpt-5',
        model_type: 'llm',
        model_version: 'gpt-5-2026-08-07',
        environment: 'prod',
        error_rate: 0,
        input_tokens: '17903',
        output_tokens: '40',
        cost_nanos: '77500',
        time_to_first_token_ms: 125,
        source: 'otlp',
        tags: expect.objectContaining({ provider: 'openai', operation: 'chat', service: 'shop' }),
      }),
      expect.objectContaining({
        model_id: 'claude-old',
        error_rate: 1,
        input_tokens: '11',
        output_tokens: '5',
        cost_nanos: null,
        tags: expect.objectContaining({ provider: 'anthropic' }),
      }),
    ]);
    expect(Number(samples[0]?.['latency_ms'])).toBeCloseTo(250, 3);
  });
});

describe('an export by hand', () => {
  const gauge = (points: readonly Record<string, unknown>[]) => ({
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: points } }] }] }],
  });
  const now = () => nanos(Date.now());

  it('is idempotent by its bytes: an exporter that did not hear the answer sends the same again', async () => {
    const caller = aCaller();
    const body = gauge([{ timeUnixNano: now(), asDouble: 1 }]);
    const answers = await Promise.all(Array.from({ length: 10 }, () => service.post('/v1/metrics', body, { caller })));
    expect(answers.map(({ status, body: answered }) => [status, answered])).toEqual(Array(10).fill([200, {}]));
    expect(await pointsOf(caller.principal.tenantId)).toHaveLength(1);
  });

  it('speaks of partial success for bad data only, in the encoding of the request', async () => {
    const caller = aCaller();
    const body = gauge([
      { timeUnixNano: now(), asInt: '7' },
      { timeUnixNano: nanos(0), asDouble: 1 },
      { timeUnixNano: now(), asDouble: 'Infinity' },
      { timeUnixNano: now(), asDouble: 'NaN' },
      { timeUnixNano: now(), flags: 1 },
    ]);
    const answer = await service.post('/v1/metrics', body, { caller });
    expect([answer.status, answer.body]).toEqual([
      200,
      { partialSuccess: { rejectedDataPoints: '2', errorMessage: expect.stringContaining('still kept') } },
    ]);
    expect((await pointsOf(caller.principal.tenantId)).map(({ value }) => value)).toEqual([7]);

    const point = Buffer.concat([Buffer.from([0x19, 0, 0, 0, 0, 0, 0, 0, 0]), protobufField(4, { double: 1 })]);
    const metric = Buffer.concat([protobufField(1, 'g'), protobufField(5, protobufField(1, point))]);
    const bytes = protobufField(1, protobufField(2, protobufField(2, metric)));
    const headers = { 'content-type': 'application/x-protobuf' };
    const send = (path: string, sent: Buffer, more: Record<string, string> = {}) =>
      service.fetch(path, { method: 'POST', body: sent, headers: { ...headers, ...more } }, caller);
    const refused = await send('/v1/metrics', gzipSync(bytes), { 'content-encoding': 'gzip' });
    expect([refused.status, refused.headers.get('content-type')]).toEqual([200, 'application/x-protobuf']);
    const read = Buffer.from(await refused.arrayBuffer());
    // partial_success { rejected_data_points: 1, error_message: … }
    expect([read[0], read[2], read[3], read[4]]).toEqual([0x0a, 0x08, 1, 0x12]);
    expect(read.toString('utf8', 6)).toContain('still kept');
    const malformed = await send('/v1/metrics', bytes.subarray(0, -3));
    expect([malformed.status, malformed.headers.get('content-type')]).toEqual([400, 'application/x-protobuf']);
    const status = Buffer.from(await malformed.arrayBuffer());
    // google.rpc.Status { code: INVALID_ARGUMENT, message: … }
    expect([status[0], status[1], status[2]]).toEqual([0x08, 3, 0x12]);
    expect(status.toString()).toContain('Expected the protobuf message of this path.');
    const nothing = await send('/v1/traces', Buffer.alloc(0));
    expect([nothing.status, (await nothing.arrayBuffer()).byteLength]).toEqual([200, 0]);
  });

  it('refuses spans without ids or of wrong times, each for itself', async () => {
    const caller = aCaller();
    const good = {
      traceId: '5b8efff798038103d269b633813fc60c',
      spanId: 'eee19b7ec3c1b174',
      name: 'ok',
      startTimeUnixNano: now(),
      endTimeUnixNano: now(),
    };
    const spans = [
      good,
      { ...good, traceId: '0'.repeat(32) },
      { ...good, spanId: 'ab' },
      { ...good, endTimeUnixNano: nanos(1) },
      { ...good, name: 'nul \u0000 and more'.replace('\u0000', '\t'), spanId: 'eee19b7ec3c1b175' },
    ];
    const answer = await service.post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans }] }] }, { caller });
    expect(answer.body).toEqual({ partialSuccess: { rejectedSpans: '3', errorMessage: expect.any(String) } });
    const rows = await service.query('select name from @spans where tenant_id = $1 order by seq', [
      caller.principal.tenantId,
    ]);
    expect(rows).toEqual([{ name: 'ok' }, { name: 'nul \t and more' }]);
  });

  it.each([
    ['text', { resourceMetrics: 'x' }],
    ['a wrong member', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 7 }] }] }] }],
    ['a wrong number', gauge([{ timeUnixNano: 'soon', asDouble: 1 }])],
    ['a list', []],
  ])('refuses %s with a Status in JSON (400)', async (_what, body) => {
    const answer = await service.post('/v1/metrics', body);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/json']);
    expect(answer.body).toEqual({ code: 3, message: expect.stringContaining('Expected') });
  });

  it('passes over what it does not know, for the protocol grows', async () => {
    const body = { ...gauge([{ timeUnixNano: now(), asDouble: 1, exemplars: [{ x: 1 }] }]), later: { than: 'us' } };
    expect((await service.post('/v1/metrics', body, { caller: aCaller() })).status).toBe(200);
  });
});
