import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

const configuration = `
route:
  receiver: everybody
  group_by: [alertname, model_id]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: everybody
    channel_configs:
      - channel: '*'
`;

let owned: AsyncDisposableStack;
let opened: OpenedMesh;
let hook: HttpSink;
beforeAll(async () => {
  owned = new AsyncDisposableStack();
  hook = owned.use(await startHttpSink());
  opened = owned.use(await openMesh({ limits: wideLimits }));
  const settings = { url: `${hook.url}/hook` };
  await opened.ask('/api/v1/channels', { body: { name: 'hook', kind: 'webhook', settings } });
  const put = { method: 'PUT', body: { original: configuration } };
  expect((await opened.ask('/api/v1/alerting-configuration', put)).status).toBe(200);
});
afterAll(() => owned.disposeAsync());

type Json = Record<string, unknown>;
let requests = 0;
const measure = (modelId: string, more: Json = {}) =>
  opened.ask('/api/v1/metrics/inference', {
    body: { model_id: modelId, model_type: 'llm', request_id: `r-${String((requests += 1))}`, latency: 2_500, ...more },
  });
const alertsOf = async (query: string) =>
  (await opened.ask(`/api/v1/alerts?limit=100&${query}`)).body['data'] as Json[];
const untilAlert = (query: string) =>
  waitFor(async () => (await alertsOf(query))[0] ?? null, { timeoutMs: 60_000, what: query });
const told = (text: string) => hook.accepted.filter((one) => one.text.includes(text));

describe('one bad measurement through the gateway (MX-8, MX-14, MX-15)', () => {
  it('becomes an alert by the rules of the start, and is told once', async () => {
    expect((await measure('shop/slow')).status).toBe(201);
    const alert = await untilAlert('model_id=shop%2Fslow&state=firing');
    expect(alert).toMatchObject({
      name: 'LatencyHigh',
      alert_type: 'latency',
      severity: 'critical',
      value: 2_500,
      message: 'shop/slow: latency_ms is 2500, above 1000',
      episode: 1,
    });
    await waitFor(() => told('shop/slow').length > 0, { timeoutMs: 60_000, what: 'the webhook' });
    expect(told('shop/slow').length).toBe(1);
    // What is good makes no alert.
    await measure('shop/fast', { latency: 20 });
    expect(await alertsOf('model_id=shop%2Ffast')).toEqual([]);
  });

  it('is held to the limits that its model was registered with', async () => {
    const model = { id: 'shop/patient', name: 'Patient', model_type: 'llm', version: '1', environment: 'prod' };
    await opened.ask('/api/v1/models', { body: { ...model, thresholds: { latency: 2_000 } } });
    await measure('shop/patient');
    // 1.25 times its own limit.
    expect(await untilAlert('model_id=shop%2Fpatient&state=firing')).toMatchObject({ severity: 'medium' });
  });

  it('is resolved by hand, on the old path as well, and comes back with a new breach', async () => {
    await measure('shop/legacy', { latency: 3, error_rate: 0.5 });
    await untilAlert('model_id=shop%2Flegacy&state=firing');
    const old = await opened.ask('/alerts?model_id=shop%2Flegacy&resolved=false');
    expect(old.headers.has('deprecation')).toBe(true);
    const [row] = JSON.parse(old.text) as Json[];
    expect(row).toMatchObject({
      model_id: 'shop/legacy',
      alert_type: 'error_rate',
      severity: 'critical',
      resolved: false,
    });
    const resolved = await opened.ask('/alerts/resolve', { body: { alert_id: row?.['id'] } });
    expect([resolved.status, resolved.body['status']]).toEqual([200, 'success']);
    expect((await alertsOf('model_id=shop%2Flegacy'))[0]).toMatchObject({ state: 'resolved', resolved: true });
    expect((await opened.ask('/api/v1/alerts/resolve', { body: { alert_id: 'alert_unknown' } })).status).toBe(404);

    const audit = await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/audit-events?limit=100');
      return (body['data'] as Json[]).find((one) => one['action'] === 'alert.resolved') ?? null;
    });
    expect(audit).toMatchObject({ target: row?.['id'] });
  });

  it('is downloaded as CSV and as JSON (MX-27)', async () => {
    const csv = await opened.ask('/api/v1/alerts/export?format=csv');
    expect(csv.headers.get('content-type')).toContain('text/csv');
    expect(csv.text.split('\r\n')[0]).toMatch(/^id,name,model_id,/);
    const json = await opened.ask('/api/v1/alerts/export?format=json&model_id=shop%2Fslow');
    expect((json.body['items'] as Json[]).length).toBe(1);
  });
});

describe('the stream of events through the gateway', () => {
  it('tells of an alert as it begins, and goes on where a listener broke off', async () => {
    const listen = async (headers: Record<string, string>, until: string): Promise<string> => {
      const stop = new AbortController();
      const url = new URL('/api/v1/alerts/events', opened.mesh.gatewayUrls[0]);
      const authorization = `Bearer ${opened.adminKey}`;
      const answer = await fetch(url, { headers: { authorization, ...headers }, signal: stop.signal });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      if (until === 'shop/heard') await measure('shop/heard');
      let text = '';
      for await (const bytes of answer.body ?? []) {
        text += Buffer.from(bytes as Uint8Array).toString();
        if (text.includes(until) && text.endsWith('\n\n')) break;
      }
      stop.abort();
      return text;
    };
    const heard = await listen({}, 'shop/heard');
    expect(heard).toContain('event: alert.fired');
    const last = [...heard.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1] ?? '';
    await measure('shop/meanwhile');
    await untilAlert('model_id=shop%2Fmeanwhile&state=firing');
    const more = await listen({ 'last-event-id': last }, 'shop/meanwhile');
    expect(more).not.toContain(`id: ${last}\n`);
  });
});

describe('rules through the gateway (OD-12)', () => {
  it('are unit-tested with where their alerts go, and previewed', async () => {
    const yaml = `
rules:
  - name: CostHigh
    condition: { kind: series, metric: cost_usd, aggregate: sum, window: 1m, comparator: '>', threshold: 5 }
    severity: high
tests:
  - interval: 1m
    input_series: [{ series: 'cost_usd{model_id="m"}', values: '1x2 6' }]
    alert_rule_test:
      - { eval_time: 2m, alertname: CostHigh }
      - eval_time: 3m
        alertname: CostHigh
        exp_alerts: [{ exp_labels: { model_id: m, severity: high }, exp_receivers: [everybody] }]
`;
    const tested = await opened.ask('/api/v1/alert-rules/test', { body: { yaml } });
    expect(tested.body).toEqual({ passed: true, tests: [{ name: 'test 1', passed: true, failures: [] }] });
    const condition = {
      kind: 'series',
      metric: 'latency_ms',
      aggregate: 'p95',
      window: '1m',
      comparator: '>',
      threshold: 1_000,
    };
    const preview = await opened.ask('/api/v1/alert-rules/preview', { body: { rule: { name: 'P95', condition } } });
    expect(preview.status).toBe(200);
    expect(JSON.stringify(preview.body)).toContain('shop/slow');
  });

  it('tell that a service is away, and that it is back', async () => {
    await opened.service('chat-router').kill('SIGKILL');
    try {
      expect(await untilAlert('name=DependencyUnhealthy&state=firing')).toMatchObject({
        severity: 'critical',
        labels: { dependency: 'chat-router' },
      });
    } finally {
      await opened.service('chat-router').restart();
    }
    expect(await untilAlert('name=DependencyUnhealthy&state=resolved')).toMatchObject({ episode: 1 });
  }, 180_000);
});

describe('faults', () => {
  const rule = (name: string, modelId: string) => ({
    name,
    condition: {
      kind: 'series',
      metric: 'latency_ms',
      aggregate: 'max',
      window: '2m',
      comparator: '>',
      threshold: 1_000,
      model_id: modelId,
    },
    interval: '1s',
  });

  it('cost time and no alert when alerting is killed right after the measurement', async () => {
    await opened.ask('/api/v1/alert-rules', { body: rule('Killed', 'shop/killed') });
    for (let round = 0; round < 3; round += 1) {
      await measure('shop/killed');
      await opened.service('alerting').kill('SIGKILL');
      await opened.service('alerting').restart();
    }
    const alert = await untilAlert('name=Killed&state=firing');
    expect(alert).toMatchObject({ episode: 1, model_id: 'shop/killed' });
    await waitFor(() => told('Killed').length > 0, { timeoutMs: 60_000, what: 'the webhook' });
    const { body } = await opened.ask(`/api/v1/alerts/${String(alert['id'])}/history`);
    expect((body['data'] as Json[]).map(({ type }) => type)).toEqual(['fired']);
    expect((await alertsOf('name=Killed')).length).toBe(1);
  }, 180_000);

  it('leave the clock at work while Redis gives no answer', async () => {
    await opened.ask('/api/v1/alert-rules', { body: rule('WithoutRedisRule', 'shop/no-redis') });
    const { redis } = opened.mesh.stores;
    if (redis === undefined) throw new Error('this mesh should own its Redis');
    redis.freeze();
    try {
      await measure('shop/no-redis');
      await waitFor(() => told('WithoutRedisRule').length > 0, { timeoutMs: 60_000, what: 'the webhook' });
    } finally {
      redis.thaw();
    }
  }, 180_000);
});

describe('alerts of others', () => {
  it('are as absent through the gateway as those that never were', async () => {
    const { body } = await opened.ask('/api/v1/tenants', { body: { name: 'strangers' } });
    const { key } = body['api_key'] as { key: string };
    const [alert] = await alertsOf('model_id=shop%2Fslow');
    const id = String(alert?.['id']);
    expect((await opened.ask(`/api/v1/alerts/${id}`, { key })).status).toBe(404);
    expect((await opened.ask(`/api/v1/alerts/${id}/resolve`, { key, method: 'POST' })).status).toBe(404);
    expect((await opened.ask('/api/v1/alerts', { key })).body['data']).toEqual([]);
    expect((await opened.ask('/api/v1/alerts', { key: null })).status).toBe(401);
  });
});
