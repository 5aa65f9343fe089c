import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { VaultKeys } from '@signalbox/vault';
import { aCaller, startTestService, type TestService } from './harness.ts';

const api = '/alertmanager/api/v2';
const vaultKeys = VaultKeys.parse(`1:${randomBytes(32).toString('base64url')}`);

let service: TestService;
beforeAll(async () => {
  service = await startTestService({ config: { vaultKeys } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

interface Answer {
  status: number;
  body: unknown;
}

/** A tenant of its own, and its requests. */
function tenant() {
  const caller = aCaller();
  const send = async (method: string, path: string, body?: unknown, mount = api): Promise<Answer> => {
    const init: RequestInit =
      body === undefined
        ? { method }
        : {
            method,
            body: typeof body === 'string' ? body : JSON.stringify(body),
            headers: { 'content-type': 'application/json' },
          };
    const answer = await service.fetch(mount + path, init, { ...caller, requestId: newId('req') });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
  };
  return {
    id: caller.principal.tenantId,
    caller,
    send,
    get: (path: string, mount?: string) => send('GET', path, undefined, mount),
    configure: (original: string) => send('PUT', '', { original }, '/api/v1/alerting-configuration'),
  };
}

const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();
const silenceOf = (more: object = {}) => ({
  matchers: [{ name: 'alertname', value: 'foo', isRegex: false, isEqual: true }],
  startsAt: soon(-1_000),
  endsAt: soon(3_600_000),
  createdBy: 'alice',
  comment: 'maintenance',
  ...more,
});

describe("Alertmanager's API v2 (MX-13)", () => {
  it('takes alerts and shows them, with the times that nobody gave', async () => {
    const { send, get } = tenant();
    const before = Date.now();
    const posted = await send('POST', '/alerts', [
      {
        labels: { alertname: 'LatencyHigh', model: 'm1', empty: '' },
        annotations: { summary: 'p95 high' },
        startsAt: '0001-01-01T00:00:00.000Z',
        endsAt: '0001-01-01T00:00:00.000Z',
        generatorURL: 'http://gen/1?a=b\u0026c=d',
      },
      { labels: { alertname: 'foo' }, startsAt: '2026-11-20T12:00:00.000Z', endsAt: '2027-01-01T01:00:00+01:00' },
      { labels: { alertname: 'ended' }, startsAt: '2020-01-01T00:00:00Z', endsAt: '2020-01-01T01:00:00Z' },
    ]);
    expect(posted).toEqual({ status: 200, body: null });
    const { body } = await get('/alerts');
    const shown = (body as { labels: { alertname: string } }[]).toSorted((x, y) =>
      x.labels.alertname < y.labels.alertname ? -1 : 1,
    );
    expect(shown).toMatchObject([
      {
        labels: { alertname: 'LatencyHigh', model: 'm1' },
        annotations: { summary: 'p95 high' },
        generatorURL: 'http://gen/1?a=b&c=d',
        receivers: [{ name: 'default' }],
        status: { state: 'active', silencedBy: [], inhibitedBy: [], mutedBy: [] },
      },
      {
        labels: { alertname: 'foo' },
        annotations: {},
        startsAt: '2026-11-20T12:00:00.000Z',
        endsAt: '2027-01-01T00:00:00.000Z',
      },
    ]);
    expect(shown[0]?.labels).toEqual({ alertname: 'LatencyHigh', model: 'm1' });
    const latency = (body as { labels: { alertname: string }; startsAt: string; endsAt: string }[]).find(
      ({ labels }) => labels.alertname === 'LatencyHigh',
    );
    const startsAt = Date.parse(latency?.startsAt ?? '');
    expect(startsAt).toBeGreaterThanOrEqual(before);
    expect(Date.parse(latency?.endsAt ?? '') - startsAt).toBe(300_000);
  });

  it('answers what cannot be as Alertmanager does, and takes the good ones of a batch', async () => {
    const { send, get } = tenant();
    const posting = (alerts: unknown) => send('POST', '/alerts', alerts);
    expect(await posting([{ labels: {} }])).toEqual({ status: 400, body: 'at least one label pair required' });
    expect(
      await posting([{ labels: { a: 'b' }, startsAt: '2026-01-02T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' }]),
    ).toEqual({
      status: 400,
      body: 'start time must be before end time',
    });
    expect(await posting([{ labels: { 'bad name': 'b' } }])).toEqual({
      status: 400,
      body: 'invalid label set: invalid name "bad name"',
    });
    expect(await posting([{ labels: { alertname: 'good' } }, { labels: { '': 'x' } }, { labels: {} }])).toEqual({
      status: 400,
      body: 'invalid label set: invalid name ""; at least one label pair required',
    });
    expect((await get('/alerts')).body).toMatchObject([{ labels: { alertname: 'good' } }]);
    expect(await posting('nonsense')).toMatchObject({
      status: 400,
      body: { code: 400, message: expect.stringMatching(/^parsing alerts body from "" failed, because /) },
    });
    expect(await posting({})).toMatchObject({ status: 400, body: { code: 400 } });
    expect(await posting([{}])).toEqual({ status: 422, body: { code: 602, message: '0.labels in body is required' } });
    expect(await posting([{ labels: { a: 1 } }])).toMatchObject({ status: 400, body: { code: 400 } });
    expect(await posting([{ labels: { a: 'b' }, generatorURL: 'x y' }])).toMatchObject({
      status: 422,
      body: { code: 601 },
    });
    const answer = await service.fetch(`${api}/alerts`, {
      method: 'POST',
      body: 'a=b',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect([answer.status, await answer.json()]).toEqual([
      415,
      {
        code: 415,
        message: 'unsupported media type "application/x-www-form-urlencoded", only [application/json] are allowed',
      },
    ]);
    expect(await get('/alerts?filter=bad%7B')).toEqual({ status: 400, body: 'bad matcher format: bad{' });
    expect(await get('/alerts?receiver=%5B')).toEqual({
      status: 400,
      body: 'failed to parse receiver param: error parsing regexp: missing closing ]: `[)$`',
    });
    expect(await get('/nothing')).toMatchObject({
      status: 404,
      body: { code: 404, message: `path ${api}/nothing was not found` },
    });
  });

  it('keeps every word of its saved refusals', async () => {
    const { cases } = JSON.parse(
      readFileSync(new URL('./vectors/am-0.25-error-shapes.json', import.meta.url), 'utf8'),
    ) as {
      cases: { req: string; status: number; body: string | { code: number } }[];
    };
    const { send } = tenant();
    const unknown = '044a81f4-a6b3-47d1-bc57-a97635cd4bff';
    const regex = { name: 'a', value: '.*', isRegex: true };
    const requests: [string, string, unknown?][] = [
      ['POST', '/alerts', [{ labels: {} }]],
      ['POST', '/alerts', [{ labels: { a: 'b' }, startsAt: soon(0), endsAt: soon(-1_000) }]],
      ['POST', '/alerts', 'nonsense'],
      ['POST', '/alerts', [{ labels: { 'bad name': 'x' } }]],
      ['POST', '/alerts', [{ labels: { a: 'b' } }, { labels: { '': 'b' } }]],
      ['', ''],
      ['POST', '/silences', silenceOf({ matchers: [regex] })],
      ['POST', '/silences', silenceOf({ matchers: [] })],
      ['POST', '/silences', silenceOf({ startsAt: soon(-5_000), endsAt: soon(-1_000) })],
      ['POST', '/silences', silenceOf({ id: unknown })],
      ['GET', `/silence/${unknown}`],
      ['DELETE', `/silence/${unknown}`],
      ['GET', '/silence/notuuid'],
      ['GET', '/alerts?filter=bad%7B'],
      ['GET', '/alerts?receiver=%5B'],
    ];
    expect(requests).toHaveLength(cases.length);
    for (const [index, [method, path, body]] of requests.entries()) {
      const { req, status, body: said } = cases[index] ?? { req: '', status: 0, body: '' };
      // Sent by the test above, for it is no JSON.
      if (method === '') continue;
      const answer = await send(method, path, body);
      // Alertmanager of today says 404, without a word.
      if (method === 'DELETE') expect(answer).toEqual({ status: 404, body: null });
      else if (typeof said === 'object')
        expect([req, answer]).toMatchObject([req, { status, body: { code: said.code } }]);
      else expect([req, answer]).toEqual([req, { status, body: said === '' ? null : (JSON.parse(said) as unknown) }]);
    }
  });

  it('keeps silences: creates, changes, lists, ends', async () => {
    const { send, get } = tenant();
    const created = await send('POST', '/silences', silenceOf());
    const { silenceID: id } = created.body as { silenceID: string };
    expect(await get(`/silence/${id}`)).toMatchObject({
      status: 200,
      body: {
        id,
        status: { state: 'active' },
        matchers: [{ name: 'alertname', value: 'foo', isRegex: false, isEqual: true }],
        comment: 'maintenance',
        createdBy: 'alice',
      },
    });
    const { body: first } = await get(`/silence/${id}`);
    const longer = await send('POST', '/silences', {
      ...(first as object),
      endsAt: soon(7_200_000),
      comment: 'longer',
    });
    expect(longer.body).toEqual({ silenceID: id });
    const other = await send(
      'POST',
      '/silences',
      silenceOf({ id, matchers: [{ name: 'a', value: 'b.*', isRegex: true }] }),
    );
    const { silenceID: replacing } = other.body as { silenceID: string };
    expect(replacing).not.toBe(id);
    const pending = await send('POST', '/silences', silenceOf({ startsAt: soon(60_000) }));
    const { silenceID: later } = pending.body as { silenceID: string };
    const listed = async (query = '') =>
      ((await get(`/silences${query}`)).body as { id: string; status: { state: string } }[]).map((one) => [
        one.id,
        one.status.state,
      ]);
    expect(await listed()).toEqual([
      [replacing, 'active'],
      [later, 'pending'],
      [id, 'expired'],
    ]);
    expect(await listed('?expired=false&pending=false')).toEqual([[replacing, 'active']]);
    expect(await listed('?filter=a%3D~%22b.*%22')).toEqual([[replacing, 'active']]);
    expect(await listed('?filter=a%3Db')).toEqual([]);
    expect(await send('DELETE', `/silence/${later}`)).toEqual({ status: 200, body: null });
    expect(await send('DELETE', `/silence/${later}`)).toEqual({ status: 200, body: null });
    expect(await listed('?active=false&expired=false')).toEqual([]);
  });

  it('shows what is silenced and what is inhibited as it is at this moment', async () => {
    const { send, get, configure } = tenant();
    const configured = await configure(`
route: { receiver: team, group_by: [alertname], routes: [{ matchers: ['severity="critical"'], receiver: pager, continue: true }, { matchers: ['alertname=~".+"'] }] }
receivers: [{ name: team }, { name: pager }]
inhibit_rules: [{ source_match: { severity: critical }, target_match: { severity: warning }, equal: [alertname] }]
`);
    expect(configured.status).toBe(200);
    const labels = (severity: string) => ({ alertname: 'test1', severity });
    await send('POST', '/alerts', [{ labels: labels('warning') }]);
    const created = await send(
      'POST',
      '/silences',
      silenceOf({ matchers: [{ name: 'alertname', value: 'test1', isRegex: false }] }),
    );
    const { silenceID: id } = created.body as { silenceID: string };
    expect((await get('/alerts')).body).toMatchObject([
      { status: { state: 'suppressed', silencedBy: [id], inhibitedBy: [] } },
    ]);
    await send('POST', '/alerts', [{ labels: labels('critical') }]);
    const { body } = await get('/alerts?filter=severity%3Dcritical');
    const [{ fingerprint: critical } = { fingerprint: '' }] = body as { fingerprint: string }[];
    expect((await get('/alerts?filter=severity%3Dwarning')).body).toMatchObject([
      { status: { silencedBy: [id], inhibitedBy: [critical] } },
    ]);
    await send('DELETE', `/silence/${id}`);
    await sleep(2);
    expect((await get('/alerts?inhibited=false')).body).toMatchObject([
      { fingerprint: critical, status: { state: 'active' } },
    ]);
    expect((await get('/alerts?active=false')).body).toMatchObject([{ labels: labels('warning') }]);
    expect((await get('/alerts?receiver=pag.*')).body).toMatchObject([
      { labels: labels('critical'), receivers: [{ name: 'pager' }, { name: 'team' }] },
    ]);
    expect((await get('/alerts/groups')).body).toMatchObject([
      { labels: { alertname: 'test1' }, receiver: { name: 'pager' }, alerts: [{ labels: labels('critical') }] },
      {
        labels: { alertname: 'test1' },
        receiver: { name: 'team' },
        alerts: [{ labels: labels('critical') }, { labels: labels('warning') }],
      },
    ]);
    expect((await get('/alerts/groups?receiver=team&filter=severity%3Dwarning')).body).toMatchObject([
      { alerts: [{ labels: labels('warning') }] },
    ]);
    expect((await get('/receivers')).body).toEqual([{ name: 'team' }, { name: 'pager' }]);
  });

  it("answers amtool's own requests, one after the other", async () => {
    const { send } = tenant();
    const lines = readFileSync(new URL('./vectors/amtool-0.25-requests.ndjson', import.meta.url), 'utf8')
      .trim()
      .split('\n');
    let id = '';
    let replayed = 0;
    for (const line of lines) {
      const { method, url, body, marker } = JSON.parse(line) as {
        method?: string;
        url?: string;
        body?: string;
        marker?: string;
      };
      if (marker !== undefined || method === undefined || url === undefined) continue;
      replayed += 1;
      // The silence of the recording ended in the afternoon of that day, and had an id of its own.
      const path = url.replace('/api/v2', '').replace('044a81f4-a6b3-47d1-bc57-a97635cd4bff', id);
      const sent = body
        ?.replace('044a81f4-a6b3-47d1-bc57-a97635cd4bff', id)
        .replace(/"endsAt":"2026-11-20[^"]*"/, `"endsAt":"${soon(3_600_000)}"`);
      const answer = await send(method, path, sent === undefined || sent === '' ? undefined : sent);
      expect([path, answer.status]).toEqual([path, path.includes('00000000-0000') ? 404 : 200]);
      if (path === '/silences' && method === 'POST') id = (answer.body as { silenceID: string }).silenceID;
    }
    expect(replayed).toBeGreaterThan(30);
  });

  it('says what runs, by which configuration, without its secrets', async () => {
    const { get, configure } = tenant();
    expect((await get('/status')).body).toMatchObject({
      cluster: { status: 'disabled', peers: [] },
      config: { original: expect.stringContaining('receiver: default') },
      versionInfo: { version: expect.stringContaining('signalbox') },
    });
    await configure('route: { receiver: a }\nreceivers: [{ name: a, pagerduty_configs: [{ routing_key: SECRET }] }]');
    const { config } = (await get('/status')).body as { config: { original: string } };
    expect(config.original).toContain('<secret>');
    expect(config.original).not.toContain('SECRET');
  });

  it('is mounted under the name of a tenant too, and for that tenant alone', async () => {
    const mine = tenant();
    await mine.send('POST', '/alerts', [{ labels: { alertname: 'mine' } }]);
    const named = `/alertmanager/${mine.id}/api/v2`;
    expect((await mine.get('/alerts', named)).body).toMatchObject([{ labels: { alertname: 'mine' } }]);
    expect((await mine.send('POST', '/alerts', [{ labels: { alertname: 'more' } }], named)).status).toBe(200);
    const yours = tenant();
    expect((await yours.get('/alerts', named)).status).toBe(404);
    expect((await yours.get('/alerts')).body).toEqual([]);
    expect((await yours.send('POST', '/alerts', [{ labels: { alertname: 'x' } }], named)).status).toBe(404);
    const created = await mine.send('POST', '/silences', silenceOf());
    const { silenceID } = created.body as { silenceID: string };
    expect((await yours.get(`/silence/${silenceID}`)).status).toBe(404);
    expect((await yours.send('DELETE', `/silence/${silenceID}`)).status).toBe(404);
    expect((await yours.send('POST', '/silences', silenceOf({ id: silenceID }))).status).toBe(404);
  });

  it('takes no more than a credential allows', async () => {
    const reader = aCaller({ scopes: ['alerts:read'] });
    const answer = await service.fetch(
      `${api}/alerts`,
      { method: 'POST', body: '[]', headers: { 'content-type': 'application/json' } },
      reader,
    );
    expect([answer.status, await answer.json()]).toMatchObject([403, { code: 403 }]);
    expect((await fetch(`${service.url}${api}/alerts`)).status).toBe(401);
  });
});

describe("a tenant's configuration (MX-13)", () => {
  it('is replaced as a whole, counted, and kept sealed', async () => {
    const { id, configure, get } = tenant();
    const place = '/api/v1/alerting-configuration';
    expect((await get('', place)).body).toMatchObject({ revision: 0, updated_at: null, updated_by: null });
    const first = await configure(
      'route: { receiver: a }\nreceivers: [{ name: a, pagerduty_configs: [{ routing_key: SECRET, client: x }] }]',
    );
    expect(first).toMatchObject({ status: 200, body: { revision: 1, warnings: [expect.stringContaining('client')] } });
    expect(
      JSON.stringify(await service.query('select sealed from @configurations where tenant_id = $1', [id])),
    ).not.toContain('SECRET');
    expect((await configure('route: { receiver: b }\nreceivers: [{ name: b }]')).body).toMatchObject({ revision: 2 });
    expect((await get('', place)).body).toMatchObject({
      revision: 2,
      original: expect.stringContaining('receiver: b'),
    });
  });

  it('is replaced only where the revision is the one that was read', async () => {
    const { send } = tenant();
    const put = (revision: number) =>
      send(
        'PUT',
        '',
        { original: 'route: { receiver: a }\nreceivers: [{ name: a }]', revision },
        '/api/v1/alerting-configuration',
      );
    expect((await put(3)).status).toBe(409);
    expect((await put(0)).body).toMatchObject({ revision: 1 });
    expect(await put(0)).toMatchObject({ status: 409, body: { error_code: 'CONFLICT', revision: 1 } });
    expect((await put(1)).body).toMatchObject({ revision: 2 });
  });

  it('is refused with every mistake and its place', async () => {
    const { configure, get } = tenant();
    expect(await configure('route: { receiver: x, group_interval: 0s, foo: 1 }\nreceivers: []')).toMatchObject({
      status: 400,
      body: {
        error_code: 'VALIDATION_ERROR',
        errors: [
          { path: 'original', message: 'route.group_interval: cannot be zero' },
          { path: 'original', message: 'route.foo: this setting is not known' },
        ],
      },
    });
    expect((await get('', '/api/v1/alerting-configuration')).body).toMatchObject({ revision: 0 });
  });
});
