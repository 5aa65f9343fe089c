import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { newId } from '@signalbox/ids';
import { aCaller, startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The beginning of an hour that is over, of a day that has its partition. */
const hour = Math.floor(Date.now() / hourMs) * hourMs - 2 * hourMs;
const iso = (at: number) => new Date(at).toISOString();

type Caller = ReturnType<typeof aCaller>;
type Item = Record<string, unknown>;

const send = (caller: Caller, items: readonly Item[]) =>
  service.post(
    '/api/v1/metrics/batch',
    {
      items: items.map((item) => ({
        model_id: 'm',
        model_type: 'llm',
        request_id: newId('req'),
        latency: 100,
        ...item,
      })),
    },
    { caller },
  );
const rolledUp = () =>
  waitFor(async () => {
    const [row] = await service.query<{ waiting: boolean }>(
      `select exists (select from @dirty_minutes where minute < now() - interval '2 minutes')
        or exists (select from @dirty_buckets where resolution = '1h' and bucket < now() - interval '2 hours') as waiting`,
    );
    return row?.waiting === false;
  });

describe('GET /api/v1/metrics/series (MX-3)', () => {
  it('has every bucket of the span on aligned edges, with its gaps, and says how fine and how complete it is', async () => {
    const caller = aCaller();
    await send(caller, [
      { timestamp: iso(hour + 10_000), latency: 100 },
      { timestamp: iso(hour + 20_000), latency: 300 },
      { timestamp: iso(hour + 11 * minuteMs), latency: 50 },
    ]);
    const ask = (aggregate: string) =>
      service.get(
        `/api/v1/metrics/series?metric=latency_ms&aggregate=${aggregate}&step=5m&from=${iso(hour + minuteMs)}&to=${iso(hour + 14 * minuteMs)}`,
        caller,
      );
    const { status, body } = await ask('avg');
    expect([status, body]).toEqual([
      200,
      {
        metric: 'latency_ms',
        aggregate: 'avg',
        step: '5m',
        from: iso(hour),
        to: iso(hour + 15 * minuteMs),
        resolution: '1m',
        percentile_error: null,
        completeness: { kept_since: expect.any(String), open_since: null },
        segments: [
          {
            segment: null,
            buckets: [
              { time: iso(hour), value: 200, count: 2 },
              { time: iso(hour + 5 * minuteMs), value: null, count: 0 },
              { time: iso(hour + 10 * minuteMs), value: 50, count: 1 },
            ],
          },
        ],
        more_segments: false,
      },
    ]);
    const valuesOf = async (aggregate: string) => {
      const { segments } = (await ask(aggregate)).body as { segments: { buckets: { value: number }[] }[] };
      return segments[0]?.buckets.map(({ value }) => value);
    };
    expect(await valuesOf('min')).toEqual([100, null, 50]);
    expect(await valuesOf('max')).toEqual([300, null, 50]);
    expect(await valuesOf('sum')).toEqual([400, 0, 50]);
    expect(await valuesOf('count')).toEqual([2, 0, 1]);
    expect(await valuesOf('rate')).toEqual([2 / 300, 0, 1 / 300]);
    const [first] = (await valuesOf('p99')) ?? [];
    expect(Math.abs((first ?? 0) - 300)).toBeLessThanOrEqual(3);
    await rolledUp();
    expect((await ask('avg')).body).toEqual(body);
  });

  it('says which buckets are not over yet', async () => {
    const from = Date.now() - 3 * minuteMs;
    const { body } = await service.get(`/api/v1/metrics/series?metric=requests&step=1m&from=${iso(from)}`);
    const { open_since: open } = body['completeness'] as { open_since: string };
    expect(Date.parse(open) % minuteMs).toBe(0);
    expect(Math.abs(Date.parse(open) - Date.now())).toBeLessThan(10 * minuteMs);
  });

  it('has a line for each version, environment, model or tag', async () => {
    const caller = aCaller();
    const timestamp = iso(hour + minuteMs);
    await send(caller, [
      { timestamp, model_version: '1', tags: { region: 'eu' } },
      { timestamp, model_version: '2', environment: 'prod', tags: { region: 'eu' } },
      { timestamp, model_version: '2', model_id: 'n' },
    ]);
    const linesBy = async (segmentBy: string, more = '') => {
      const path = `/api/v1/metrics/series?metric=requests&aggregate=count&step=1h&from=${iso(hour)}&to=${iso(hour + 1)}`;
      const { body } = await service.get(`${path}&segment_by=${segmentBy}${more}`, caller);
      const { segments } = body as { segments: { segment: string | null; buckets: { value: number }[] }[] };
      return Object.fromEntries(segments.map(({ segment, buckets }) => [String(segment), buckets[0]?.value]));
    };
    expect(await linesBy('model_version')).toEqual({ 1: 1, 2: 2 });
    expect(await linesBy('environment')).toEqual({ prod: 1, null: 2 });
    expect(await linesBy('model_id')).toEqual({ m: 2, n: 1 });
    expect(await linesBy('tag:region')).toEqual({ eu: 2, null: 1 });
    expect(await linesBy('model_version', '&tag=region:eu')).toEqual({ 1: 1, 2: 1 });
  });

  it('refuses 0s, 1d, 999999h and whatever else is no step, or makes too many buckets, and names what it expected', async () => {
    for (const step of ['0s', '1d', '999999h', '5', '-5m', '1h30m', 'x'.repeat(16)]) {
      const { status, body } = await service.get(`/api/v1/metrics/series?metric=requests&step=${step}`);
      expect([step, status, body['errors']]).toEqual([
        step,
        400,
        [{ path: 'step', message: 'Expected a length such as 30s, 5m or 1h, from 1s to 168h.' }],
      ]);
    }
    const seconds = await service.get('/api/v1/metrics/series?metric=requests&step=1s');
    expect([seconds.status, seconds.body['errors']]).toEqual([
      400,
      [{ path: 'step', message: expect.stringContaining('10000') }],
    ]);
    const backwards = await service.get(`/api/v1/metrics/series?metric=requests&from=${iso(hour)}&to=${iso(hour - 1)}`);
    expect([backwards.status, backwards.body['errors']]).toEqual([400, [{ path: 'to', message: expect.any(String) }]]);
    for (const more of ['segment_by=x', 'aggregate=median', 'from=yesterday', 'tag=x', 'metric=']) {
      const path = `/api/v1/metrics/series?${more.startsWith('metric') ? '' : 'metric=requests&'}${more}`;
      expect([more, (await service.get(path)).status]).toEqual([more, 400]);
    }
  });

  it('takes what would be SQL for the names that they are', async () => {
    const hostile = encodeURIComponent(`'; drop table samples; --`).replaceAll("'", '%27');
    for (const path of [
      `metric=${hostile}`,
      `metric=latency_ms&model_id=${hostile}`,
      `metric=latency_ms&segment_by=tag:${hostile}`,
      `metric=latency_ms&tag=${hostile}:${hostile}`,
      `metric=latency_ms&environment=${hostile}`,
    ]) {
      expect([path, (await service.get(`/api/v1/metrics/series?${path}`)).status]).toEqual([path, 200]);
    }
    expect((await service.get('/api/v1/metrics/inference')).status).toBe(200);
  });

  it('needs the scope metrics:read', async () => {
    const { status } = await service.get('/api/v1/metrics/series?metric=requests', aCaller({ scopes: ['chat:read'] }));
    expect(status).toBe(403);
  });

  it('charts resources and other points as well (MX-5)', async () => {
    const caller = aCaller();
    for (const gpu of [0.25, 0.75]) {
      await service.post(
        '/api/v1/metrics/resources',
        { model_id: 'm', timestamp: iso(hour + minuteMs), gpu_memory: gpu },
        { caller },
      );
    }
    const path = `/api/v1/metrics/series?metric=gpu_memory&source=points&model_id=m&step=1h&from=${iso(hour)}&to=${iso(hour + 1)}`;
    expect((await service.get(path, caller)).body).toMatchObject({
      resolution: 'raw',
      segments: [{ segment: null, buckets: [{ value: 0.5, count: 2 }] }],
    });
    const samples = await service.get('/api/v1/metrics/series?metric=queue.length&source=samples', caller);
    expect([samples.status, samples.body['errors']]).toEqual([400, [expect.objectContaining({ path: 'metric' })]]);
  });
});

describe('points of every kind (MX-3)', () => {
  const tenantId = newId('tenant');
  const caller = aCaller({ tenantId });
  const point = async (seconds: number, metric: string, kind: string, value: number, histogram: object | null = null) =>
    service.query(
      `insert into @points (time, tenant_id, metric, labels, value, kind, histogram, source, seq)
        values ($1, $2, $3, '{"host": "a"}', $4, $5, $6, 'otlp', nextval('@row_seq'))`,
      [iso(hour + seconds * 1_000), tenantId, metric, value, kind, histogram],
    );
  const valuesOf = async (metric: string, aggregate: string) => {
    const path = `/api/v1/metrics/series?metric=${metric}&aggregate=${aggregate}&step=1m&from=${iso(hour)}&to=${iso(hour + 3 * minuteMs)}`;
    const { body } = await service.get(`${path}&segment_by=tag:host`, caller);
    const { segments } = body as { segments: { segment: string; buckets: { value: number }[] }[] };
    expect(segments.map(({ segment }) => segment)).toEqual(['a']);
    return segments[0]?.buckets.map(({ value }) => value);
  };

  it('count what was added to a counter, over a restart', async () => {
    for (const [seconds, value] of [
      ...[
        [-10, 100],
        [10, 130],
        [50, 160],
      ],
      // It began anew.
      ...[
        [70, 5],
        [80, 11],
      ],
    ] as const) {
      await point(seconds ?? 0, 'hits', 'counter', value ?? 0);
    }
    expect(await valuesOf('hits', 'sum')).toEqual([60, 11, 0]);
    expect(await valuesOf('hits', 'rate')).toEqual([1, 11 / 60, 0]);
  });

  it('take gauges as they are, and deltas as what was added', async () => {
    await point(1, 'depth', 'gauge', 4);
    await point(2, 'depth', 'gauge', 8);
    await point(3, 'bytes', 'delta', 120);
    expect(await valuesOf('depth', 'avg')).toEqual([6, null, null]);
    expect(await valuesOf('bytes', 'rate')).toEqual([2, 0, 0]);
  });

  it('take a histogram for the values in it, also one that counts since some beginning', async () => {
    const shape = (counts: number[], sum: number, temporality: string) => ({
      ...{ count: counts.reduce((all, one) => all + one, 0), sum, min: null, max: null, temporality },
      ...{ bounds: [10, 20], counts },
    });
    await point(1, 'fresh', 'histogram', 0, shape([1, 2, 1], 60, 'delta'));
    expect(await valuesOf('fresh', 'count')).toEqual([4, 0, 0]);
    expect(await valuesOf('fresh', 'avg')).toEqual([15, null, null]);
    const [median] = (await valuesOf('fresh', 'p50')) ?? [];
    expect(Math.abs((median ?? 0) - 15)).toBeLessThanOrEqual(0.15);

    await point(-5, 'running', 'histogram', 0, shape([5, 5, 0], 100, 'cumulative'));
    await point(5, 'running', 'histogram', 0, shape([5, 7, 0], 130, 'cumulative'));
    await point(65, 'running', 'histogram', 0, shape([0, 0, 1], 25, 'cumulative'));
    expect(await valuesOf('running', 'count')).toEqual([2, 1, 0]);
    expect(await valuesOf('running', 'sum')).toEqual([30, 25, 0]);
  });
});

describe('GET /api/v1/metrics/aggregated (MX-3)', () => {
  it('has each metric of the last hours in windows, as MonitorX names them', async () => {
    const caller = aCaller();
    const at = Math.floor(Date.now() / hourMs) * hourMs - hourMs;
    await send(caller, [
      { timestamp: iso(at), latency: 100, error_rate: 0, resource_usage: { gpu_memory: 0.5 } },
      { timestamp: iso(at + 1), latency: 200, error_rate: 1 },
    ]);
    const { status, body } = await service.get('/api/v1/metrics/aggregated?model_id=m&since_hours=3&window=1h', caller);
    expect([status, body['window'], body['percentile_error']]).toEqual([200, '1h', 0.01]);
    const metrics = body['aggregated_metrics'] as Record<string, { time: string; value: number | null }[]>;
    expect(Object.keys(metrics)).toEqual([
      ...['latency', 'throughput', 'error_rate', 'gpu_memory', 'cpu_usage', 'memory_usage'],
    ]);
    const of = (metric: string) => metrics[metric]?.find(({ time }) => time === iso(at));
    expect(of('latency')).toEqual({
      ...{ time: iso(at), value: 150, avg: 150, min: 100, max: 200, count: 2 },
      ...{ p50: expect.closeTo(100, -0.4), p95: expect.closeTo(200, -0.7), p99: expect.closeTo(200, -0.7) },
    });
    expect(of('error_rate')).toMatchObject({ value: 0.5, count: 2 });
    expect(of('gpu_memory')).toMatchObject({ value: 0.5, count: 1 });
    expect(of('cpu_usage')).toMatchObject({ value: null, count: 0, p95: null });
    // Three or four whole hours touch the last three.
    expect([3, 4]).toContain(metrics['latency']?.length);
  });

  it('refuses what is no window, and hours out of bounds', async () => {
    for (const query of [
      'window=0s',
      'window=1d',
      'window=999999h',
      'since_hours=0',
      'since_hours=169',
      'since_hours=x',
    ]) {
      const { status, body } = await service.get(`/api/v1/metrics/aggregated?${query}`);
      expect([query, status, body['errors']]).toEqual([
        query,
        400,
        [expect.objectContaining({ path: query.split('=')[0] })],
      ]);
    }
  });
});

describe('GET /api/v1/summary (MX-4)', () => {
  it('takes the error rate over all that report one, and percentiles within 1 %', async () => {
    const caller = aCaller();
    await send(
      caller,
      Array.from({ length: 100 }, (_, index) => ({
        timestamp: iso(hour + index * 1_000),
        latency: index + 1,
        ...(index < 40 ? { error_rate: index < 10 ? 1 : 0 } : {}),
        ...(index < 2 ? { input_tokens: 10, output_tokens: 5, cost_usd: 0.25 } : {}),
      })),
    );
    const { body } = await service.get('/api/v1/summary?model_id=m', caller);
    expect(body).toMatchObject({
      total_requests: 100,
      average_latency: 50.5,
      error_rate: 0.25,
      total_input_tokens: 20,
      total_output_tokens: 10,
      total_cost_usd: 0.5,
      percentile_error: 0.01,
      average_gpu_memory: null,
      active_alerts: null,
    });
    for (const [name, exact] of [
      ['p50_latency', 50],
      ['p95_latency', 95],
      ['p99_latency', 99],
    ] as const) {
      expect(Math.abs(Number(body[name]) - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-9);
    }
  });

  it('is zeros and nulls of nothing', async () => {
    const { status, body } = await service.get('/api/v1/summary', aCaller());
    expect([status, body]).toEqual([
      200,
      {
        from: expect.any(String),
        to: expect.any(String),
        total_requests: 0,
        average_latency: null,
        error_rate: null,
        p50_latency: null,
        p95_latency: null,
        p99_latency: null,
        percentile_error: 0.01,
        average_gpu_memory: null,
        average_cpu_usage: null,
        average_memory_usage: null,
        total_input_tokens: 0,
        total_output_tokens: 0,
        total_cost_usd: 0,
        active_alerts: null,
      },
    ]);
  });
});

describe('the rows themselves (MX-1)', () => {
  it('are listed newest first, each exactly once, over pages, also while others come', async () => {
    const caller = aCaller();
    const at = (index: number) => iso(hour + Math.floor(index / 3) * 1_000);
    await send(
      caller,
      Array.from({ length: 50 }, (_, index) => ({ timestamp: at(index), request_id: `r${String(index)}` })),
    );
    const seen: string[] = [];
    const times: string[] = [];
    let path: string | null = `/api/v1/metrics/inference?limit=7&from=${iso(hour)}`;
    while (path !== null) {
      const { status, body, headers } = await service.get(path, caller);
      expect(status).toBe(200);
      const rows = body['data'] as { request_id: string; timestamp: string }[];
      seen.push(...rows.map(({ request_id: id }) => id));
      times.push(...rows.map(({ timestamp }) => timestamp));
      if (seen.length === 14) await send(caller, [{ timestamp: iso(hour + minuteMs) }]);
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
    }
    expect(seen).toHaveLength(50);
    expect(new Set(seen).size).toBe(50);
    expect(times).toEqual([...times].sort().reverse());
  });

  it('are as they were sent, and filtered by model, version, environment and tag', async () => {
    const caller = aCaller();
    const sample = {
      timestamp: iso(hour),
      model_id: 'a/b',
      model_version: '2',
      environment: 'prod',
      latency: 12.5,
      error_rate: 0.5,
      resource_usage: { gpu_memory: 0.5, cpu_usage: 0.25, memory_usage: 1 },
      cost_usd: 0.000000001,
      prediction: 'cat',
      features: { age: 7, city: null },
      tags: { region: 'eu' },
    };
    await send(caller, [sample, { timestamp: iso(hour) }]);
    for (const query of ['model_id=a/b', 'model_version=2', 'environment=prod', 'tag=region:eu']) {
      const { body } = await service.get(`/api/v1/metrics/inference?${query}`, caller);
      expect([query, body['data']]).toEqual([query, [expect.objectContaining(sample)]]);
    }
    expect((await service.get('/api/v1/metrics/inference?cursor=x', caller)).status).toBe(400);
  });

  it('come up to 10,000 in a page, 1,000 unless asked; reports up to 1,000, 100 unless asked', async () => {
    const caller = aCaller();
    await send(
      caller,
      Array.from({ length: 1_001 }, (_, index) => ({ timestamp: iso(hour), request_id: `r${String(index)}` })),
    );
    for (const [path, standard, most] of [
      ['/api/v1/metrics/inference', 1_000, 10_000],
      ['/api/v1/metrics/drift', 100, 1_000],
    ] as const) {
      const { body } = await service.get(path, caller);
      expect(body['page_info']).toMatchObject({ limit: standard, has_next: path.endsWith('inference') });
      const whole = await service.get(`${path}?limit=${String(most)}`, caller);
      expect(whole.body['page_info']).toMatchObject({ limit: most, has_next: false });
      expect((await service.get(`${path}?limit=${String(most + 1)}`, caller)).status).toBe(400);
    }
  });

  it('are reports of drift, too, kept as what they are', async () => {
    const caller = aCaller();
    const report = { model_id: 'm', drift_type: 'data', severity: 'high', confidence: 0.9, tags: { by: 'us' } };
    await service.post('/api/v1/metrics/drift', report, { caller });
    const { body } = await service.get('/api/v1/metrics/drift?model_id=m', caller);
    expect(body['data']).toEqual([expect.objectContaining({ ...report, feature: null })]);
    expect((await service.get('/api/v1/metrics/drift', aCaller())).body['data']).toEqual([]);
  });
});

describe('GET /api/v1/metrics/categories (MX-2)', () => {
  it('counts what was predicted, the fifty most frequent by name, the same from rows and from rollups', async () => {
    const caller = aCaller();
    const named = Array.from({ length: 60 }, (_, index) => `c${String(index).padStart(2, '0')}`);
    await send(caller, [
      ...named.map((prediction) => ({ timestamp: iso(hour), prediction })),
      ...named.slice(0, 50).map((prediction) => ({ timestamp: iso(hour), prediction })),
      { timestamp: iso(hour) },
    ]);
    const ask = async () =>
      (await service.get(`/api/v1/metrics/categories?step=1h&from=${iso(hour)}&to=${iso(hour + 1)}`, caller)).body;
    const counted = await ask();
    expect(counted['buckets']).toEqual([
      {
        time: iso(hour),
        count: 110,
        categories: named.slice(0, 50).map((category) => ({ category, count: 2 })),
        other: 10,
      },
    ]);
    await rolledUp();
    expect(await ask()).toEqual(counted);
  });
});

describe('GET /api/v1/metrics/prometheus (B-24)', () => {
  it('shows the models of the last five minutes in text that Prometheus reads, whatever they are called', async () => {
    const caller = aCaller();
    const at = Math.floor(Date.now() / minuteMs) * minuteMs - minuteMs;
    await send(
      caller,
      Array.from({ length: 30 }, () => ({
        timestamp: iso(at),
        model_id: 'a"b\\c',
        error_rate: 0.5,
        resource_usage: { gpu_memory: 0.25 },
      })),
    );
    const answer = await service.fetch('/api/v1/metrics/prometheus', {}, caller);
    const text = await answer.text();
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect(text).toContain('signalbox_model_requests_per_second{model="a\\"b\\\\c"} 0.1\n');
    expect(text).toContain('signalbox_model_error_ratio{model="a\\"b\\\\c"} 0.5\n');
    expect(text).toContain('signalbox_model_resource_usage_ratio{model="a\\"b\\\\c",resource="gpu_memory"} 0.25\n');
    expect(text).toContain('signalbox_model_latency_milliseconds{model="a\\"b\\\\c",quantile="0.99"} 100\n');
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) signalbox_model_\w+ .+|signalbox_model_\w+(\{([a-z]+="([^"\\\n]|\\[\\"n])*",?)+\})? [-+.\de]+)$/,
      );
    }
  });

  it('has a bounded number of lines, and says what it left out', async () => {
    const caller = aCaller();
    const at = Math.floor(Date.now() / minuteMs) * minuteMs - minuteMs;
    await send(
      caller,
      Array.from({ length: 250 }, (_, index) => ({ timestamp: iso(at), model_id: `m${String(index)}` })),
    );
    const text = await (await service.fetch('/api/v1/metrics/prometheus', {}, caller)).text();
    expect(text.match(/^signalbox_model_requests_per_second\{/gm)).toHaveLength(200);
    expect(text).toContain('\nsignalbox_model_requests_not_shown 50\n');
  });
});
