import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { aCaller, startTestService, type TestService } from './harness.ts';

const configuration = `
route:
  receiver: first
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: first
    channel_configs:
      - channel: first
`;

let service: TestService;
let first: HttpSink;
let second: HttpSink;
beforeAll(async () => {
  service = await startTestService();
  first = await startHttpSink();
  second = await startHttpSink();
  await send('PUT', '/api/v1/alerting-configuration', { original: configuration });
  for (const [name, sink] of [
    ['first', first],
    ['second', second],
  ] as const)
    await send('POST', '/api/v1/channels', { name, kind: 'webhook', settings: { url: sink.url } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body?: unknown, caller = service.caller) {
  const answer = await service.fetch(
    path,
    {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    },
    { ...caller, requestId: newId('req') },
  );
  const text = await answer.text();
  return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}
const post = (alertname: string, more: object = {}) =>
  send('POST', '/alertmanager/api/v2/alerts', [{ labels: { alertname, severity: 'critical' }, ...more }]);
const told = (sink: HttpSink, name: string) => sink.accepted.filter(({ text }) => text.includes(name));
const idOf = async (name: string): Promise<string> => {
  const [row] = await service.query<{ id: string }>('select id from @alerts where name = $1', [name]);
  return String(row?.id);
};

describe('an escalation (B-45)', () => {
  it('tells the next channel what nobody acknowledges, once, and of its end', async () => {
    const steps = [{ after_seconds: 2, channels: ['second'] }];
    const made = await send('POST', '/api/v1/escalation-policies', {
      ...{ name: 'on call', matchers: ['severity=critical'], steps },
    });
    expect(made).toMatchObject({ status: 201, body: { matchers: ['severity="critical"'], steps } });
    await post('Ignored');
    await post('Seen');
    await waitFor(() => told(first, 'Seen').length > 0);
    expect((await send('POST', `/api/v1/alerts/${await idOf('Seen')}/acknowledge`, {})).status).toBeLessThan(300);
    await waitFor(() => told(second, 'Ignored').length > 0, { what: 'the second channel' });
    expect(told(second, 'Ignored')[0]?.body).toMatchObject({
      kind: 'escalation',
      status: 'firing',
      receiver: 'on call',
    });
    await post('Ignored', { endsAt: new Date().toISOString() });
    await waitFor(() => told(second, 'Ignored').length > 1, { what: 'the end' });
    expect(told(second, 'Ignored').map(({ body }) => body['status'])).toEqual(['firing', 'resolved']);
    expect(told(second, 'Seen')).toEqual([]);
    expect((await send('DELETE', `/api/v1/escalation-policies/${String(made.body['id'])}`)).status).toBe(204);
  });

  it.each([
    [{ name: 'x', matchers: ['severity=~"["'], steps: [{ after_seconds: 1, channels: ['a'] }] }, 'matchers.0'],
    [{ name: 'x', matchers: [], steps: [] }, 'steps'],
    [
      {
        ...{ name: 'x', matchers: [] },
        steps: [
          { after_seconds: 5, channels: ['a'] },
          { after_seconds: 5, channels: ['b'] },
        ],
      },
      'steps',
    ],
  ])('that cannot be is refused with the field named: %#', async (body, path) => {
    const refused = await send('POST', '/api/v1/escalation-policies', body);
    expect(refused.status).toBe(400);
    expect((refused.body['errors'] as { path: string }[]).map((error) => error.path)).toContain(path);
  });
});

describe('a maintenance window (B-45)', () => {
  it('keeps quiet what fits it while it is open, says so in the trace, and is of one tenant only', async () => {
    const all = { start: '00:00', end: '00:00', time_zone: 'Europe/Berlin' };
    const made = await send('POST', '/api/v1/maintenance-windows', {
      name: 'all day',
      matchers: ['alertname=Quiet'],
      ...all,
    });
    expect(made).toMatchObject({ status: 201, body: { is_open: true, weekdays: [] } });
    await post('Quiet');
    await post('Loud');
    await waitFor(() => told(first, 'Loud').length > 0);
    const id = await idOf('Quiet');
    const trace = await waitFor(async () => {
      const { body } = await send('GET', `/api/v1/alerts/${id}/trace`);
      return (body['decisions'] as unknown[]).length > 0 && body;
    });
    expect(trace['decisions']).toMatchObject([{ outcome: 'not_told', silenced_by: [made.body['id']] }]);
    expect(told(first, 'Quiet')).toEqual([]);
    const path = `/api/v1/maintenance-windows/${String(made.body['id'])}`;
    const stranger = aCaller();
    expect((await send('DELETE', path, undefined, stranger)).status).toBe(404);
    expect((await send('GET', '/api/v1/maintenance-windows', undefined, stranger)).body['data']).toEqual([]);
    expect((await send('DELETE', path)).status).toBe(204);
    await waitFor(() => told(first, 'Quiet').length > 0, { what: 'what was quiet' });
  });

  it('is of a time zone that exists', async () => {
    const window = { name: 'x', matchers: ['a=b'], start: '01:00', end: '02:00', time_zone: 'Mars/Olympus' };
    expect(await send('POST', '/api/v1/maintenance-windows', window)).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'time_zone' }] },
    });
  });
});
