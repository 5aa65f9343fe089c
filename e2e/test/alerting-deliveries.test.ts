import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startHttpSink, startSmtpInbox, waitFor, type HttpSink, type SmtpInbox } from '@signalbox/test-kit';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

const configuration = `
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
  repeat_interval: 4h
receivers:
  - name: everybody
    channel_configs:
      - channel: '*'
`;

describe('alerts that reach people through the gateway (MX-9, MX-10, MX-11, MX-13, MX-14)', () => {
  let owned: AsyncDisposableStack;
  let opened: OpenedMesh;
  let hook: HttpSink;
  let slack: HttpSink;
  let inbox: SmtpInbox;
  let hookId: string;
  let signingSecret: string;

  beforeAll(async () => {
    owned = new AsyncDisposableStack();
    hook = owned.use(await startHttpSink());
    slack = owned.use(await startHttpSink());
    inbox = owned.use(await startSmtpInbox());
    opened = owned.use(await openMesh({ limits: wideLimits }));
    const settings = { url: `${hook.url}/hook?token=canary-in-path`, method: 'PUT' };
    const made = await opened.ask('/api/v1/channels', { body: { name: 'hook', kind: 'webhook', settings } });
    expect(made.status).toBe(201);
    hookId = String(made.body['id']);
    signingSecret = String(made.body['signing_secret']);
    await opened.ask('/api/v1/channels', {
      body: { name: 'slack', kind: 'slack', settings: { url: `${slack.url}/services/T/B/canary` } },
    });
    const to = ['ops@example.org'];
    const mail = { to, from: 'alerts@example.org', host: '127.0.0.1', port: inbox.port, security: 'none' };
    await opened.ask('/api/v1/channels', { body: { name: 'mail', kind: 'email', settings: mail } });
    const put = { method: 'PUT', body: { original: configuration } };
    expect((await opened.ask('/api/v1/alerting-configuration', put)).status).toBe(200);
  });
  afterAll(() => owned.disposeAsync());

  const post = (alertname: string, endsAt?: string) =>
    opened.ask('/alertmanager/api/v2/alerts', {
      body: [{ labels: { alertname, severity: 'critical' }, annotations: { summary: 'p95 is 5 s' }, endsAt }],
    });
  const told = (sink: HttpSink, alertname: string) => sink.accepted.filter(({ text }) => text.includes(alertname));
  const mailed = (alertname: string) =>
    inbox.received.filter(({ email }) => email.subject?.includes(alertname) === true);

  it('tells one bad alert to an inbox, a Slack-shaped webhook and a signed webhook, each exactly once', async () => {
    expect((await post('OneBadAlert')).status).toBe(200);
    await waitFor(() => told(hook, 'OneBadAlert').length > 0, { what: 'the webhook' });
    await waitFor(() => told(slack, 'OneBadAlert').length > 0, { what: 'Slack' });
    await waitFor(() => mailed('OneBadAlert').length > 0, { what: 'the email' });
    const [request] = told(hook, 'OneBadAlert');
    const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = request?.headers ?? {};
    const key = Buffer.from(signingSecret.replace('whsec_', ''), 'base64');
    const signed = `${String(id)}.${String(at)}.${request?.text ?? ''}`;
    expect(signature).toBe(`v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
    expect(request).toMatchObject({ method: 'PUT', body: { status: 'firing', receiver: 'everybody' } });
    expect(told(slack, 'OneBadAlert')[0]?.body).toMatchObject({ attachments: [{ color: '#d32f2f' }] });

    // Several rounds later there is nothing more.
    const deliveries = await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/deliveries');
      const rows = body['data'] as { state: string; attempts: number }[];
      return rows.every(({ state }) => state === 'sent') && rows;
    });
    expect(deliveries.map(({ attempts }) => attempts)).toEqual([1, 1, 1]);
    expect([told(hook, 'OneBadAlert'), told(slack, 'OneBadAlert'), mailed('OneBadAlert')].map((a) => a.length)).toEqual(
      [1, 1, 1],
    );

    const { body: trace } = await opened.ask(`/api/v1/alerts/${String(fingerprintIn(request?.body))}/trace`);
    expect(trace['decisions']).toContainEqual(
      expect.objectContaining({ outcome: 'told', reason: 'first_notification', receiver: 'everybody' }),
    );
    await post('OneBadAlert', new Date().toISOString());
    await waitFor(() => told(hook, 'OneBadAlert').length === 2, { what: 'the end' });
    expect(told(hook, 'OneBadAlert')[1]?.body['status']).toBe('resolved');
  });

  it('tests a channel in the way in which it sends, and says so when it does not work', async () => {
    const path = `/api/v1/channels/${hookId}/test`;
    const worked = await opened.ask(path, { method: 'POST' });
    expect([worked.status, worked.body['status']]).toEqual([200, 200]);
    expect(hook.requests.at(-1)?.headers['webhook-id']).toBe(worked.body['delivery_id']);
    expect(hook.requests.at(-1)?.headers['webhook-signature']).toMatch(/^v1,/);
    hook.behave(() => ({ status: 500 }));
    const failed = await opened.ask(path, { method: 'POST' });
    hook.behave(() => ({}));
    expect([failed.status, failed.body['upstream_status']]).toEqual([502, 500]);
  });

  it('shows no secret of a channel again', async () => {
    const { text } = await opened.ask('/api/v1/channels');
    expect(text).not.toContain('canary');
    expect(text).not.toContain(signingSecret);
  });

  it('tells what was decided before the service was killed, under the same id', async () => {
    hook.behave(() => ({ status: 500 }));
    await post('BeforeTheKill');
    const first = await waitFor(() => hook.requests.find(({ text }) => text.includes('BeforeTheKill')));
    await waitFor(async () => {
      const { body } = await opened.ask('/api/v1/deliveries?state=pending');
      return (body['data'] as { attempts: number }[]).some(({ attempts }) => attempts > 0);
    });
    await opened.service('alerting').kill('SIGKILL');
    hook.behave(() => ({}));
    await opened.service('alerting').restart();
    const [second] = await waitFor(
      () => {
        const requests = told(hook, 'BeforeTheKill');
        return requests.length > 0 && requests;
      },
      { timeoutMs: 120_000 },
    );
    expect(second?.headers['webhook-id']).toBe(first.headers['webhook-id']);
  }, 180_000);

  it('goes on telling while Redis is frozen', async () => {
    const { redis } = opened.mesh.stores;
    if (redis === undefined) throw new Error('this mesh should own its Redis');
    redis.freeze();
    try {
      expect((await post('WithoutRedis')).status).toBe(200);
      await waitFor(() => told(hook, 'WithoutRedis').length > 0, { what: 'the webhook', timeoutMs: 60_000 });
    } finally {
      redis.thaw();
    }
  }, 120_000);

  it('tells another tenant nothing of channels and deliveries, as if there were none', async () => {
    const { body } = await opened.ask('/api/v1/tenants', { body: { name: 'others' } });
    const { key } = body['api_key'] as { key: string };
    expect((await opened.ask(`/api/v1/channels/${hookId}`, { key })).status).toBe(404);
    expect((await opened.ask(`/api/v1/channels/${hookId}/test`, { key, method: 'POST' })).status).toBe(404);
    expect((await opened.ask('/api/v1/channels', { key })).body['data']).toEqual([]);
    expect((await opened.ask('/api/v1/deliveries', { key })).body['data']).toEqual([]);
    expect((await opened.ask('/api/v1/notifications', { key })).body['data']).toEqual([]);
  });
});

function fingerprintIn(body: Record<string, unknown> | undefined): unknown {
  return (body?.['alerts'] as { fingerprint: string }[] | undefined)?.[0]?.fingerprint;
}
