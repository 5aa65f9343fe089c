import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { waitFor } from '@signalbox/test-kit';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

let opened: OpenedMesh;
beforeAll(async () => {
  opened = await openMesh({ gatewayReplicas: 2, limits: wideLimits });
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
});

const minuteMs = 60_000;
const hourMs = 3_600_000;
/** The beginning of an hour that is over. */
const hour = Math.floor(Date.now() / hourMs) * hourMs - 3 * hourMs;
const iso = (at: number) => new Date(at).toISOString();
const span = `from=${iso(hour)}&to=${iso(hour + hourMs)}`;

/** A tenant of its own, so that a test sees what it sent and nothing else. */
async function aTenant(name: string): Promise<string> {
  const { body } = await opened.ask('/api/v1/tenants', { body: { name } });
  return (body['api_key'] as { key: string }).key;
}

let sent = 0;
const send = async (key: string, samples: readonly Record<string, unknown>[]) => {
  const items = samples.map((sample) => ({
    model_id: 'shop/ranker',
    model_type: 'tabular',
    request_id: `request-${String((sent += 1))}`,
    latency: 100,
    ...sample,
  }));
  const { status } = await opened.ask('/api/v1/metrics/batch', { key, body: { items } });
  expect(status).toBe(201);
  return items;
};

interface Line {
  segment: string | null;
  buckets: { time: string; value: number | null; count: number }[];
}

describe('charts and sums through the gateway (MX-2, MX-3, MX-4)', () => {
  it('are what the rows say, before they are rolled up and after, and also when a row comes late', async () => {
    const key = await aTenant('charters');
    // Two a minute, in two versions, a tenth of the second bad; the last quarter of the hour has none.
    const samples = Array.from({ length: 90 }, (_, index) => ({
      timestamp: iso(hour + index * 30_000),
      latency: index + 1,
      model_version: index % 2 === 0 ? '1' : '2',
      ...(index % 2 === 0 ? {} : { error_rate: index % 20 === 1 ? 1 : 0 }),
    }));
    await send(key, samples);
    const chart = async (query: string) => {
      const { status, body } = await opened.ask(`/api/v1/metrics/series?${span}&${query}`, { key, gateway: sent % 2 });
      expect(status).toBe(200);
      return body;
    };
    const linesOf = (body: Record<string, unknown>) => body['segments'] as Line[];
    const expected = (aggregate: (values: number[]) => number | null, values: typeof samples) =>
      Array.from({ length: 4 }, (_, index) => {
        const from = hour + index * 15 * minuteMs;
        const within = values.filter(({ timestamp }) => {
          const at = Date.parse(timestamp);
          return at >= from && at < from + 15 * minuteMs;
        });
        return { time: iso(from), value: aggregate(within.map(({ latency }) => latency)), count: within.length };
      });
    const mean = (values: number[]) =>
      values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
    const answers = async () => ({
      mean: await chart('metric=latency_ms&step=15m'),
      p95: await chart('metric=latency_ms&aggregate=p95&step=1h'),
      versions: await chart('metric=requests&aggregate=count&step=1h&segment_by=model_version'),
      summary: (await opened.ask('/api/v1/summary?since_hours=6', { key })).body,
    });
    const before = await answers();
    expect(before.mean['resolution']).toBe('1m');
    expect(linesOf(before.mean)).toEqual([{ segment: null, buckets: expected(mean, samples) }]);
    const [bucket] = linesOf(before.p95)[0]?.buckets ?? [];
    const exact = samples.map(({ latency }) => latency)[Math.ceil(0.95 * samples.length) - 1] ?? Number.NaN;
    expect(Math.abs((bucket?.value ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.01 + 1e-9);
    const inVersion = (version: string) => samples.filter(({ model_version: of }) => of === version).length;
    expect(linesOf(before.versions).map(({ segment, buckets }) => [segment, buckets[0]?.value])).toEqual([
      ['1', inVersion('1')],
      ['2', inVersion('2')],
    ]);
    const reporting = samples.filter((sample) => 'error_rate' in sample);
    expect(before.summary).toMatchObject({
      total_requests: samples.length,
      error_rate: reporting.filter((sample) => sample.error_rate === 1).length / reporting.length,
    });

    await waitFor(
      async () => ((await opened.metric('monitoring-ingest', 'signalbox_rollup_buckets_total')) ?? 0) >= 46,
      {
        timeoutMs: 30_000,
      },
    );
    const after = await answers();
    expect({ ...after, summary: null }).toEqual({ ...before, summary: null });
    expect(after.summary).toMatchObject({ total_requests: samples.length, p95_latency: before.summary['p95_latency'] });

    const late = { timestamp: iso(hour + 50 * minuteMs), latency: 7, model_version: '1' };
    await send(key, [late]);
    expect(linesOf(await chart('metric=latency_ms&step=15m'))).toEqual([
      { segment: null, buckets: expected(mean, [...samples, late]) },
    ]);
  });

  it('answer as MonitorX did, and refuse 0s, 1d and 999999h', async () => {
    const key = await aTenant('old hands');
    await send(key, [{ timestamp: iso(hour), latency: 40, error_rate: 0.5 }]);
    const { body } = await opened.ask('/api/v1/metrics/aggregated?since_hours=6&window=1h', { key });
    const metrics = body['aggregated_metrics'] as Record<string, { time: string; value: number | null }[]>;
    expect(metrics['latency']?.filter(({ value }) => value !== null)).toMatchObject([{ time: iso(hour), value: 40 }]);
    for (const window of ['0s', '1d', '999999h']) {
      const refused = await opened.ask(`/api/v1/metrics/aggregated?window=${window}`, { key });
      expect([window, refused.status, refused.body['errors']]).toEqual([
        window,
        400,
        [expect.objectContaining({ path: 'window' })],
      ]);
    }
  });

  it('list the rows in pages, and show nobody what is another’s', async () => {
    const key = await aTenant('listers');
    const items = await send(
      key,
      Array.from({ length: 25 }, (_, index) => ({ timestamp: iso(hour + index * 1_000) })),
    );
    const seen: unknown[] = [];
    for (let path: string | undefined = '/api/v1/metrics/inference?limit=10'; path !== undefined;) {
      const { body, headers } = await opened.ask(path, { key });
      seen.push(...(body['data'] as { request_id: string }[]).map(({ request_id: id }) => id));
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(items.map(({ request_id: id }) => id).reverse());
    const stranger = await aTenant('strangers');
    expect((await opened.ask('/api/v1/metrics/inference', { key: stranger })).body['data']).toEqual([]);
    expect((await opened.ask('/api/v1/summary', { key: stranger })).body['total_requests']).toBe(0);
    expect((await opened.ask(`/api/v1/metrics/export?${span}&format=ndjson`, { key: stranger })).text).toBe('');
    expect((await opened.ask('/api/v1/metrics/prometheus', { key: stranger })).text).not.toContain('shop/ranker');
  });
});

describe('exports through the gateway (MX-27, MX-28)', () => {
  it('hold the same rows in each format, and what is imported again is the same', async () => {
    const key = await aTenant('exporters');
    const items = await send(
      key,
      Array.from({ length: 3_000 }, (_, index) => ({
        timestamp: iso(hour + index * 1_000),
        latency: index + 0.5,
        prediction: index % 7 === 0 ? '=1+1' : 'a,"b"',
        tags: { at: 'home' },
      })),
    );
    const get = (format: string, as = key) =>
      opened.ask(`/api/v1/metrics/export?${span}&format=${format}`, { key: as });
    const csv = await get('csv');
    expect(csv.headers.get('content-type')).toContain('text/csv');
    const lines = csv.text.trimEnd().split('\r\n');
    expect(lines).toHaveLength(3_001);
    expect(csv.text).not.toMatch(/,=1\+1/);
    expect(csv.text).toContain(`,'=1+1,`);
    const json = await get('json');
    expect(json.body['items']).toEqual(items);
    const ndjson = await get('ndjson');
    expect(
      ndjson.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(items);

    const importer = await aTenant('importers');
    const imported = await opened.ask('/api/v1/metrics/batch', {
      key: importer,
      method: 'POST',
      raw: ndjson.text,
      headers: { 'content-type': 'application/x-ndjson' },
    });
    expect(imported.status).toBe(201);
    expect((await get('ndjson', importer)).text).toBe(ndjson.text);
    expect((await get('csv', importer)).text).toBe(csv.text);
  });
});

describe('what is judged, through the gateway (B-22, B-24, B-27)', () => {
  it('is an objective that burns, an hour that is unusual, and a model that fails', async () => {
    const key = await aTenant('judges');
    const now = Date.now();
    await send(key, [
      ...Array.from({ length: 60 }, (_, index) => ({
        timestamp: iso(hour - (index + 1) * hourMs),
        latency: 100 + (index % 5),
        error_rate: 0,
      })),
      ...Array.from({ length: 30 }, (_, index) => ({
        timestamp: iso(hour + index * minuteMs),
        latency: 900,
        error_rate: 0,
      })),
      ...Array.from({ length: 30 }, (_, index) => ({ timestamp: iso(now - 1_000 - index), error_rate: 0.5 })),
    ]);
    const made = await opened.ask('/api/v1/objectives', {
      key,
      body: { name: 'answers', model_id: 'shop/ranker', target: 0.99, indicator: { kind: 'availability' } },
    });
    expect(made.status).toBe(201);
    const { body: status } = await opened.ask(`/api/v1/objectives/${String(made.body['id'])}/status`, { key });
    // Fifteen bad ones of 120, where 1.2 are allowed; in the last hour every second one was bad.
    expect(status).toMatchObject({
      state: 'burning',
      window: { total: 120, good: 105 },
      burn_rates: { '5m': expect.closeTo(50), '1h': expect.closeTo(50) },
      error_budget: { spent: 15, allowed: expect.closeTo(1.2) },
    });
    const alarms = status['alarms'] as { severity: string; factor: number }[];
    expect(alarms[0]).toMatchObject({ severity: 'page', factor: 14.4 });

    const { body: anomalies } = await opened.ask(
      `/api/v1/anomalies?metric=latency_ms&step=1h&from=${iso(hour - hourMs)}&to=${iso(hour + hourMs)}`,
      { key },
    );
    expect(anomalies['scored']).toMatchObject([
      { time: iso(hour - hourMs), anomalous: false },
      { time: iso(hour), anomalous: true },
    ]);

    const health = await waitFor(
      async () => {
        const { status: code, body } = await opened.ask('/api/v1/models/shop%2Franker/health', { key });
        return code === 200 && body;
      },
      { timeoutMs: 50_000 },
    );
    expect(health).toMatchObject({ model_id: 'shop/ranker', status: 'failing' });
    await waitFor(
      async () =>
        ((await opened.metric('monitoring-ingest', 'signalbox_model_health_changes_total', 'current="failing"')) ?? 0) >
        0,
    );
    const { text, headers } = await opened.ask('/api/v1/metrics/prometheus', { key });
    expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toContain('# TYPE signalbox_model_error_ratio gauge');
  });
});

describe("MonitorX's clients (LA-5, MX-1, MX-6, MX-7)", () => {
  it('find its paths where they were, take null for what they leave out, and read the shapes they know', async () => {
    const key = await aTenant('old clients');
    const say = async (path: string, body?: unknown) => {
      const answer = await opened.ask(path, { key, ...(body === undefined ? {} : { body }) });
      expect([path, answer.status < 300, answer.headers.get('deprecation')]).toEqual([path, true, '@1767225600']);
      return answer.body;
    };
    const sample = { model_id: 'm', model_type: 'llm', request_id: 'r', latency: 5, throughput: null, tags: null };
    await say('/metrics/inference', sample);
    await say('/metrics/drift', { model_id: 'm', drift_type: 'data', severity: 'low', confidence: 0.5, tags: null });
    await say('/models', { id: 'm', name: 'M', model_type: 'llm', version: '1', environment: 'dev' });
    expect((await say('/metrics/inference'))['metrics']).toMatchObject([{ request_id: 'r', throughput: null }]);
    expect((await say('/metrics/drift'))['drift_metrics']).toMatchObject([{ model_id: 'm', severity: 'low' }]);
    expect((await say('/models'))['models']).toMatchObject([{ id: 'm', thresholds: { latency: 1_000 } }]);
    expect(await say('/summary?since_hours=1')).toMatchObject({ total_requests: 1, average_latency: 5 });
    const { aggregated_metrics: aggregated } = await say('/metrics/aggregated?since_hours=1');
    expect(Object.keys(aggregated as object)).toContain('latency');
    const forecast = await opened.ask('/api/v1/forecast?metric=latency_ms&threshold=9', { key });
    expect(forecast.body).toMatchObject({ outcome: 'insufficient_data', reaches_at: null });
  });
});
