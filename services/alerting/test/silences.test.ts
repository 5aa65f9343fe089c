import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '@signalbox/ids';
import type { CallerIdentity } from '@signalbox/identity';
import { aCaller, startTestService, type TestService } from './harness.ts';

interface Covered {
  labels: Record<string, string>;
  silenced_by: string[];
}
/** Whatever an answer of these routes may hold. */
interface Body {
  id: string;
  state: string;
  starts_at: string;
  data: { comment: string }[];
  page_info: { next_cursor: string | null };
  total: number;
  alerts: Covered[];
  errors: { path: string; message: string }[];
}

const place = '/api/v1/silences';
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

function tenant(caller: CallerIdentity = aCaller()) {
  const send = async (method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }> => {
    const init =
      body === undefined
        ? { method }
        : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await service.fetch(path, init, { ...caller, requestId: newId('req') });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? {} : JSON.parse(text)) as Body };
  };
  return { caller, send };
}

const silence = (more: object = {}) => ({
  matchers: ['alertname="LatencyHigh"', 'model=~"m.*"'],
  ends_at: soon(3_600_000),
  comment: 'maintenance',
  ...more,
});

describe('silences in our own words (B-45)', () => {
  it('are created, shown, changed in place, replaced, and ended', async () => {
    const { send, caller } = tenant();
    const created = await send('POST', place, silence());
    expect(created).toMatchObject({
      status: 201,
      body: {
        state: 'active',
        matchers: ['alertname="LatencyHigh"', 'model=~"m.*"'],
        created_by: caller.principal.principalId,
      },
    });
    const { id, starts_at } = created.body;
    expect((await send('GET', `${place}/${id}`)).body).toEqual(created.body);
    const longer = await send(
      'PUT',
      `${place}/${id}`,
      silence({ starts_at, ends_at: soon(7_200_000), comment: 'longer' }),
    );
    expect(longer).toMatchObject({ status: 200, body: { id, comment: 'longer' } });
    const replaced = await send('PUT', `${place}/${id}`, silence({ matchers: ['zone="eu"'] }));
    expect(replaced.body.id).not.toBe(id);
    expect((await send('GET', `${place}/${id}`)).body).toMatchObject({ state: 'expired' });
    expect((await send('DELETE', `${place}/${replaced.body.id}`)).status).toBe(204);
    expect((await send('DELETE', `${place}/${replaced.body.id}`)).status).toBe(204);
    expect((await send('GET', `${place}/${replaced.body.id}`)).body).toMatchObject({ state: 'expired' });
  });

  it('are listed page by page, each once, the last to end first', async () => {
    const { send } = tenant();
    for (const hours of [3, 1, 2])
      await send('POST', place, silence({ ends_at: soon(hours * 3_600_000), comment: String(hours) }));
    await send('POST', place, silence({ starts_at: soon(3_600_000), ends_at: soon(18_000_000), comment: 'pending' }));
    const seen: string[] = [];
    let cursor = '';
    do {
      const { body } = await send('GET', `${place}?limit=2${cursor}`);
      seen.push(...body.data.map(({ comment }) => comment));
      cursor = body.page_info.next_cursor === null ? '' : `&cursor=${body.page_info.next_cursor}`;
    } while (cursor !== '');
    expect(seen).toEqual(['pending', '3', '2', '1']);
    const { body: pending } = await send('GET', `${place}?state=pending`);
    expect(pending.data).toHaveLength(1);
    expect((await send('GET', `${place}?state=expired`)).body.data).toEqual([]);
  });

  it('tell beforehand which alerts they would cover', async () => {
    const { send } = tenant();
    await send(
      'POST',
      '/alertmanager/api/v2/alerts',
      ['m1', 'm2', 'x'].map((model) => ({ labels: { alertname: 'LatencyHigh', model } })),
    );
    const preview = () => send('POST', `${place}/preview`, { matchers: ['model=~"m.*"'] });
    const before = (await preview()).body;
    expect(before.total).toBe(2);
    expect(before.alerts.map(({ labels }) => labels['model']).sort()).toEqual(['m1', 'm2']);
    expect(before.alerts.every(({ silenced_by }) => silenced_by.length === 0)).toBe(true);
    const { body } = await send('POST', place, silence({ matchers: ['model="m1"'] }));
    const covered = (await preview()).body.alerts.find(({ labels }) => labels['model'] === 'm1');
    expect(covered?.silenced_by).toEqual([body.id]);
  });
});

describe('silences that cannot be (B-45)', () => {
  it('are refused with the place and the reason', async () => {
    const { send } = tenant();
    const fieldsOf = async (more: object) => (await send('POST', place, silence(more))).body.errors;
    expect(await fieldsOf({ matchers: ['a="b"', 'a=~"["'] })).toEqual([
      { path: 'matchers.1', message: 'error parsing regexp: missing closing ]: `[)$`' },
    ]);
    expect(await fieldsOf({ matchers: ['a=~".*"'] })).toMatchObject([
      { message: expect.stringContaining('must not match the empty string') },
    ]);
    expect(await fieldsOf({ ends_at: soon(-1_000) })).toMatchObject([
      { message: expect.stringContaining('start time must be before end time') },
    ]);
    expect(await fieldsOf({ matchers: [] })).toMatchObject([{ path: 'matchers' }]);
    expect(await fieldsOf({ ends_at: 'tomorrow' })).toMatchObject([{ path: 'ends_at' }]);
    expect((await send('GET', `${place}/nonsense`)).status).toBe(400);
    expect((await send('GET', `${place}/00000000-0000-4000-8000-000000000000`)).status).toBe(404);
  });
});

describe('silences of others (B-45)', () => {
  it('are as absent as those that never were', async () => {
    const mine = tenant();
    const yours = tenant();
    const { body } = await mine.send('POST', place, silence());
    for (const [method, sent] of [['GET'], ['DELETE'], ['PUT', silence()]] as const)
      expect([method, (await yours.send(method, `${place}/${body.id}`, sent)).status]).toEqual([method, 404]);
    expect((await yours.send('GET', place)).body.data).toEqual([]);
    expect((await mine.send('GET', `${place}/${body.id}`)).body.state).toBe('active');
  });

  it('are changed only by those who may', async () => {
    const reader = tenant(aCaller({ scopes: ['alerts:read'] }));
    expect((await reader.send('POST', place, silence())).status).toBe(403);
    expect((await reader.send('POST', `${place}/preview`, { matchers: ['a="b"'] })).status).toBe(200);
    expect((await fetch(service.url + place)).status).toBe(401);
  });
});
