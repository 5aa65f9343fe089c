import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { budgetCrossed, modelHealthChanged, providerStateChanged, samplesArrived } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { waitFor } from '@signalbox/test-kit';
import { aCaller, startTestService, type TestService } from './harness.ts';
import { simulateMonitoring, type SimulatedMonitoring } from './simulated-monitoring.ts';
import { tellEvent } from './tell-event.ts';

const prefix = `test-rules-${newId('req')}`;
let monitoring: SimulatedMonitoring;
let service: TestService;
let replica: TestService;
beforeAll(async () => {
  monitoring = await simulateMonitoring();
  service = await startTestService({ prefix, config: { monitoringUrl: monitoring.url } });
  // Two of them, on the same stores: what is claimed by one is left alone by the other.
  replica = await startTestService({ prefix, database: service.database, config: { monitoringUrl: monitoring.url } });
});
afterAll(async () => {
  await replica[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
  await monitoring[Symbol.asyncDispose]();
});

type Json = Record<string, unknown>;
const as = (caller: CallerIdentity): CallerIdentity => ({ ...caller, requestId: newId('req') });
const post = (caller: CallerIdentity, path: string, body: unknown) => service.post(path, body, { caller: as(caller) });
const alertsOf = async (caller: CallerIdentity, query = '') =>
  (await service.get(`/api/v1/alerts?limit=100${query}`, as(caller))).body['data'] as Json[];

async function untilAlert(caller: CallerIdentity, wanted: Json): Promise<Json> {
  return waitFor(
    async () =>
      (await alertsOf(caller)).find((alert) =>
        Object.entries(wanted).every(([name, value]) => alert[name] === value),
      ) ?? null,
    { timeoutMs: 20_000 },
  );
}

const slow = {
  name: 'Slow',
  condition: {
    kind: 'series',
    metric: 'latency_ms',
    aggregate: 'max',
    window: '3s',
    comparator: '>',
    threshold: 1_000,
  },
  interval: '1s',
  no_data: 'ok',
  labels: { team: 'search' },
  annotations: { summary: '{{ labels.model_id }} took {{ value | round 0 }} ms' },
};

describe('rules over HTTP (OD-12)', () => {
  it('are there from the start, and stay deleted', async () => {
    const caller = aCaller();
    const { body } = await service.get('/api/v1/alert-rules?limit=100', as(caller));
    const rules = body['data'] as { id: string; name: string; origin: string; condition: Json }[];
    const byName = new Map(rules.map((rule) => [rule.name, rule]));
    expect(byName.get('ErrorRateHigh')?.condition).toMatchObject({
      metric: 'error_rate',
      comparator: '>',
      threshold: 0.05,
    });
    expect(byName.get('CpuUsageHigh')?.condition).toMatchObject({ metric: 'cpu_usage', threshold: 0.8 });
    expect(byName.get('MemoryUsageHigh')?.condition).toMatchObject({ metric: 'memory_usage', threshold: 0.85 });
    expect(byName.get('DependencyUnhealthy')?.condition).toMatchObject({ signal: 'dependency', states: ['unhealthy'] });
    expect(
      rules
        .map(({ condition }) => condition['factor'])
        .filter((factor) => factor !== undefined)
        .sort(),
    ).toEqual([1, 14.4, 6]);
    const id = String(byName.get('CpuUsageHigh')?.id);
    const answer = await service.fetch(`/api/v1/alert-rules/${id}`, { method: 'DELETE' }, as(caller));
    expect(answer.status).toBe(204);
    const after = (await service.get('/api/v1/alert-rules?limit=100', as(caller))).body['data'] as { name: string }[];
    expect(after.map(({ name }) => name)).not.toContain('CpuUsageHigh');
  });

  it('are made, read, changed and deleted, and each change stands in the audit log (OD-14)', async () => {
    const caller = aCaller();
    const made = await post(caller, '/api/v1/alert-rules', slow);
    expect([made.status, made.body]).toMatchObject([201, { name: 'Slow', origin: 'api', enabled: true, for: '0' }]);
    const path = `/api/v1/alert-rules/${String(made.body['id'])}`;
    expect(made.headers.get('location')).toBe(path);
    expect((await post(caller, '/api/v1/alert-rules', slow)).body).toMatchObject({
      error_code: 'CONFLICT',
      name: 'Slow',
    });
    const patch = { method: 'PATCH', body: '{"for":"5m"}', headers: { 'content-type': 'application/json' } };
    const changed = await service.fetch(path, patch, as(caller));
    expect(await changed.json()).toMatchObject({ for: '5m', name: 'Slow' });
    expect((await service.fetch(path, { method: 'DELETE' }, as(caller))).status).toBe(204);
    expect((await service.get(path, as(caller))).status).toBe(404);
    const audit = await service.query<{ message: { payload: { target: string; details: Json } } }>(
      "select message from @outbox where name = 'audit.record' order by id",
    );
    const told = audit.filter(({ message }) => message.payload.target === made.body['id']);
    expect(told.map(({ message }) => message.payload.details['change'])).toEqual(['created', 'updated', 'deleted']);
  });

  it.each([
    [{ ...slow, for: 'soon' }, 'for'],
    [{ ...slow, interval: '10ms' }, 'interval'],
    [{ ...slow, annotations: { summary: '{{ process.env }}' } }, 'annotations.summary'],
    [{ ...slow, annotations: { summary: '{{ value ' } }, 'annotations.summary'],
    [{ ...slow, labels: { severity: 'x' } }, 'labels.severity'],
    [{ ...slow, condition: { ...slow.condition, comparator: '~' } }, 'condition.comparator'],
  ])('say which field makes no sense, and what was expected: %#', async (rule, path) => {
    const { status, body } = await service.post('/api/v1/alert-rules', rule);
    expect([status, (body['errors'] as { path: string }[]).map((one) => one.path)]).toEqual([400, [path]]);
  });

  it('of another tenant are as absent as those that never were', async () => {
    const made = await post(aCaller(), '/api/v1/alert-rules', slow);
    const stranger = aCaller();
    const path = `/api/v1/alert-rules/${String(made.body['id'])}`;
    expect((await service.get(path, as(stranger))).status).toBe(404);
    expect((await service.fetch(path, { method: 'DELETE' }, as(stranger))).status).toBe(404);
    const reader = aCaller({ scopes: ['alerts:read'] });
    expect((await post(reader, '/api/v1/alert-rules', slow)).status).toBe(403);
  });

  it('come from a file: what it no longer holds is deleted, the rest stays', async () => {
    const caller = aCaller();
    await post(caller, '/api/v1/alert-rules', { ...slow, name: 'ByHand' });
    const put = async (rules: unknown[]) => {
      const body = JSON.stringify({ yaml: JSON.stringify({ rules }) });
      const init = { method: 'PUT', body, headers: { 'content-type': 'application/json' } };
      return (await service.fetch('/api/v1/alert-rules', init, as(caller))).json();
    };
    const [one, two] = [
      { ...slow, name: 'One' },
      { ...slow, name: 'Two' },
    ];
    expect(await put([one, two])).toMatchObject({ created: ['One', 'Two'], deleted: [] });
    expect(await put([one, { ...two, for: '1m' }])).toMatchObject({ unchanged: ['One'], updated: ['Two'] });
    expect(await put([one])).toMatchObject({ unchanged: ['One'], deleted: ['Two'] });
    expect(await put([{ ...one, for: 'x' }])).toMatchObject({ errors: [{ path: 'rules.0.for' }] });
    const { body } = await service.get('/api/v1/alert-rules?limit=100', as(caller));
    expect((body['data'] as Json[]).map(({ name }) => name)).toEqual(expect.arrayContaining(['ByHand', 'One']));
  });
});

describe('evaluation (MX-8)', () => {
  it('makes one alert of a breach, though two replicas look, and ends it when what was bad is out of view', async () => {
    const caller = aCaller();
    monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 2_100, model: 'bad' });
    monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 500, model: 'good' });
    await post(caller, '/api/v1/alert-rules', slow);
    const alert = await untilAlert(caller, { state: 'firing', name: 'Slow' });
    expect(alert).toMatchObject({
      model_id: 'bad',
      severity: 'critical',
      alert_type: 'latency',
      value: 2_100,
      message: 'bad took 2100 ms',
      labels: { team: 'search', alertname: 'Slow', severity: 'critical' },
    });
    const ended = await untilAlert(caller, { state: 'resolved', name: 'Slow' });
    expect(ended).toMatchObject({ id: alert['id'], episode: 1, resolution: { reason: 'condition' } });
    const { body } = await service.get(`/api/v1/alerts/${String(alert['id'])}/history`, as(caller));
    expect((body['data'] as Json[]).map(({ type }) => type)).toEqual(['resolved', 'fired']);
    expect((await alertsOf(caller, '&name=Slow')).length).toBe(1);
  });

  it('puts a value in the band of its ratio, at the very edges', async () => {
    const caller = aCaller();
    for (const [model, value] of Object.entries({ low: 0.0599, medium: 0.06, high: 0.075, critical: 0.1 }))
      monitoring.measure(caller.principal.tenantId, { metric: 'error_rate', value, model });
    await post(caller, '/api/v1/alert-rules', {
      ...slow,
      name: 'Errors',
      condition: { ...slow.condition, metric: 'error_rate', threshold: 0.05, window: '1m' },
    });
    const alerts = await waitFor(async () => {
      const found = await alertsOf(caller, '&name=Errors');
      return found.length === 4 ? found : null;
    });
    for (const { model_id: model, severity } of alerts) expect(severity).toBe(model);
  });

  it('holds a registered model to its own limit', async () => {
    const caller = aCaller();
    monitoring.models = [{ id: 'tolerant', thresholds: { latency: 5_000 } }];
    for (const model of ['tolerant', 'other'])
      monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 2_000, model });
    await post(caller, '/api/v1/alert-rules', {
      ...slow,
      name: 'OfModel',
      condition: { ...slow.condition, window: '1m', threshold_of_model: 'latency' },
    });
    await untilAlert(caller, { name: 'OfModel', model_id: 'other', state: 'firing' });
    expect((await alertsOf(caller, '&name=OfModel')).map(({ model_id: model }) => model)).toEqual(['other']);
  });

  it('watches every model, beyond the fifty that monitoring shows at once', async () => {
    const caller = aCaller();
    const models = Array.from({ length: 60 }, (_, index) => `of-sixty-${String(index)}`);
    monitoring.models = models.map((id) => ({ id, thresholds: {} }));
    for (const model of models)
      monitoring.measure(caller.principal.tenantId, { metric: 'throughput', value: 2_000, model });
    await post(caller, '/api/v1/alert-rules', {
      ...slow,
      name: 'Sixty',
      condition: { ...slow.condition, metric: 'throughput', window: '1m' },
    });
    const alerts = await waitFor(
      async () => {
        const found = await alertsOf(caller, '&name=Sixty');
        return found.length === 60 ? found : null;
      },
      { timeoutMs: 20_000 },
    );
    expect(new Set(alerts.map(({ model_id: model }) => model))).toEqual(new Set(models));
  });

  it('keeps alerts as they are while nothing can be read, and says so of the rule', async () => {
    const caller = aCaller();
    monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 3_000 });
    const made = await post(caller, '/api/v1/alert-rules', { ...slow, name: 'Blind' });
    const alert = await untilAlert(caller, { name: 'Blind', state: 'firing' });
    monitoring.fails = true;
    try {
      const path = `/api/v1/alert-rules/${String(made.body['id'])}`;
      const error = await waitFor(async () => (await service.get(path, as(caller))).body['error'] ?? null, {
        timeoutMs: 20_000,
      });
      expect(error).toBe('What is measured cannot be read at the moment.');
      expect((await service.get(`/api/v1/alerts/${String(alert['id'])}`, as(caller))).body['state']).toBe('firing');
    } finally {
      monitoring.fails = false;
    }
  });

  it('opens a new episode for a new breach after somebody resolved the last one (MX-15)', async () => {
    const caller = aCaller();
    const { tenantId } = caller.principal;
    monitoring.measure(tenantId, { metric: 'latency_ms', value: 3_000 });
    await post(caller, '/api/v1/alert-rules', { ...slow, name: 'Again' });
    const alert = await untilAlert(caller, { name: 'Again', state: 'firing' });
    await post(caller, `/api/v1/alerts/${String(alert['id'])}/resolve`, { note: 'restarted' });
    const again = await waitFor(
      async () => {
        monitoring.measure(tenantId, { metric: 'latency_ms', value: 3_000 });
        const { body } = await service.get(`/api/v1/alerts/${String(alert['id'])}`, as(caller));
        return body['state'] === 'firing' ? body : null;
      },
      { timeoutMs: 20_000 },
    );
    expect(again).toMatchObject({ episode: 2, resolution: null });
  });

  it('ends the alerts of a rule that is deleted', async () => {
    const caller = aCaller();
    monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 3_000 });
    const made = await post(caller, '/api/v1/alert-rules', {
      ...slow,
      name: 'Gone',
      condition: { ...slow.condition, window: '5m' },
    });
    await untilAlert(caller, { name: 'Gone', state: 'firing' });
    await service.fetch(`/api/v1/alert-rules/${String(made.body['id'])}`, { method: 'DELETE' }, as(caller));
    expect(await untilAlert(caller, { name: 'Gone', state: 'resolved' })).toMatchObject({
      resolution: { reason: 'rule_deleted' },
    });
  });
});

describe('what the other services tell', () => {
  const tell = (...told: Parameters<typeof tellEvent> extends [string, ...infer Rest] ? Rest : never) =>
    tellEvent(prefix, ...told);

  it('makes alerts of a provider that rests, a budget that is used up and a model that drifts, and ends them', async () => {
    const caller = aCaller();
    const { tenantId } = caller.principal;
    const at = (ms: number) => new Date(Date.now() + ms).toISOString();
    const provider = { connection_id: 'conn_1', tenant_id: tenantId, from: 'closed', to: 'open', at: at(-2_000) };
    await tell(providerStateChanged, provider, caller);
    await tell(
      budgetCrossed,
      {
        tenant_id: tenantId,
        budget_id: 'budget_1',
        name: 'Search',
        scope: { kind: 'tenant' },
        period: 'day',
        period_start: new Date(new Date().setUTCHours(0, 0, 0, 0)).toISOString(),
        level: 'hard',
        unit: 'usd',
        limit: '10',
        spent: '10',
        at: at(0),
      },
      caller,
    );
    const reasons = [{ kind: 'drift', subject: 'feature:income', value: 0.4, limit: 0.1 }];
    const health = { model_id: 'm', previous: 'ok', current: 'drifting', reasons, at: at(0) };
    await tell(modelHealthChanged, health, caller);

    expect(await untilAlert(caller, { name: 'ProviderDown', state: 'firing' })).toMatchObject({
      labels: { provider: 'conn_1' },
    });
    expect(await untilAlert(caller, { name: 'BudgetUsedUp', state: 'firing' })).toMatchObject({
      severity: 'critical',
      message: 'The budget Search is used up.',
    });
    expect(await untilAlert(caller, { name: 'ModelDrift', state: 'firing' })).toMatchObject({ model_id: 'm' });

    await tell(providerStateChanged, { ...provider, from: 'open', to: 'closed', at: at(0) }, caller);
    await untilAlert(caller, { name: 'ProviderDown', state: 'resolved' });
    // What comes late, and what comes twice, changes nothing any more.
    await tell(providerStateChanged, { ...provider, at: at(-1_000) }, caller, 'evt_late');
    await tell(providerStateChanged, { ...provider, at: at(-1_000) }, caller, 'evt_late');
    await tell(modelHealthChanged, { ...health, current: 'ok', reasons: [], at: at(0) }, caller);
    await untilAlert(caller, { name: 'ModelDrift', state: 'resolved' });
    expect((await alertsOf(caller, '&name=ProviderDown'))[0]).toMatchObject({ state: 'resolved', episode: 1 });
  });

  it('looks at once when something was measured, long before the clock would have it (MX-14)', async () => {
    const caller = aCaller();
    await post(caller, '/api/v1/alert-rules', { ...slow, name: 'Woken', interval: '1d' });
    const path = '/api/v1/alert-rules?limit=100';
    await waitFor(async () => {
      const rules = (await service.get(path, as(caller))).body['data'] as Json[];
      return rules.some(({ name, evaluated_at: at }) => name === 'Woken' && at !== null) ? true : null;
    });
    monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 3_000 });
    await tell(samplesArrived, { at: new Date().toISOString() }, caller);
    await untilAlert(caller, { name: 'Woken', state: 'firing' });
  });
});

describe('trying rules out', () => {
  it('previews by the query that evaluates', async () => {
    const caller = aCaller();
    for (const agoMs of [60_000, 58_000])
      monitoring.measure(caller.principal.tenantId, { metric: 'latency_ms', value: 1_300, agoMs });
    const from = new Date(Date.now() - 120_000).toISOString();
    const { status, body } = await post(caller, '/api/v1/alert-rules/preview', { rule: slow, from });
    expect(status).toBe(200);
    const alerts = body['alerts'] as { labels: Json; points: { state: string; severity: string }[] }[];
    expect(alerts).toMatchObject([{ labels: { alertname: 'Slow', model_id: 'm' } }]);
    expect(alerts[0]?.points.some(({ state, severity }) => state === 'firing' && severity === 'medium')).toBe(true);
    expect(alerts[0]?.points.at(-1)?.state).toBe('resolved');
    expect(await alertsOf(caller)).toEqual([]);
  });

  it('runs unit tests of rules and of where their alerts go, and says what failed', async () => {
    const yaml = `
rules:
  - name: Slow
    condition: { kind: series, metric: latency_ms, window: 1m, comparator: '>', threshold: 1000 }
    interval: 1m
    for: 3m
    annotations: { summary: '{{ labels.model_id }} at {{ value }}' }
tests:
  - name: fires after three minutes
    interval: 1m
    input_series:
      - { series: 'latency_ms{model_id="m"}', values: '100 2000x10' }
    alert_rule_test:
      - { eval_time: 3m, alertname: Slow, exp_alerts: [] }
      - eval_time: 4m
        alertname: Slow
        exp_alerts:
          - exp_labels: { model_id: m, severity: critical }
            exp_annotations: { summary: m at 2000 }
            exp_receivers: [default]
  - name: is wrong on purpose
    interval: 1m
    input_series:
      - { series: 'latency_ms{model_id="m"}', values: '100x10' }
    alert_rule_test:
      - { eval_time: 5m, alertname: Slow, exp_alerts: [{ exp_labels: { model_id: m } }] }
`;
    const { body } = await post(aCaller(), '/api/v1/alert-rules/test', { yaml });
    const [right, wrong] = body['tests'] as { passed: boolean; failures: string[] }[];
    expect(right?.failures.filter((text) => !text.includes('receivers'))).toEqual([]);
    expect(wrong).toMatchObject({ passed: false });
    expect(wrong?.failures[0]).toContain('Slow at 5m: expected an alert of {"model_id":"m"}; none fires.');
    expect(body['passed']).toBe(false);
  });
});
