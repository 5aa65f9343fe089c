import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import { createEmitter } from '@signalbox/queue';
import { waitFor } from '@signalbox/test-kit';
import { ingestAlerts } from '../src/alerts/ingest-alerts.ts';
import { createTeller } from '../src/alerts/tell-changes.ts';
import { createTenantConfigurations } from '../src/configuration/configuration-source.ts';
import { createEnrolAlerts } from '../src/notifications/enrol-alerts.ts';
import { aCaller, identityKeys, startTestService, type TestService } from './harness.ts';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

const tell = createTeller({
  emitter: createEmitter({ service: 'alerting', identityKeys }),
  enrolAlerts: createEnrolAlerts(createTenantConfigurations(null)),
});

interface Posted {
  labels: Record<string, string>;
  annotations?: Record<string, string>;
  startsAt?: Date;
  endsAt?: Date;
  timeout?: boolean;
}

/** Takes reports in as Alertmanager's API does. */
async function post(posted: readonly Posted[], tenantId = service.caller.principal.tenantId, now = new Date()) {
  const reports = posted.map(
    ({ labels, annotations = {}, startsAt = now, endsAt, timeout = endsAt === undefined }) => ({
      labels,
      annotations,
      generatorUrl: '',
      startsAt,
      endsAt: endsAt ?? new Date(now.getTime() + 300_000),
      timeout,
      updatedAt: now,
    }),
  );
  const alerts = await service.db.db.transaction().execute((trx) => ingestAlerts(trx, tenantId, reports, now, tell));
  return alerts.map(({ id }) => id);
}

async function fired(name: string, labels: Record<string, string> = {}): Promise<string> {
  const [id] = await post([
    { labels: { alertname: name, severity: 'high', ...labels }, annotations: { summary: name } },
  ]);
  return String(id);
}

const list = async (query: string, caller = service.caller) =>
  (await service.get(`/api/v1/alerts${query}`, { ...caller, requestId: newId('req') })).body['data'] as Record<
    string,
    unknown
  >[];

describe('alerts over HTTP (MX-8, MX-15)', () => {
  it('keeps one open alert of one identity, and counts how often it was confirmed', async () => {
    const id = await fired('one', { model_id: 'm-one' });
    await fired('one', { model_id: 'm-one' });
    const { body } = await service.get(`/api/v1/alerts/${id}`);
    expect(body).toMatchObject({ state: 'firing', episode: 1, count: 2, model_id: 'm-one', severity: 'high' });
  });

  it('resolves once: who, when and why; again by the same word is no change, by another a conflict', async () => {
    const id = await fired('resolve');
    const resolved = await service.post(`/api/v1/alerts/${id}/resolve`, { note: 'disk replaced' });
    expect([resolved.status, resolved.body]).toMatchObject([
      200,
      {
        state: 'resolved',
        resolved: true,
        resolution: { reason: 'manual', by: service.caller.principal.principalId, note: 'disk replaced' },
      },
    ]);
    const again = await service.post(`/api/v1/alerts/${id}/resolve`, { note: 'disk replaced' });
    expect(again.body).toEqual(resolved.body);
    const other = await service.post(`/api/v1/alerts/${id}/resolve`, { note: 'something else' });
    expect([other.status, other.body]).toMatchObject([409, { error_code: 'CONFLICT', state: 'resolved' }]);
    expect((await service.post('/api/v1/alerts/alert_0/resolve', {})).status).toBe(404);
  });

  it('stays resolved for what began before, and begins a new episode with a new breach', async () => {
    const before = new Date(Date.now() - 60_000);
    const labels = { alertname: 'again', severity: 'high' };
    const [id] = await post([{ labels, startsAt: before }]);
    await service.post(`/api/v1/alerts/${String(id)}/resolve`, {});
    await post([{ labels, startsAt: before }]);
    expect((await service.get(`/api/v1/alerts/${String(id)}`)).body).toMatchObject({ state: 'resolved', episode: 1 });
    await post([{ labels, startsAt: new Date(Date.now() + 1) }]);
    expect((await service.get(`/api/v1/alerts/${String(id)}`)).body).toMatchObject({
      state: 'firing',
      episode: 2,
      resolution: null,
    });
  });

  it('acknowledges, snoozes, assigns and takes remarks, and tells it all in its history', async () => {
    const id = await fired('lifecycle');
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const path = `/api/v1/alerts/${id}`;
    const put = {
      method: 'PUT',
      body: JSON.stringify({ assignee: 'maria' }),
      headers: { 'content-type': 'application/json' },
    };
    expect((await service.post(`${path}/acknowledge`, { note: 'on it', until })).body).toMatchObject({
      state: 'firing',
      acknowledgement: { by: service.caller.principal.principalId, note: 'on it', until },
    });
    expect((await service.post(`${path}/snooze`, { until })).body).toMatchObject({ snoozed_until: until });
    expect((await service.fetch(`${path}/assignee`, put)).status).toBe(200);
    await service.post(`${path}/comments`, { text: '=it is the disk' });
    expect((await service.fetch(`${path}/snooze`, { method: 'DELETE' })).status).toBe(200);
    expect((await service.fetch(`${path}/acknowledge`, { method: 'DELETE' })).status).toBe(200);
    await service.post(`${path}/resolve`, {});
    expect((await service.post(`${path}/acknowledge`, {})).status).toBe(409);

    const types: unknown[] = [];
    let next: string | null = `${path}/history?limit=3`;
    while (next !== null) {
      const page = (await service.get(next)).body as {
        data: { type: string; by: string | null }[];
        page_info: { next_cursor: string | null };
      };
      types.push(...page.data.map(({ type }) => type));
      const cursor = page.page_info.next_cursor;
      next = cursor === null ? null : `${path}/history?limit=3&cursor=${cursor}`;
    }
    expect(types.toReversed()).toEqual([
      'fired',
      'acknowledged',
      'snoozed',
      'assigned',
      'commented',
      'unsnoozed',
      'unacknowledged',
      'resolved',
    ]);
  });

  it('lists by model, severity, state and time, a page at a time, each alert once', async () => {
    const caller = aCaller();
    const { tenantId } = caller.principal;
    const base = Date.now() - 3_600_000;
    await post(
      Array.from({ length: 25 }, (_, index) => ({
        labels: {
          alertname: 'listed',
          instance: String(index),
          model_id: index % 2 === 0 ? 'even' : 'odd',
          severity: index % 5 === 0 ? 'critical' : 'low',
        },
        startsAt: new Date(base + index * 60_000),
        ...(index < 5 ? { endsAt: new Date(Date.now() - 1_000) } : {}),
      })),
      tenantId,
    );
    expect((await list('?model_id=even&limit=100', caller)).length).toBe(13);
    expect((await list('?severity=critical&limit=100', caller)).length).toBe(5);
    expect((await list('?resolved=true', caller)).length).toBe(5);
    expect((await list('?state=firing&limit=100', caller)).length).toBe(20);
    const from = new Date(base + 20 * 60_000).toISOString();
    expect((await list(`?from=${from}`, caller)).length).toBe(5);

    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const suffix: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const { body } = await service.get(`/api/v1/alerts?limit=10${suffix}`, { ...caller, requestId: newId('req') });
      const page = body as { data: { labels: { instance: string } }[]; page_info: { next_cursor: string | null } };
      seen.push(...page.data.map(({ labels }) => labels.instance));
      cursor = page.page_info.next_cursor;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => String(24 - index)));
  });

  it('answers MonitorX’s clients as MonitorX did, and resolves by the id in the body', async () => {
    const caller = aCaller();
    await post(
      [{ labels: { alertname: 'old', model_id: 'm', alert_type: 'latency', severity: 'high' } }],
      caller.principal.tenantId,
    );
    const as = () => ({ ...caller, requestId: newId('req') });
    const rows = (await service.get('/api/v1/alerts/as-array?model_id=m&resolved=false', as()))
      .body as unknown as Record<string, unknown>[];
    expect(Object.keys(rows[0] ?? {}).sort()).toEqual(
      ['alert_type', 'id', 'message', 'model_id', 'resolved', 'resolved_at', 'severity', 'timestamp'].sort(),
    );
    expect(rows).toMatchObject([{ model_id: 'm', alert_type: 'latency', severity: 'high', resolved: false }]);
    const resolve = (alertId: unknown) =>
      service.post('/api/v1/alerts/resolve', { alert_id: alertId }, { caller: as() });
    expect([(await resolve(rows[0]?.['id'])).status, (await resolve('alert_unknown')).status]).toEqual([200, 404]);
    expect((await service.get('/api/v1/alerts/as-array?resolved=true', as())).body).toMatchObject([{ resolved: true }]);
  });

  it('ends what was posted when its last report runs out', async () => {
    const [id] = await post([{ labels: { alertname: 'short' }, endsAt: new Date(Date.now() + 300), timeout: true }]);
    const ended = await waitFor(async () => {
      const { body } = await service.get(`/api/v1/alerts/${String(id)}`);
      return body['state'] === 'resolved' ? body : null;
    });
    expect(ended).toMatchObject({ resolution: { reason: 'timeout', by: null } });
  });

  it('hands what began and ended to the other services, once for each episode', async () => {
    const id = await fired('told');
    await service.post(`/api/v1/alerts/${id}/resolve`, {});
    const rows = await service.query<{ id: string }>('select id from @outbox where id like $1 order by id', [
      `${id}.%`,
    ]);
    const done = await service.query<{ count: string }>(
      'select count(*)::text from @alert_events where alert_id = $1',
      [id],
    );
    expect([rows.map((row) => row.id), done[0]?.count]).toEqual([
      [`${id}.1.fired.chat-router`, `${id}.1.resolved.chat-router`],
      '2',
    ]);
  });

  it('writes who resolved an alert for the audit log (OD-14)', async () => {
    const id = await fired('audited');
    await service.post(`/api/v1/alerts/${id}/resolve`, { note: 'done' });
    const rows = await service.query<{ message: { payload: Record<string, unknown> } }>(
      "select message from @outbox where name = 'audit.record'",
    );
    expect(rows.map(({ message }) => message.payload)).toContainEqual(
      expect.objectContaining({ action: 'alert.resolved', target: id, actor: service.caller.principal.principalId }),
    );
  });
});

describe('the stream of events', () => {
  it('tells what happens from now on, and after a break what happened meanwhile', async () => {
    const caller = aCaller();
    const { tenantId } = caller.principal;
    const read = async (path: string, count: number, after?: () => Promise<unknown>) => {
      const stop = new AbortController();
      const answer = await service.fetch(path, { signal: stop.signal }, { ...caller, requestId: newId('req') });
      expect(answer.headers.get('content-type')).toContain('text/event-stream');
      await after?.();
      let text = '';
      for await (const bytes of answer.body ?? []) {
        text += Buffer.from(bytes as Uint8Array).toString();
        if (text.split('\n\n').length > count) break;
      }
      stop.abort();
      return text;
    };
    const first = await read('/api/v1/alerts/events', 1, () => post([{ labels: { alertname: 'streamed' } }], tenantId));
    expect(first).toContain('event: alert.fired');
    expect(first).toContain('"name":"streamed"');
    const id = /^id: (\S+)$/m.exec(first)?.[1] ?? '';
    await post([{ labels: { alertname: 'meanwhile' } }], tenantId);
    await post([{ labels: { alertname: 'elsewhere' } }], aCaller().principal.tenantId);
    const second = await read(`/api/v1/alerts/events?after=${id}`, 1);
    expect(second).toContain('"name":"meanwhile"');
    expect(second).not.toContain('streamed');
  });

  it('refuses a place that is none', async () => {
    expect((await service.get('/api/v1/alerts/events?after=x')).body).toMatchObject({
      errors: [{ path: 'after', message: 'Expected the id of an event.' }],
    });
  });
});

describe('exports of alerts (MX-27)', () => {
  it('writes CSV that no spreadsheet takes for formulas, and the same alerts as JSON', async () => {
    const caller = aCaller();
    await post(
      [
        {
          labels: { alertname: '=HYPERLINK("http://x")', model_id: '+m', severity: '@high' },
          annotations: { summary: 'a "quoted", line\nbroken' },
        },
      ],
      caller.principal.tenantId,
    );
    const as = () => ({ ...caller, requestId: newId('req') });
    const csv = await service.fetch('/api/v1/alerts/export?format=csv', {}, as());
    expect(csv.headers.get('content-disposition')).toMatch(/filename="alerts_\d{8}_\d{6}\.csv"/);
    const text = await csv.text();
    expect(text.startsWith('id,name,model_id,alert_type,severity,state,message,timestamp,')).toBe(true);
    expect(text).toContain(`"'=HYPERLINK(""http://x"")",'+m,other,'@high,firing,"a ""quoted"", line\nbroken",`);
    expect(text.endsWith('\r\n')).toBe(true);
    const { body } = await service.get('/api/v1/alerts/export?format=json', as());
    expect(body['items']).toMatchObject([{ model_id: '+m', severity: '@high' }]);
  });
});

describe('alerts of others (security)', () => {
  it('are as absent as those that never were, for reading and for changing', async () => {
    const id = await fired('private');
    const stranger = aCaller();
    const as = () => ({ ...stranger, requestId: newId('req') });
    for (const path of ['', '/history'])
      expect((await service.get(`/api/v1/alerts/${id}${path}`, as())).status).toBe(404);
    expect((await service.post(`/api/v1/alerts/${id}/resolve`, {}, { caller: as() })).status).toBe(404);
    expect((await service.post('/api/v1/alerts/resolve', { alert_id: id }, { caller: as() })).status).toBe(404);
    expect(await list('', stranger)).toEqual([]);
  });

  it('need a right to be read, and another one to be changed', async () => {
    const id = await fired('rights');
    const reader = aCaller({ tenantId: service.caller.principal.tenantId, scopes: ['alerts:read'] });
    expect((await service.get(`/api/v1/alerts/${id}`, reader)).status).toBe(200);
    const answer = await service.post(
      `/api/v1/alerts/${id}/resolve`,
      {},
      { caller: { ...reader, requestId: newId('req') } },
    );
    expect([answer.status, answer.body]).toMatchObject([403, { required_scope: 'alerts:write' }]);
    expect((await service.get('/api/v1/alerts', aCaller({ scopes: ['metrics:read'] }))).status).toBe(403);
  });
});
