import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Task } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import {
  createTestDatabase,
  simulateProvider,
  startRedisServer,
  testStore,
  waitFor,
  type SimulatedProvider,
} from '@signalbox/test-kit';
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
const identityKeys = IdentityKeys.parse(newIdentityKeys());
let provider: SimulatedProvider;
let databaseUrl: string;
let systems: TestSystems;
const spec = { domain: 'd', use_case: 'u', architecture: 'single', models: ['small'] };

beforeAll(async () => {
  provider = owned.use(await simulateProvider());
  databaseUrl = owned.use(await createTestDatabase({ service: audience, migrations })).url;
  const redisUrl = testStore('SIGNALBOX_TEST_REDIS_URL');
  systems = owned.use(
    await startTestSystems({ databaseUrl, redisUrl, identityKeys, answer: answerOver(provider.url) }),
  );
  await systems.send('POST', '/api/v1/systems', { id: 'here', ...spec });
});
afterAll(() => owned.disposeAsync());

async function submit(body: Record<string, unknown>, system = 'here'): Promise<Task> {
  const response = await systems.send('POST', `/api/v1/systems/${system}/tasks`, body);
  expect(response.status).toBe(202);
  return (await response.json()) as Task;
}

async function ended({ id, system_id: system }: Task, of = systems): Promise<Task> {
  return waitFor(
    async () => {
      const now = (await (await of.fetch(`/api/v1/systems/${system}/tasks/${id}`)).json()) as Task;
      return ['completed', 'failed', 'cancelled'].includes(now.status) && now;
    },
    { timeoutMs: 30_000, what: 'the end of the task' },
  );
}

/** What of a task the provider was asked, by the key of each question. */
function stepsAsked({ id }: Task): string[] {
  const keys = provider.requests.map(({ headers }) => String(headers['x-key']));
  return keys.filter((key) => key.startsWith(id)).map((key) => key.slice(id.length + 1));
}

describe('systems that cannot be', () => {
  it.each([
    ['no models', { models: [] }],
    ['one model twice', { models: ['a', 'a'] }],
    ['an unknown architecture', { architecture: 'swarm' }],
    ['no domain', { domain: undefined }],
    ['a member of its own', { owner: 'me' }],
    ['a requirement of its own', { requirements: { latency: 3 } }],
    ['a target that is none', { requirements: { latency_target_ms: 0 } }],
    ['a budget without a limit', { budget: { period: 'day' } }],
    ['a budget of nothing', { budget: { period: 'day', usd: '0' } }],
    ['an id that is none', { id: '../x' }],
    ['an id in capitals', { id: 'Here' }],
  ])('%s: 400 that names what is wrong', async (_name, more) => {
    const response = await systems.send('POST', '/api/v1/systems', { ...spec, ...more });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error_code: 'VALIDATION_ERROR', errors: [expect.anything()] });
  });

  it('OD-4: an id that is taken is a conflict, of 20 at once one is made', async () => {
    const made = await Promise.all(
      Array.from({ length: 20 }, () => systems.send('POST', '/api/v1/systems', { id: 'race', ...spec })),
    );
    expect(made.map(({ status }) => status).toSorted()).toEqual([201, ...Array<number>(19).fill(409)]);
  });

  it('what is not there is not found; a change that changes nothing is refused', async () => {
    for (const [method, path] of [
      ['GET', '/api/v1/systems/none'],
      ['DELETE', '/api/v1/systems/none'],
      ['GET', '/api/v1/systems/none/versions'],
      ['GET', '/api/v1/systems/none/tasks'],
      ['GET', '/api/v1/systems/here/tasks/task_none'],
      ['POST', '/api/v1/systems/here/tasks/task_none/cancel'],
      ['GET', '/api/v1/systems/here/tasks/task_none/events'],
    ] as const) {
      expect([path, (await systems.fetch(path, { method })).status]).toEqual([path, 404]);
    }
    expect((await systems.send('PATCH', '/api/v1/systems/none', { domain: 'x' })).status).toBe(404);
    expect((await systems.send('POST', '/api/v1/systems/none/tasks', { input: 'x' })).status).toBe(404);
    expect((await systems.send('PATCH', '/api/v1/systems/here', {})).status).toBe(400);
  });
});

describe('tasks that cannot be', () => {
  it.each([
    ['no input', {}],
    ['an empty input', { input: '' }],
    ['a member of its own', { input: 'x', status: 'completed' }],
    ['metadata that are no text', { input: 'x', metadata: { a: 1 } }],
  ])('%s: 400', async (_name, body) => {
    expect((await systems.send('POST', '/api/v1/systems/here/tasks', body)).status).toBe(400);
  });

  it('a key or a position that is none is refused', async () => {
    const post = await systems.send('POST', '/api/v1/systems/here/tasks', { input: 'x' }, undefined, {
      'idempotency-key': 'k'.repeat(256),
    });
    expect(post.status).toBe(400);
    const task = await submit({ input: 'x' });
    const { id } = task;
    const events = await systems.fetch(`/api/v1/systems/here/tasks/${id}/events`, {
      headers: { 'last-event-id': 'abc' },
    });
    expect(events.status).toBe(400);
    await ended(task);
  });
});

describe('tasks that fail (OD-5)', () => {
  it('are tried three times where it may pass, and then say why', async () => {
    provider.behave({ status: 503 });
    const task = await submit({ input: 'x' });
    const failed = await ended(task);
    provider.behave({});
    expect(failed).toMatchObject({ status: 'failed', result: null, error: { code: 'PROVIDER_ERROR' } });
    expect(stepsAsked(task)).toEqual(['answer', 'answer', 'answer']);
  });

  it('succeed in the second try without paying for the first again', async () => {
    await systems.send('POST', '/api/v1/systems', {
      ...spec,
      id: 'pair',
      architecture: 'ensemble',
      models: ['a', 'b'],
    });
    // Both proposals; the synthesis fails with either model, and is asked for again.
    for (const status of [200, 200, 503, 503]) provider.behaveOnce({ status });
    const task = await submit({ input: 'x' }, 'pair');
    expect(await ended(task)).toMatchObject({ status: 'completed', result: { usage: { calls: 3 } } });
    expect(stepsAsked(task)).toEqual(['proposal-1', 'proposal-2', 'synthesis', 'synthesis', 'synthesis']);
  });

  it('end when they take too long', async () => {
    await systems.send('POST', '/api/v1/systems', { ...spec, id: 'hasty', requirements: { timeout_ms: 200 } });
    provider.behaveOnce({ headDelayMs: 20_000 });
    expect(await ended(await submit({ input: 'x' }, 'hasty'))).toMatchObject({ error: { code: 'TIMEOUT' } });
  });

  it('end when their system names a tool that is gone', async () => {
    await systems.send('POST', '/api/v1/systems', { ...spec, id: 'tooled', tools: ['nothing'] });
    expect(await ended(await submit({ input: 'x' }, 'tooled'))).toMatchObject({ error: { code: 'VALIDATION_ERROR' } });
  });

  it('an answer with bytes that no store holds is stored without them', async () => {
    provider.behaveOnce({ pieces: ['a\0b\ud800c'] });
    expect(await ended(await submit({ input: 'x' }))).toMatchObject({ result: { output: 'ab\ufffdc' } });
  });
});

describe('while Redis is away (law 2)', () => {
  it('tasks are accepted, and done when it is back', async () => {
    await using redis = await startRedisServer();
    await using own = await startTestSystems({
      databaseUrl,
      redisUrl: redis.url,
      identityKeys,
      answer: answerOver(provider.url),
    });
    await own.send('POST', '/api/v1/systems', { id: 'away', ...spec }, own.caller);
    await redis.kill();
    const response = await own.send('POST', '/api/v1/systems/away/tasks', { input: 'x' });
    expect(response.status).toBe(202);
    const task = (await response.json()) as Task;
    await redis.restart();
    expect(await ended(task, own)).toMatchObject({ status: 'completed' });
  }, 60_000);
});

describe('what another tenant sees (S15)', () => {
  it('is as absent as what never was', async () => {
    const task = await submit({ input: 'secret' });
    await ended(task);
    const other = aCaller();
    const path = `/api/v1/systems/here/tasks/${task.id}`;
    // Even with a system of the same name.
    await systems.send('POST', '/api/v1/systems', { id: 'here', ...spec, domain: 'other' }, other);
    expect((await systems.fetch(path, {}, other)).status).toBe(404);
    expect((await systems.fetch(`${path}/events`, {}, other)).status).toBe(404);
    expect((await systems.fetch(`${path}/cancel`, { method: 'POST' }, other)).status).toBe(404);
    expect(await (await systems.fetch('/api/v1/systems/here/tasks', {}, other)).json()).toMatchObject({ data: [] });
    expect(await (await systems.fetch('/api/v1/systems/here')).json()).toMatchObject({ domain: 'd' });
    await systems.fetch('/api/v1/systems/here', { method: 'DELETE' }, other);
    expect((await systems.fetch('/api/v1/systems/here')).status).toBe(200);
  });
});

describe('who may do what (S16)', () => {
  it.each([
    [['systems:read'], 200, 403, 403],
    [['chat:write'], 403, 403, 202],
    [['systems:write'], 200, 201, 403],
  ])('%j', async (scopes, read, write, ask) => {
    const caller = aCaller({ tenantId: systems.caller.principal.tenantId, scopes });
    expect((await systems.fetch('/api/v1/systems/here', {}, caller)).status).toBe(read);
    expect((await systems.send('POST', '/api/v1/systems', spec, caller)).status).toBe(write);
    expect((await systems.send('POST', '/api/v1/systems/here/tasks', { input: 'x' }, caller)).status).toBe(ask);
  });

  it('S4: an unsigned request is nobody’s', async () => {
    expect((await fetch(`${systems.url}/api/v1/systems`)).status).toBe(401);
  });
});
