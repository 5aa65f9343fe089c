import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { startHttpSink, waitFor, type HttpSink } from '@signalbox/test-kit';
import { aCaller, startTestService, type TestService } from './harness.ts';

let service: TestService;
let hook: HttpSink;
beforeAll(async () => {
  service = await startTestService();
  hook = await startHttpSink();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
  await hook[Symbol.asyncDispose]();
});

const send = async (method: string, path: string, body?: unknown, caller = service.caller) => {
  const answer = await service.fetch(
    path,
    {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    },
    { ...caller, requestId: newId('req') },
  );
  const text = await answer.text();
  return { status: answer.status, text, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
};
let count = 0;
const aChannel = (more: object = {}) => {
  count += 1;
  return { name: `hook ${count}`, kind: 'webhook', settings: { url: `${hook.url}/secret-path` }, ...more };
};

describe('a channel (MX-11, MX-13)', () => {
  it('is set up, shown, listed, changed and deleted, and told to the audit log', async () => {
    const made = await send('POST', '/api/v1/channels', aChannel());
    expect(made).toMatchObject({ status: 201, body: { enabled: true, send_resolved: true, kind: 'webhook' } });
    expect(made.body['signing_secret']).toMatch(/^whsec_/);
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    expect((await send('GET', path)).body).toMatchObject({ settings: { url: `${hook.url}/…`, method: 'POST' } });
    const changed = await send('PATCH', path, { enabled: false, settings: { method: 'PUT' } });
    expect(changed.body).toMatchObject({ enabled: false, settings: { method: 'PUT', url: `${hook.url}/…` } });
    expect((await send('GET', '/api/v1/channels')).text).toContain(String(made.body['id']));
    const audited = await service.query<{ message: string }>(
      "select message::text from @outbox where name = 'audit.record'",
    );
    expect(audited.filter(({ message }) => message.includes(String(made.body['id']))).length).toBeGreaterThanOrEqual(2);
    expect((await send('DELETE', path)).status).toBe(204);
    expect((await send('GET', path)).status).toBe(404);
    expect((await send('DELETE', path)).status).toBe(404);
  });

  it('keeps its secrets sealed, shows none again and none to the log', async () => {
    const token = 'canary-token-of-a-header';
    const made = await send(
      'POST',
      '/api/v1/channels',
      aChannel({ settings: { url: `${hook.url}/canary-path`, headers: { 'X-Token': token } } }),
    );
    const secret = String(made.body['signing_secret']);
    const rows = JSON.stringify(await service.query('select * from @channels'));
    const shown = (await send('GET', `/api/v1/channels/${String(made.body['id'])}`)).text;
    for (const text of [rows, shown, JSON.stringify(service.log)])
      for (const hidden of [secret, token, 'canary-path']) expect(text).not.toContain(hidden);
  });

  it('signs with the old and the new secret after a rotation', async () => {
    const made = await send('POST', '/api/v1/channels', aChannel());
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    const rotated = await send('POST', `${path}/rotate-secret`, { overlap_seconds: 60 });
    expect(rotated.body['signing_secret']).not.toBe(made.body['signing_secret']);
    expect((await send('POST', `${path}/test`)).status).toBe(200);
    expect(String(hook.requests.at(-1)?.headers['webhook-signature']).split(' ')).toHaveLength(2);
    await send('POST', `${path}/rotate-secret`, { overlap_seconds: 0 });
    await send('POST', `${path}/test`);
    expect(String(hook.requests.at(-1)?.headers['webhook-signature']).split(' ')).toHaveLength(1);
  });

  it('is tested truthfully: what the receiver said is what is answered', async () => {
    const made = await send('POST', '/api/v1/channels', aChannel());
    const path = `/api/v1/channels/${String(made.body['id'])}/test`;
    expect(await send('POST', path)).toMatchObject({ status: 200, body: { status: 200 } });
    hook.behave(() => ({ status: 403 }));
    const failed = await send('POST', path);
    hook.behave(() => ({}));
    expect(failed).toMatchObject({ status: 502, body: { error_code: 'PROVIDER_ERROR', upstream_status: 403 } });
    const { body } = await send('GET', '/api/v1/deliveries?state=dead');
    expect(body['data']).toContainEqual(expect.objectContaining({ id: failed.body['delivery_id'], last_status: 403 }));
  });

  it('tells that alerting is alive, if it is asked to', async () => {
    const made = await send('POST', '/api/v1/channels', aChannel({ heartbeat_seconds: 3_600 }));
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    await waitFor(() => hook.requests.some(({ body }) => body['kind'] === 'heartbeat'));
    await send('DELETE', path);
  });
});

describe('a message that was given up (MX-13)', () => {
  it('is seen, and arrives under the same id once it is replayed', async () => {
    const caller = aCaller();
    await using picky = await startHttpSink();
    picky.behave(() => ({ status: 410 }));
    const configuration = `route: { receiver: all, group_wait: 0s }
receivers: [{ name: all, channel_configs: [{ channel: '*' }] }]`;
    await send('PUT', '/api/v1/alerting-configuration', { original: configuration }, caller);
    const made = await send('POST', '/api/v1/channels', aChannel({ settings: { url: picky.url } }), caller);
    await send('POST', '/alertmanager/api/v2/alerts', [{ labels: { alertname: 'GivenUp' } }], caller);
    const dead = await waitFor(async () => {
      const { body } = await send('GET', '/api/v1/deliveries?state=dead', undefined, caller);
      return (body['data'] as { id: string; last_status: number }[])[0];
    });
    expect(dead).toMatchObject({ last_status: 410, attempts: 1 });
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    expect((await send('GET', path, undefined, caller)).body).toMatchObject({ enabled: false });
    picky.behave(() => ({}));
    await send('PATCH', path, { enabled: true }, caller);
    expect((await send('POST', `/api/v1/deliveries/${dead.id}/replay`)).status).toBe(404);
    expect((await send('POST', `/api/v1/deliveries/${dead.id}/replay`, undefined, caller)).status).toBe(202);
    await waitFor(() => picky.accepted.length > 0);
    expect(picky.requests.map(({ headers }) => headers['webhook-id'])).toEqual([dead.id, dead.id]);
  });
});

describe('a channel that cannot be (MX-11) .errors', () => {
  it.each([
    ['an unknown kind', { kind: 'pigeon' }, 'kind'],
    ['no address', { settings: {} }, 'settings.url'],
    ['another method', { settings: { url: 'https://example.org', method: 'DELETE' } }, 'settings.method'],
    ['a scheme of another world', { settings: { url: 'file:///etc/passwd' } }, 'settings.url'],
    [
      'a secret that is too short',
      { settings: { url: 'https://e.org', secrets: [{ secret: 'whsec_YQ==', expires_at: null }] } },
      'settings.secrets.0.secret',
    ],
    ['a setting that nobody knows', { settings: { url: 'https://e.org', uri: 'x' } }, 'settings'],
    [
      'an address that is none',
      { kind: 'email', settings: { to: ['nobody'], from: 'a@e.org', host: 'e.org' } },
      'settings.to.0',
    ],
    [
      'line breaks in the sender',
      { kind: 'email', settings: { to: ['a@e.org'], from: 'a@e.org\r\nBcc: x@e.org', host: 'e.org' } },
      'settings.from',
    ],
  ])('is refused with the field named: %s', async (_, more, path) => {
    const refused = await send('POST', '/api/v1/channels', aChannel(more));
    expect(refused).toMatchObject({ status: 400, body: { error_code: 'VALIDATION_ERROR' } });
    expect((refused.body['errors'] as { path: string }[]).map((error) => error.path)).toContain(path);
  });

  it('does not take a name twice', async () => {
    await send('POST', '/api/v1/channels', aChannel({ name: 'twice' }));
    expect((await send('POST', '/api/v1/channels', aChannel({ name: 'twice' }))).status).toBe(409);
  });

  it('replays only what was given up', async () => {
    expect((await send('POST', '/api/v1/deliveries/delivery_none/replay')).status).toBe(404);
    const made = await send('POST', '/api/v1/channels', aChannel());
    const sent = await send('POST', `/api/v1/channels/${String(made.body['id'])}/test`);
    expect((await send('POST', `/api/v1/deliveries/${String(sent.body['delivery_id'])}/replay`)).status).toBe(409);
  });
});

describe('channels of others (MX-11) .security', () => {
  it.each(['http://10.0.0.1/', 'http://169.254.169.254/latest/meta-data', 'http://[::1]:1/', 'http://2130706433:81/'])(
    'reach nothing inside: %s',
    async (url) => {
      const made = await send(
        'POST',
        '/api/v1/channels',
        aChannel({ settings: { url: url.replace('2130706433', '3232235777') } }),
      );
      const tested = await send('POST', `/api/v1/channels/${String(made.body['id'])}/test`);
      expect(tested).toMatchObject({ status: 502, body: { upstream_status: null } });
      expect(tested.text).toContain('cannot be reached from here');
    },
  );

  it('reach no mail server inside either', async () => {
    const settings = { to: ['a@example.org'], from: 'b@example.org', host: '10.0.0.1', port: 25 };
    const made = await send('POST', '/api/v1/channels', aChannel({ kind: 'email', settings }));
    const tested = await send('POST', `/api/v1/channels/${String(made.body['id'])}/test`);
    expect(tested.text).toContain('cannot be reached from here');
  });

  it('are not there for another tenant', async () => {
    const stranger = aCaller();
    const made = await send('POST', '/api/v1/channels', aChannel());
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    for (const [method, at, body] of [
      ['GET', path],
      ['PATCH', path, { name: 'mine' }],
      ['DELETE', path],
      ['POST', `${path}/test`],
      ['POST', `${path}/rotate-secret`, {}],
    ] as const)
      expect([method, at, (await send(method, at, body, stranger)).status]).toEqual([method, at, 404]);
    for (const list of ['/api/v1/channels', '/api/v1/deliveries', '/api/v1/notifications'])
      expect((await send('GET', list, undefined, stranger)).body['data']).toEqual([]);
  });

  it('are not changed by those who may only read', async () => {
    const reader = { ...service.caller, principal: { ...service.caller.principal, scopes: ['alerts:read'] } };
    expect((await send('POST', '/api/v1/channels', aChannel(), reader)).status).toBe(403);
    expect((await send('GET', '/api/v1/channels', undefined, reader)).status).toBe(200);
  });

  it('take no credential along to another address', async () => {
    const made = await send(
      'POST',
      '/api/v1/channels',
      aChannel({ settings: { url: hook.url, headers: { 'X-Token': 't' } } }),
    );
    const path = `/api/v1/channels/${String(made.body['id'])}`;
    const moved = await send('PATCH', path, { settings: { url: 'https://example.org/' } });
    expect([moved.status, moved.text]).toEqual([400, expect.stringContaining('settings.headers')]);
  });
});

describe('who was told, when, and why or why not (B-45)', () => {
  const configuration = `
route:
  receiver: all
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: all
    channel_configs:
      - channel: '*'
`;
  const caller = aCaller();
  const post = (labels: object) => send('POST', '/alertmanager/api/v2/alerts', [{ labels }], caller);

  it('is traced for an alert that was told, and for one that was silenced', async () => {
    await send('PUT', '/api/v1/alerting-configuration', { original: configuration }, caller);
    await send('POST', '/api/v1/channels', aChannel(), caller);
    const silence = {
      matchers: [{ name: 'alertname', value: 'Quiet', isRegex: false, isEqual: true }],
      ...{ startsAt: new Date().toISOString(), endsAt: new Date(Date.now() + 3_600_000).toISOString() },
      ...{ createdBy: 'alice', comment: 'maintenance' },
    };
    const made = await send('POST', '/alertmanager/api/v2/silences', silence, caller);
    await post({ alertname: 'Loud' });
    await post({ alertname: 'Quiet' });
    const fingerprints = new Map(
      (await service.query<{ name: string; id: string }>('select name, id from @alerts')).map(({ name, id }) => [
        name,
        id,
      ]),
    );
    const traceOf = async (name: string) => {
      const { body } = await send('GET', `/api/v1/alerts/${String(fingerprints.get(name))}/trace`, undefined, caller);
      return body as { decisions: { outcome: string; deliveries: { state: string }[] }[] };
    };
    const loud = await waitFor(async () => {
      const trace = await traceOf('Loud');
      return trace.decisions.some(({ deliveries }) => deliveries.some(({ state }) => state === 'sent')) && trace;
    });
    expect(loud.decisions.at(-1)).toMatchObject({ outcome: 'told', reason: 'first_notification' });
    const quiet = await waitFor(async () => {
      const trace = await traceOf('Quiet');
      return trace.decisions.length > 0 && trace;
    });
    expect(quiet.decisions[0]).toMatchObject({ outcome: 'not_told', silenced_by: [made.body['silenceID']] });
    expect((await send('GET', `/api/v1/alerts/${String(fingerprints.get('Loud'))}/trace`)).status).toBe(404);

    const would = await send('POST', '/api/v1/notifications/simulate', { labels: { alertname: 'Quiet' } }, caller);
    expect(would.body['routes']).toMatchObject([
      { receiver: 'all', first_told_at: null, silenced_by: [made.body['silenceID']] },
    ]);
    const other = await send('POST', '/api/v1/notifications/simulate', { labels: { alertname: 'New' } }, caller);
    expect(other.body['routes']).toMatchObject([{ first_told_at: expect.any(String), looked_at_every_seconds: 1 }]);
  });
});
