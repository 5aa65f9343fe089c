import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { System, Task } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { createTestDatabase, simulateProvider, testStore, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import {
  aCaller,
  answerOver,
  audience,
  startTestSystems,
  type TestSystems,
  newIdentityKeys,
} from './systems-harness.ts';

const owned = new AsyncDisposableStack();
let provider: SimulatedProvider;
let systems: TestSystems;

beforeAll(async () => {
  provider = owned.use(await simulateProvider());
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  systems = owned.use(
    await startTestSystems({
      databaseUrl: database.url,
      redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
      identityKeys: IdentityKeys.parse(newIdentityKeys()),
      answer: answerOver(provider.url),
    }),
  );
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  provider.behave({});
});

const spec = { domain: 'support', use_case: 'Answer tickets', architecture: 'single', models: ['small'] };
let made = 0;

async function create(more: Record<string, unknown> = {}): Promise<System> {
  made += 1;
  const response = await systems.send('POST', '/api/v1/systems', { id: `s${String(made)}`, ...spec, ...more });
  expect([response.status, await response.clone().text()]).toEqual([201, expect.any(String)]);
  return (await response.json()) as System;
}

async function submit(systemId: string, body: Record<string, unknown>, headers: Record<string, string> = {}) {
  const response = await systems.send('POST', `/api/v1/systems/${systemId}/tasks`, body, undefined, headers);
  return { response, task: (await response.json()) as Task };
}

async function ended(task: Task): Promise<Task> {
  return waitFor(
    async () => {
      const now = (await (await systems.fetch(`/api/v1/systems/${task.system_id}/tasks/${task.id}`)).json()) as Task;
      return ['completed', 'failed', 'cancelled'].includes(now.status) && now;
    },
    { timeoutMs: 20_000, what: 'the end of the task' },
  );
}

function answerWith(...texts: string[]): void {
  for (const text of texts) provider.behaveOnce({ pieces: [text] });
}

describe('systems (OD-4)', () => {
  it('are created under an id of the client’s or one that is made, and are there', async () => {
    const named = await systems.send('POST', '/api/v1/systems', { id: 'tickets', ...spec });
    expect([named.status, named.headers.get('location')]).toEqual([201, '/api/v1/systems/tickets']);
    expect(await named.json()).toMatchObject({ id: 'tickets', version: 1, status: 'active', tools: [], budget: null });
    const unnamed = await systems.send('POST', '/api/v1/systems', spec);
    const { id } = (await unnamed.json()) as System;
    expect(id).toMatch(/^system_/);
    expect(await (await systems.fetch(`/api/v1/systems/${id}`)).json()).toMatchObject({ id, ...spec });
  });

  it('get a new version with every change, and keep the old ones', async () => {
    const { id } = await create({ prompts: { system: 'Be kind.' } });
    const changed = await systems.send('PATCH', `/api/v1/systems/${id}`, { models: ['large'], expected_version: 1 });
    expect(await changed.json()).toMatchObject({ version: 2, models: ['large'], prompts: { system: 'Be kind.' } });
    const late = await systems.send('PATCH', `/api/v1/systems/${id}`, { models: ['tiny'], expected_version: 1 });
    expect(late.status).toBe(409);
    const versions = (await (await systems.fetch(`/api/v1/systems/${id}/versions`)).json()) as { data: System[] };
    expect(versions.data.map(({ version, models }) => [version, models])).toEqual([
      [2, ['large']],
      [1, ['small']],
    ]);
  });

  it('changed by 20 at once become 20 versions', async () => {
    const { id } = await create();
    const changes = Array.from({ length: 20 }, (_, index) =>
      systems.send('PATCH', `/api/v1/systems/${id}`, { use_case: `use ${String(index)}` }),
    );
    const statuses = (await Promise.all(changes)).map(({ status }) => status);
    expect(statuses).toEqual(Array(20).fill(200));
    expect(await (await systems.fetch(`/api/v1/systems/${id}`)).json()).toMatchObject({ version: 21 });
  });

  it('are walked page by page, forwards and back', async () => {
    const caller = aCaller();
    for (const id of ['a', 'b', 'c']) await systems.send('POST', '/api/v1/systems', { id, ...spec }, caller);
    const page = async (query: string) =>
      (await (await systems.fetch(`/api/v1/systems?limit=2${query}`, {}, caller)).json()) as {
        data: System[];
        page_info: { next_cursor: string; prev_cursor: string; has_next: boolean };
      };
    const first = await page('');
    const second = await page(`&cursor=${first.page_info.next_cursor}`);
    const back = await page(`&cursor=${second.page_info.prev_cursor}`);
    expect([first, second, back].map(({ data }) => data.map(({ id }) => id))).toEqual([['a', 'b'], ['c'], ['a', 'b']]);
    expect(second.page_info.has_next).toBe(false);
  });

  it('are gone when they are deleted, and their id is not given again', async () => {
    const { id } = await create();
    expect((await systems.fetch(`/api/v1/systems/${id}`, { method: 'DELETE' })).status).toBe(204);
    expect((await systems.fetch(`/api/v1/systems/${id}`)).status).toBe(404);
    expect((await systems.send('POST', '/api/v1/systems', { id, ...spec })).status).toBe(409);
  });
});

describe('tasks (OD-5)', () => {
  it('are accepted, done by the system’s first model that can, and tell what they cost', async () => {
    const { id } = await create({ models: ['broken', 'small'], requirements: { latency_target_ms: 60_000 } });
    provider.behaveOnce({ status: 500 });
    answerWith('Restart it.');
    const { response, task } = await submit(id, {
      input: 'It hangs.',
      task_type: 'support',
      metadata: { ticket: '7' },
    });
    expect([response.status, response.headers.get('location')]).toEqual([
      202,
      `/api/v1/systems/${id}/tasks/${task.id}`,
    ]);
    expect(task).toMatchObject({ status: 'pending', result: null, metadata: { ticket: '7' } });
    const done = await ended(task);
    expect(done).toMatchObject({
      status: 'completed',
      system_version: 1,
      error: null,
      result: {
        output: 'Restart it.',
        models_used: ['small'],
        usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16, calls: 1 },
        cost_usd: '0.001000000',
        latency_target_missed: false,
      },
    });
    expect(done.result?.processing_time_ms).toBeGreaterThan(0);
    expect(done.result).not.toHaveProperty('confidence');
  });

  it('mark a latency target that was missed, and say nothing of one that was never set', async () => {
    provider.behave({ headDelayMs: 60 });
    const slow = await create({ requirements: { latency_target_ms: 20 } });
    const free = await create();
    const [missed, unset] = await Promise.all(
      [slow, free].map(async ({ id }) => ended((await submit(id, { input: 'x' })).task)),
    );
    expect(missed?.result).toMatchObject({ latency_target_missed: true });
    expect(unset?.result).not.toHaveProperty('latency_target_missed');
  });

  it('keep the version that they were accepted with', async () => {
    const { id } = await create();
    provider.behaveOnce({ headDelayMs: 300 });
    const { task } = await submit(id, { input: 'x' });
    await systems.send('PATCH', `/api/v1/systems/${id}`, { models: ['other'] });
    expect(await ended(task)).toMatchObject({ system_version: 1, result: { models_used: ['small'] } });
    const next = await ended((await submit(id, { input: 'x' })).task);
    expect(next).toMatchObject({ system_version: 2, result: { models_used: ['other'] } });
  });

  it('ensemble: every model proposes, one answer is made of it, and agreement is told with its formula', async () => {
    const { id } = await create({ architecture: 'ensemble', models: ['a', 'b'] });
    provider.behave({ pieces: ['blue sky'] });
    const from = provider.requests.length;
    const done = await ended((await submit(id, { input: 'Which colour?' })).task);
    expect(done.result).toMatchObject({
      output: 'blue sky',
      models_used: expect.arrayContaining(['a', 'b']),
      usage: { calls: 3 },
      cost_usd: '0.003000000',
      confidence: 1,
      confidence_formula: 'mean-pairwise-word-jaccard/1',
    });
    const asked = provider.requests.slice(from).map(({ json }) => json['model']);
    expect([asked.slice(0, 2).toSorted(), asked[2]]).toEqual([['a', 'b'], 'a']);
  });

  it('hybrid: a plan is made, its steps done in order, and their results fused (B-48)', async () => {
    const { id } = await create({ architecture: 'hybrid' });
    const steps = [
      { id: 'two', task: 'Then this', depends_on: ['one'] },
      { id: 'one', task: 'First this', depends_on: [] },
    ];
    answerWith(JSON.stringify({ steps }), 'result of one', 'result of two', 'fused');
    const from = provider.requests.length;
    const done = await ended((await submit(id, { input: 'Do it.' })).task);
    expect(done.result).toMatchObject({ output: 'fused', usage: { calls: 4 } });
    const remembered = await systems.db.pool.query('select 1 from task_steps where task_id = $1', [done.id]);
    expect(remembered.rows).toEqual([]);
    const prompts = provider.requests.slice(from).map(({ text }) => text);
    expect(prompts[2]).toContain('result of one');
    expect(prompts[3]).toContain('result of two');
  });

  it('tools of a system are executed, and told in the result (OD-26)', async () => {
    const { id } = await create({ tools: ['calculator'] });
    provider.behaveOnce({ pieces: ['12'] });
    const done = await ended((await submit(id, { input: '3 * 4?' })).task);
    expect(done).toMatchObject({ status: 'completed', result: { output: '12', tool_calls: [] } });
    expect(provider.requests.at(-1)?.json['tools']).toMatchObject([{ function: { name: 'calculator' } }]);
  });

  it('a key that was used is the same task, 20 times at once', async () => {
    const { id } = await create();
    const from = provider.requests.length;
    const key = { 'idempotency-key': 'order-7' };
    const all = await Promise.all(Array.from({ length: 20 }, () => submit(id, { input: 'once' }, key)));
    expect(new Set(all.map(({ task }) => task.id)).size).toBe(1);
    expect(all.filter(({ response }) => response.headers.get('idempotent-replayed') === null)).toHaveLength(1);
    await ended((all[0] as (typeof all)[0]).task);
    expect(provider.requests.length - from).toBe(1);
    expect((await submit(id, { input: 'something else' }, key)).response.status).toBe(422);
  });

  it('are listed by state, newest first', async () => {
    const { id } = await create();
    const [first, second] = [await submit(id, { input: '1' }), await submit(id, { input: '2' })];
    await Promise.all([ended(first.task), ended(second.task)]);
    const listed = async (query: string) =>
      ((await (await systems.fetch(`/api/v1/systems/${id}/tasks${query}`)).json()) as { data: Task[] }).data;
    expect((await listed('')).map((task) => task.id)).toEqual([second.task.id, first.task.id]);
    expect(await listed('?status=failed')).toEqual([]);
  });

  it('are cancelled: what is being asked is broken off, and an end stays an end (R17)', async () => {
    const { id } = await create();
    const from = provider.requests.length;
    provider.behaveOnce({ headDelayMs: 30_000 });
    const { task } = await submit(id, { input: 'long' });
    const path = `/api/v1/systems/${id}/tasks/${task.id}`;
    await waitFor(() => provider.requests.length > from);
    const cancelled = await systems.fetch(`${path}/cancel`, { method: 'POST' });
    expect([cancelled.status, await cancelled.json()]).toEqual([200, expect.objectContaining({ status: 'cancelled' })]);
    await waitFor(() => provider.requests[from]?.abortedAt !== null, { timeoutMs: 5_000 });
    expect((await systems.fetch(`${path}/cancel`, { method: 'POST' })).status).toBe(200);
    expect(await (await systems.fetch(path)).json()).toMatchObject({ status: 'cancelled', result: null });
    const done = await ended((await submit(id, { input: 'short' })).task);
    expect((await systems.fetch(`/api/v1/systems/${id}/tasks/${done.id}/cancel`, { method: 'POST' })).status).toBe(409);
  });
});

describe('a task’s events', () => {
  function eventsOf(text: string) {
    return text
      .split('\n\n')
      .filter((block) => block.startsWith('id: '))
      .map((block) => {
        const [id = '', event = '', data = ''] = block.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
        return { id: Number(id), event, data: JSON.parse(data) as Record<string, unknown> };
      });
  }

  it('are streamed in order to the last one, and taken up again after any of them', async () => {
    const { id } = await create();
    const { task } = await submit(id, { input: 'x' });
    const path = `/api/v1/systems/${id}/tasks/${task.id}/events`;
    const response = await systems.fetch(path);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = eventsOf(await response.text());
    expect(events.map(({ id: position, event, data }) => [position, event, data['status'] ?? data['step']])).toEqual([
      [1, 'status', 'pending'],
      [2, 'status', 'processing'],
      [3, 'step', 'answer'],
      [4, 'status', 'completed'],
    ]);
    const rest = eventsOf(await (await systems.fetch(path, { headers: { 'last-event-id': '3' } })).text());
    expect(rest).toEqual(events.slice(3));
  });
});
