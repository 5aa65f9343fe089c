import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { startTestService, type TestService } from './harness.ts';
import { simulateMonitoring, type SimulatedMonitoring } from './simulated-monitoring.ts';

const configuration = `
route:
  receiver: hook
  group_by: ['...']
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: hook
    channel_configs:
      - channel: hook
`;

let monitoring: SimulatedMonitoring;
let service: TestService;
let hook: HttpSink;
beforeAll(async () => {
  monitoring = await simulateMonitoring();
  service = await startTestService({ config: { monitoringUrl: monitoring.url } });
  hook = await startHttpSink();
  await send('PUT', '/api/v1/alerting-configuration', { original: configuration });
  await send('POST', '/api/v1/channels', { name: 'hook', kind: 'webhook', settings: { url: hook.url } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
  await monitoring[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const init = { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await service.fetch(path, init, { ...service.caller, requestId: newId('req') });
  const text = await answer.text();
  expect({ path, text: answer.ok ? '' : text }).toEqual({ path, text: '' });
  return JSON.parse(text) as Record<string, unknown>;
}

interface Told {
  labels: { model_id?: string; alertname: string };
}
const toldOf = (name: string) =>
  hook.accepted
    .map(({ body }) => ({ kind: body['kind'], heldBack: body['held_back'], alerts: body['alerts'] as Told[] }))
    .filter(({ alerts }) => alerts.some(({ labels }) => labels.alertname === name));

describe('the limit of a rule (MX-12)', () => {
  it('lets one message through in its window, then tells the rest as one; other rules are told at once', async () => {
    const condition = (metric: string) => ({
      ...{ kind: 'series', metric, aggregate: 'max', window: '5m', comparator: '>', threshold: 10 },
    });
    const rule = { interval: '1s', severity: 'high' };
    for (const model of ['a', 'b', 'c', 'd'])
      monitoring.measure(service.caller.principal.tenantId, { model, metric: 'tokens', value: 100 });
    const limit = { messages: 1, window_seconds: 4 };
    const made = await send('POST', '/api/v1/alert-rules', {
      ...{ ...rule, name: 'Many', condition: condition('tokens'), notify_limit: limit },
    });
    expect(made['notify_limit']).toEqual(limit);
    await waitFor(() => toldOf('Many').length === 1, { what: 'the first' });
    monitoring.measure(service.caller.principal.tenantId, { model: 'a', metric: 'retries', value: 100 });
    await send('POST', '/api/v1/alert-rules', { ...rule, name: 'Other', condition: condition('retries') });
    await waitFor(() => toldOf('Other').length === 1, { what: 'the other rule' });
    await waitFor(() => toldOf('Many').length === 2, { timeoutMs: 20_000, what: 'the rest' });
    const [first, rest] = toldOf('Many');
    expect([first?.alerts.length, rest?.kind, rest?.heldBack, rest?.alerts.length]).toEqual([1, 'digest', 3, 3]);
    const models = [...(first?.alerts ?? []), ...(rest?.alerts ?? [])].map(({ labels }) => labels.model_id);
    expect(models.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
