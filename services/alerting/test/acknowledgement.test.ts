import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { startTestService, type TestService } from './harness.ts';

const configuration = `
route:
  receiver: pager
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: pager
    channel_configs:
      - channel: pager
      - channel: hook
`;

let service: TestService;
let pager: HttpSink;
let hook: HttpSink;
beforeAll(async () => {
  service = await startTestService();
  pager = await startHttpSink();
  hook = await startHttpSink();
  await send('PUT', '/api/v1/alerting-configuration', { original: configuration });
  const settings = { routing_key: 'R123', url: `${pager.url}/v2/enqueue` };
  await send('POST', '/api/v1/channels', { name: 'pager', kind: 'pagerduty', settings });
  await send('POST', '/api/v1/channels', { name: 'hook', kind: 'webhook', settings: { url: hook.url } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await pager[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body: unknown): Promise<void> {
  const init = { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const answer = await service.fetch(path, init, { ...service.caller, requestId: newId('req') });
  expect({ path, ok: answer.ok, text: answer.ok ? '' : await answer.text() }).toEqual({ path, ok: true, text: '' });
}

const post = (...alerts: object[]) => send('POST', '/alertmanager/api/v2/alerts', alerts);
async function acknowledge(instance: string): Promise<void> {
  const [row] = await service.query<{ id: string }>("select id from @alerts where labels ->> 'instance' = $1", [
    instance,
  ]);
  await send('POST', `/api/v1/alerts/${String(row?.id)}/acknowledge`, {});
}

describe('an acknowledgement (B-45)', () => {
  it('takes the incident at PagerDuty once all that fires in its group is acknowledged, and not before', async () => {
    const labels = (instance: string) => ({ alertname: 'Down', severity: 'critical', instance });
    await post({ labels: labels('a') }, { labels: labels('b') });
    const actions = () => pager.accepted.map(({ body }) => body['event_action']);
    await waitFor(() => actions().length === 1, { what: 'the incident' });
    await waitFor(() => hook.accepted.length === 1, { what: 'the webhook' });

    await acknowledge('a');
    const waiting = await service.query("select id from @notifications where kind = 'acknowledgement'");
    expect(waiting).toEqual([]);
    await acknowledge('b');
    await waitFor(() => actions().length === 2, { what: 'the acknowledgement' });
    expect(actions()).toEqual(['trigger', 'acknowledge']);
    const [trigger, taken] = pager.accepted.map(({ body }) => body);
    expect(taken).toEqual({ routing_key: 'R123', event_action: 'acknowledge', dedup_key: trigger?.['dedup_key'] });

    const endsAt = new Date().toISOString();
    await post({ labels: labels('a'), endsAt }, { labels: labels('b'), endsAt });
    await waitFor(() => actions().includes('resolve'), { what: 'the end' });
    // Who keeps no state for the group hears of its beginning and of its end.
    await waitFor(() => hook.accepted.length === 2, { what: 'the end at the webhook' });
    expect(hook.accepted.map(({ body }) => body['status'])).toEqual(['firing', 'resolved']);
  });
});
