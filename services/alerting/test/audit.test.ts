import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AuditEvent } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { startHttpSink, type HttpSink } from '@signalbox/test-kit';
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

/** Somebody of a tenant of its own, and what the audit log was told of them. */
function aPerson() {
  const caller = aCaller();
  const send = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>> => {
    const answer = await service.fetch(
      path,
      {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      },
      { ...caller, requestId: newId('req') },
    );
    const text = await answer.text();
    expect({ path, status: answer.status, text: answer.ok ? '' : text }).toMatchObject({ text: '' });
    return (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  };
  const audited = async () => {
    const rows = await service.query<{ message: { payload: unknown } }>(
      `select message from @outbox where name = 'audit.record' and message -> 'payload' ->> 'tenant_id' = $1 order by id`,
      [caller.principal.tenantId],
    );
    const events = rows.map(({ message }) => AuditEvent.parse(message.payload));
    expect(events.every(({ actor }) => actor === caller.principal.principalId)).toBe(true);
    return events.map(({ action, target, details }) => ({ action, target, change: details['change'] }));
  };
  return { send, audited };
}

describe('the audit log (OD-14)', () => {
  it('is told of silences that are set, changed and ended, by either API', async () => {
    const { send, audited } = aPerson();
    const endsAt = (ms: number) => new Date(Date.now() + ms).toISOString();
    const silence = { matchers: ['alertname="X"'], comment: 'c', ends_at: endsAt(60_000) };
    const { id } = await send('POST', '/api/v1/silences', silence);
    await send('PUT', `/api/v1/silences/${String(id)}`, { ...silence, matchers: ['alertname="Y"'] });
    const posted = await send('POST', '/alertmanager/api/v2/silences', {
      matchers: [{ name: 'a', value: 'b', isRegex: false }],
      ...{ startsAt: endsAt(0), endsAt: endsAt(60_000), createdBy: 'amtool', comment: 'c' },
    });
    await send('DELETE', `/alertmanager/api/v2/silence/${String(posted['silenceID'])}`);
    // What has ended is not ended once more.
    await send('DELETE', `/api/v1/silences/${String(posted['silenceID'])}`);
    const action = 'silence.changed';
    expect(await audited()).toEqual([
      { action, target: id, change: 'created' },
      { action, target: expect.not.stringContaining(String(id)), change: 'updated' },
      { action, target: posted['silenceID'], change: 'created' },
      { action, target: posted['silenceID'], change: 'ended' },
    ]);
  });

  it('is told of whatever is done to an alert, and of nothing that changed nothing', async () => {
    const { send, audited } = aPerson();
    await send('POST', '/alertmanager/api/v2/alerts', [{ labels: { alertname: 'Down' } }]);
    const { data } = await send('GET', '/api/v1/alerts');
    const path = `/api/v1/alerts/${(data as { id: string }[])[0]?.id ?? ''}`;
    await send('POST', `${path}/acknowledge`, { note: 'mine' });
    await send('POST', `${path}/acknowledge`, { note: 'mine' });
    await send('DELETE', `${path}/acknowledge`);
    await send('POST', `${path}/snooze`, { until: new Date(Date.now() + 60_000).toISOString() });
    await send('DELETE', `${path}/snooze`);
    await send('PUT', `${path}/assignee`, { assignee: 'ada' });
    await send('POST', `${path}/comments`, { text: 'a secret of ours' });
    await send('POST', `${path}/resolve`, {});
    expect((await audited()).map(({ action, change }) => change ?? action)).toEqual([
      ...['acknowledge', 'unacknowledge', 'snooze', 'unsnooze', 'assign', 'comment', 'alert.resolved'],
    ]);
  });

  it('is told that a channel was tried', async () => {
    const { send, audited } = aPerson();
    const { id } = await send('POST', '/api/v1/channels', { name: 'h', kind: 'webhook', settings: { url: hook.url } });
    await send('POST', `/api/v1/channels/${String(id)}/test`);
    expect(await audited()).toMatchObject([
      { action: 'channel.changed', target: id },
      { action: 'channel.tested', target: id },
    ]);
  });
});
