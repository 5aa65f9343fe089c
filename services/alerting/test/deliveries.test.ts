import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { smtpCertificate, startHttpSink, startSmtpInbox, type HttpSink, type SmtpInbox } from '@signalbox/test-kit';
import type { ChannelKind } from '../src/channels/channel.ts';
import { isWebhookSigned } from '../src/channels/webhook/sign-webhook.ts';
import { minutes, openNotificationWorld, seconds, type NotificationWorld } from './notification-world.ts';

const latency = { alertname: 'LatencyHigh', model: 'm1', severity: 'critical' };

let owned: AsyncDisposableStack;
let hook: HttpSink;
let slack: HttpSink;
let inbox: SmtpInbox;

beforeAll(async () => {
  owned = new AsyncDisposableStack();
  hook = owned.use(await startHttpSink());
  slack = owned.use(await startHttpSink());
  inbox = owned.use(await startSmtpInbox());
});
afterAll(() => owned.disposeAsync());

const webhookTo = (sink: HttpSink, name = 'hook', more: object = {}) => ({
  name,
  kind: 'webhook',
  settings: { url: `${sink.url}/in`, ...more },
});
const emailTo = (to: string[], more: object = {}) => ({
  name: 'mail',
  kind: 'email',
  settings: {
    ...{ to, from: 'Signalbox <alerts@signalbox.example>', host: '127.0.0.1', port: inbox.port },
    ...{ security: 'opportunistic', ca_pem: smtpCertificate, ...more },
  },
});
const outcomes = async (world: NotificationWorld) =>
  (await world.deliveries()).map(({ kind, state, attempts }) => ({ kind, state, attempts }));

describe('a notification (MX-9, MX-10, MX-11, MX-13)', () => {
  it('reaches an inbox, a Slack-shaped webhook and a signed webhook, each once, and again when it is over', async () => {
    await using world = await openNotificationWorld();
    const { signingSecret } = await world.addChannel(webhookTo(hook));
    await world.addChannel({ name: 'slack', kind: 'slack', settings: { url: `${slack.url}/services/T/B/x` } });
    await world.addChannel(emailTo(['ops@example.org', 'dev@example.org']));
    const before = { hook: hook.requests.length, slack: slack.requests.length, mail: inbox.received.length };
    await world.post({ labels: latency, annotations: { summary: 'p95 <5s> & rising' } });
    await world.pass(seconds(30));

    const [request] = hook.requests.slice(before.hook);
    expect(request).toMatchObject({ method: 'POST', body: { status: 'firing', version: '4', receiver: 'everybody' } });
    expect(request?.body['alerts']).toMatchObject([
      { status: 'firing', labels: latency, startsAt: '2026-11-20T12:00:00.000Z', endsAt: '0001-01-01T00:00:00Z' },
    ]);
    const headers = request?.headers as Record<string, string>;
    expect(isWebhookSigned(signingSecret ?? '', headers, request?.text ?? '', world.now())).toBe(true);

    const [message] = slack.requests.slice(before.slack);
    expect(message?.body).toMatchObject({ attachments: [{ color: '#d32f2f' }] });
    expect(message?.text).toContain('p95 &lt;5s&gt; &amp; rising');

    const mails = inbox.received.slice(before.mail);
    expect(mails.map(({ to }) => to)).toEqual(expect.arrayContaining([['ops@example.org'], ['dev@example.org']]));
    const [mail] = mails;
    expect(mail?.isEncrypted).toBe(true);
    expect(mail?.email).toMatchObject({ subject: '[FIRING:1] LatencyHigh – CRITICAL' });
    expect(mail?.email.text).toContain('p95 <5s> & rising');
    expect(mail?.email.html).toContain('p95 &lt;5s&gt; &amp; rising');

    expect([hook.requests.length, slack.requests.length, inbox.received.length]).toEqual([
      before.hook + 1,
      before.slack + 1,
      before.mail + 2,
    ]);

    await world.post({ labels: latency, endedMsAgo: 0 });
    await world.pass(minutes(2), seconds(10));
    expect(hook.requests.slice(before.hook).map(({ body }) => body['status'])).toEqual(['firing', 'resolved']);
    expect(slack.requests.at(-1)?.body).toMatchObject({ attachments: [{ color: '#12b76a' }] });
    const later = inbox.received.slice(before.mail + 2);
    expect(later.map(({ email }) => email.subject)).toEqual(Array(2).fill('[RESOLVED] LatencyHigh – RESOLVED'));
    // One thread: both answer to the same message, which nobody sent.
    expect(later[0]?.email.inReplyTo).toBe(mail?.email.inReplyTo);
    expect(later[0]?.email.messageId).not.toBe(mail?.email.messageId);
    expect(await outcomes(world)).toHaveLength(8);
  });

  it('is decided together with its messages, which a sender that died leaves to another', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(webhookTo(hook));
    await world.post({ labels: latency });
    const before = hook.requests.length;
    await world.flush();
    expect(await outcomes(world)).toEqual([{ kind: 'webhook', state: 'pending', attempts: 0 }]);
    // Claimed by a process that is killed here: before it sent, or before it could say so.
    const { claimed } = await world.claim();
    expect(claimed).toHaveLength(1);
    await world.pass(seconds(40), seconds(10));
    expect(hook.requests).toHaveLength(before);
    await world.pass(seconds(10), seconds(10));
    expect(hook.requests.slice(before).map(({ headers }) => headers['webhook-id'])).toEqual([claimed[0]?.delivery.id]);
    expect(await outcomes(world)).toEqual([{ kind: 'webhook', state: 'sent', attempts: 2 }]);
  });

  it('is told although its receiver was down while the alert began and ended', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(webhookTo(hook));
    const before = hook.requests.length;
    hook.behave(() => ({ status: 500 }));
    await world.post({ labels: latency });
    await world.pass(minutes(2), seconds(5));
    await world.post({ labels: latency, endedMsAgo: 0 });
    await world.pass(minutes(8), seconds(5));
    expect(hook.accepted.filter((_, index) => index >= before)).toHaveLength(0);
    hook.behave(() => ({}));
    const failed = hook.requests.length;
    await world.pass(minutes(10), seconds(10));
    const told = hook.requests.slice(failed);
    expect(told.map(({ body }) => body['status'])).toEqual(['firing', 'resolved']);
    // The same message under the same id, however often it was tried.
    const ids = hook.requests.slice(before, failed).map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids)).toContain(told[0]?.headers['webhook-id']);
    expect(ids.length).toBeGreaterThan(5);
    // And it rested in between: not every step brought an attempt.
    expect(ids.length).toBeLessThan(40);
  });

  it('waits as long as the receiver asks for', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel({ name: 'slack', kind: 'slack', settings: { url: slack.url } });
    const before = slack.requests.length;
    slack.behave((_, count) => (count === before + 1 ? { status: 429, headers: { 'retry-after': '45' } } : {}));
    await world.post({ labels: latency });
    await world.pass(seconds(44));
    expect(slack.requests).toHaveLength(before + 1);
    await world.pass(seconds(2));
    expect(slack.requests).toHaveLength(before + 2);
    slack.behave(() => ({}));
  });

  it('is refused by a Slack that says so with status 200', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel({ name: 'slack', kind: 'slack', settings: { url: slack.url } });
    slack.behave(() => ({ body: '{"ok":false,"error":"channel_not_found"}' }));
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    slack.behave(() => ({}));
    const [delivery] = await world.deliveries();
    expect(delivery).toMatchObject({ state: 'pending', lastError: 'The receiver answered: channel_not_found.' });
  });

  it('becomes a dead letter where the receiver will not have it, and another channel hears of that', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(webhookTo(hook));
    await world.addChannel({ name: 'slack', kind: 'slack', settings: { url: slack.url } });
    const before = slack.requests.length;
    hook.behave(() => ({ status: 400 }));
    await world.post({ labels: latency });
    await world.pass(minutes(10), seconds(10));
    hook.behave(() => ({}));
    expect(await outcomes(world)).toContainEqual({ kind: 'webhook', state: 'dead', attempts: 3 });
    const told = slack.requests.slice(before).map(({ body }) => String(body['text']));
    expect(told).toHaveLength(2);
    expect(told[1]).toContain('SignalboxDeliveriesFailing');
  });

  it('is sent no more to an address that says it is gone', async () => {
    await using world = await openNotificationWorld();
    const { channel } = await world.addChannel(webhookTo(hook));
    hook.behave(() => ({ status: 410 }));
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    hook.behave(() => ({}));
    expect(await outcomes(world)).toEqual([{ kind: 'webhook', state: 'dead', attempts: 1 }]);
    const rows = await world.database.db.selectFrom('channels').selectAll().where('id', '=', channel.id).execute();
    expect(rows).toMatchObject([{ is_enabled: false, disabled_reason: 'The receiver answered that it is gone.' }]);
  });

  it('follows no redirect', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(webhookTo(hook));
    const before = { hook: hook.requests.length, slack: slack.requests.length };
    hook.behave(() => ({ status: 302, headers: { location: slack.url } }));
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    hook.behave(() => ({}));
    expect(slack.requests).toHaveLength(before.slack);
    expect(await outcomes(world)).toEqual([{ kind: 'webhook', state: 'pending', attempts: 1 }]);
  });

  it('does not wait for another channel that hangs', async () => {
    await using world = await openNotificationWorld();
    await using deaf = await startHttpSink();
    deaf.behave(() => 'hang');
    await world.addChannel(webhookTo(deaf, 'deaf', { timeout_ms: 400 }));
    await world.addChannel(webhookTo(hook));
    const before = hook.requests.length;
    await world.post({ labels: latency });
    await world.flush();
    await world.send();
    expect(hook.requests).toHaveLength(before + 1);
    const states = (await world.deliveries()).map(({ state, lastError }) => ({ state, lastError }));
    expect(states).toContainEqual({ state: 'sent', lastError: null });
    expect(states).toContainEqual({ state: 'pending', lastError: 'The address took too long to answer.' });
  });
});

describe('quiet hours (B-45)', () => {
  it('hold back what is not severe until they are over, and let the rest through', async () => {
    await using world = await openNotificationWorld({
      configuration: `
route:
  receiver: everybody
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1m
  routes:
    - matchers: ['severity!="critical"']
      mute_time_intervals: [lunch]
time_intervals:
  - name: lunch
    time_intervals:
      - times: [{ start_time: '12:00', end_time: '13:00' }]
receivers:
  - name: everybody
    channel_configs:
      - channel: '*'
`,
    });
    await world.addChannel(webhookTo(hook));
    const before = hook.requests.length;
    const names = () =>
      hook.requests
        .slice(before)
        .flatMap(({ body }) => body['alerts'] as { labels: { alertname: string } }[])
        .map(({ labels }) => labels.alertname);
    await world.post({ labels: { alertname: 'Fire', severity: 'critical' } });
    await world.post({ labels: { alertname: 'Dust', severity: 'low' } });
    await world.pass(minutes(59), minutes(1));
    expect(names()).toEqual(['Fire']);
    await world.pass(minutes(3), minutes(1));
    expect(names()).toEqual(['Fire', 'Dust']);
  });
});

describe('a notification to other tools (B-45, OP-5, MX-13)', () => {
  it('opens an incident of PagerDuty and ends it', async () => {
    await using world = await openNotificationWorld();
    await using events = await startHttpSink();
    events.behave(() => ({ status: 202 }));
    await world.addChannel({
      ...{ name: 'pager', kind: 'pagerduty' },
      settings: { routing_key: 'R0UTINGKEY', url: `${events.url}/v2/enqueue` },
    });
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    await world.post({ labels: latency, endedMsAgo: 0 });
    await world.pass(minutes(2), seconds(10));
    expect(events.requests.map(({ body }) => body['event_action'])).toEqual(['trigger', 'resolve']);
    expect(new Set(events.requests.map(({ body }) => body['dedup_key'])).size).toBe(1);
  });

  it('opens an issue at GitHub, adds to it, and closes it', async () => {
    await using world = await openNotificationWorld();
    await using github = await startHttpSink();
    let issue: { number: number; body: string; state: string } | null = null;
    github.behave(({ method, path, body }) => {
      const json = (value: unknown, status = 200) => ({ status, body: JSON.stringify(value) });
      if (method === 'GET') return json(issue?.state === 'open' ? [issue] : []);
      if (method === 'PATCH' && issue !== null) return json((issue = { ...issue, state: String(body['state']) }));
      if (path.endsWith('/comments')) return json({ id: 1 }, 201);
      return json((issue = { number: 7, body: String(body['body']), state: 'open' }), 201);
    });
    await world.addChannel({
      ...{ name: 'issues', kind: 'github_issue' },
      settings: { repository: 'acme/models', token: 'ghp_canary', labels: ['alert'], api_url: github.url },
    });
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    await world.post({ labels: { ...latency, model: 'm2' } });
    await world.pass(minutes(2), seconds(10));
    await world.post({ labels: latency, endedMsAgo: 0 }, { labels: { ...latency, model: 'm2' }, endedMsAgo: 0 });
    await world.pass(minutes(2), seconds(10));
    const writes = github.requests.filter(({ method }) => method !== 'GET');
    expect(writes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST /repos/acme/models/issues',
      'POST /repos/acme/models/issues/7/comments',
      'POST /repos/acme/models/issues/7/comments',
      'PATCH /repos/acme/models/issues/7',
    ]);
    expect(writes[0]).toMatchObject({ body: { labels: ['signalbox', 'alert'] } });
    expect(writes[0]?.headers['authorization']).toBe('Bearer ghp_canary');
    expect(issue).toMatchObject({ state: 'closed' });
  });

  it('goes by a handler of somebody else, who gets all that the others get: retries, limits, dead letters', async () => {
    const sent: string[] = [];
    const pigeon: ChannelKind = {
      ...{ kind: 'pigeon', isDigestible: true, limit: { messagesMax: 10, windowMs: 60_000 } },
      check: (settings) => ({ settings: settings as Record<string, unknown>, shown: {} }),
      recipientsOf: () => null,
      send: (_, { id }) => {
        sent.push(id);
        if (sent.length === 1) throw new Error('it flew away');
        return Promise.resolve({ kind: 'accepted', status: null });
      },
    };
    await using world = await openNotificationWorld({ kinds: [pigeon] });
    await world.addChannel({ name: 'pigeon', kind: 'pigeon', settings: {} });
    await world.post({ labels: latency });
    await world.pass(seconds(10));
    expect(sent).toHaveLength(2);
    expect(new Set(sent).size).toBe(1);
    expect(await outcomes(world)).toEqual([{ kind: 'pigeon', state: 'sent', attempts: 2 }]);
  });
});

describe('email (MX-9)', () => {
  it('is tried again after 4xx and after silence, under one Message-ID, and given up after 5xx', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(emailTo(['slow@example.org', 'gone@example.org']));
    const before = inbox.received.length;
    let tries = 0;
    inbox.behave(({ to }) => {
      if (to === 'gone@example.org') return { code: 550 };
      tries += 1;
      return tries < 3 ? { code: 450 } : 'take';
    });
    await world.post({ labels: latency });
    await world.pass(minutes(1), seconds(5));
    inbox.behave(() => 'take');
    expect(await outcomes(world)).toEqual(
      expect.arrayContaining([
        { kind: 'email', state: 'sent', attempts: 3 },
        { kind: 'email', state: 'dead', attempts: 1 },
      ]),
    );
    expect(inbox.received.slice(before).map(({ to }) => to)).toEqual([['slow@example.org']]);
  });

  it('lets nothing of an alert become a header', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(emailTo(['ops@example.org']));
    const before = inbox.received.length;
    await world.post({ labels: { ...latency, alertname: 'A\r\nBcc: victim@example.org\r\n\r\nhello' } });
    await world.pass(seconds(1));
    const [mail] = inbox.received.slice(before);
    expect(mail?.to).toEqual(['ops@example.org']);
    expect(mail?.email.bcc).toBeUndefined();
    expect(mail?.email.subject).toContain('A Bcc: victim@example.org hello');
  });

  it('goes in no clear text where encryption is demanded', async () => {
    await using world = await openNotificationWorld();
    await using plain = await startSmtpInbox({ disabledCommands: ['STARTTLS'] });
    await world.addChannel(emailTo(['ops@example.org'], { port: plain.port, security: 'starttls' }));
    await world.post({ labels: latency });
    await world.pass(seconds(1));
    expect(plain.received).toHaveLength(0);
    expect(await outcomes(world)).toEqual([{ kind: 'email', state: 'dead', attempts: 1 }]);
  });
});

describe('too many messages (MX-12)', () => {
  const limited = (sink: HttpSink, messages: number) => ({
    ...webhookTo(sink),
    rate_limit: { messages, window_seconds: 60 },
  });

  it('become one that says how many were held back; nothing is dropped, and what is more severe passes', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(limited(hook, 2));
    const before = hook.requests.length;
    const low = (index: number) => ({ labels: { alertname: `Low${index}`, severity: 'low' } });
    for (let index = 0; index < 6; index += 1) await world.post(low(index));
    await world.pass(seconds(5));
    expect(hook.requests).toHaveLength(before + 2);
    await world.post({ labels: { alertname: 'Fire', severity: 'critical' } });
    await world.pass(seconds(5));
    expect(hook.requests).toHaveLength(before + 3);
    expect(hook.requests.at(-1)?.body['alerts']).toMatchObject([{ labels: { alertname: 'Fire' } }]);
    await world.pass(seconds(60));
    const digest = hook.requests.at(-1)?.body;
    expect(digest).toMatchObject({ kind: 'digest', held_back: 4 });
    const names = hook.requests
      .slice(before)
      .flatMap(({ body }) => body['alerts'] as { labels: { alertname: string } }[])
      .map(({ labels }) => labels.alertname);
    expect(names.sort()).toEqual(['Fire', 'Low0', 'Low1', 'Low2', 'Low3', 'Low4', 'Low5']);
  });

  it('do not count as long as they do not arrive', async () => {
    await using world = await openNotificationWorld();
    await world.addChannel(limited(hook, 1));
    const before = hook.requests.length;
    hook.behave((_, count) => ({ status: count <= before + 2 ? 500 : 200 }));
    await world.post({ labels: latency });
    await world.pass(seconds(20));
    hook.behave(() => ({}));
    expect(hook.requests.slice(before).map(({ status }) => status)).toEqual([500, 500, 200]);
  });

  it('of a storm of 10,000 alerts are few, and tell of every alert and of every end', async () => {
    await using world = await openNotificationWorld({
      configuration: `
route:
  receiver: everybody
  group_by: ['...']
  group_wait: 0s
  group_interval: 1m
  repeat_interval: 4h
receivers:
  - name: everybody
    channel_configs:
      - channel: '*'
`,
    });
    await world.addChannel(limited(hook, 5));
    const before = hook.requests.length;
    const storm = Array.from({ length: 10_000 }, (_, index) => ({
      labels: { alertname: 'Storm', index: String(index), severity: 'high' },
    }));
    await world.post(...storm);
    await world.pass(minutes(4), seconds(20));
    await world.post(...storm.map((alert) => ({ ...alert, endedMsAgo: 0 })));
    await world.pass(minutes(8), seconds(20));
    const requests = hook.requests.slice(before);
    const told = requests.flatMap(({ body }) => body['alerts'] as { status: string; fingerprint: string }[]);
    const ended = new Set(told.filter(({ status }) => status === 'resolved').map(({ fingerprint }) => fingerprint));
    expect(ended.size).toBe(10_000);
    expect(new Set(told.map(({ fingerprint }) => fingerprint)).size).toBe(10_000);
    expect(requests.length).toBeLessThanOrEqual(70);
    expect(new Set((await world.deliveries()).map(({ state }) => state))).toEqual(new Set(['sent', 'merged']));
  }, 240_000);
});
