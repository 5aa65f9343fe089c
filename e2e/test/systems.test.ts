import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Routing, System, Task, UsageRecord } from '@signalbox/contracts';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

const spec = { domain: 'support', use_case: 'Answer tickets', architecture: 'single', models: ['first/m'] };

interface TaskEvent {
  id: number;
  event: string;
  data: Record<string, unknown>;
}

describe('systems and their tasks, behind two gateways and two chat-routers (OD-4, OD-5)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let first: SimulatedProvider;
  let second: SimulatedProvider;
  let made = 0;
  beforeAll(async () => {
    [first, second] = [owned.use(await simulateProvider()), owned.use(await simulateProvider())];
    const prices = { model_facts: { m: { prices: { input: '1', output: '2' } } } };
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        providers: [
          { name: 'first', baseUrl: first.url, models: ['m'], more: prices },
          { name: 'second', baseUrl: second.url, models: ['m'], more: prices },
        ],
      }),
    );
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    first.behave({});
    second.behave({});
  });

  async function create(more: Record<string, unknown> = {}): Promise<System> {
    made += 1;
    const answer = await opened.ask('/api/v1/systems', { body: { id: `system-${String(made)}`, ...spec, ...more } });
    expect(answer.status).toBe(201);
    return answer.body as unknown as System;
  }

  const tasksOf = ({ id }: Pick<System, 'id'>) => `/api/v1/systems/${id}/tasks`;

  function submit(system: System, body: Record<string, unknown> = { input: 'It hangs.' }, ask: Ask = {}) {
    return opened.ask(tasksOf(system), { ...ask, body });
  }

  function taskOf({ body }: Answer): Task {
    return body as unknown as Task;
  }

  const pathOf = (task: Task) => `/api/v1/systems/${task.system_id}/tasks/${task.id}`;

  async function ended(task: Task, timeoutMs = 20_000): Promise<Task> {
    return waitFor(
      async () => {
        const now = taskOf(await opened.ask(pathOf(task), { gateway: 1 }));
        return ['completed', 'failed', 'cancelled'].includes(now.status) && now;
      },
      { timeoutMs, what: 'the end of the task' },
    );
  }

  function eventsOf(text: string): TaskEvent[] {
    return text
      .split('\n\n')
      .filter((block) => block.startsWith('id: '))
      .map((block) => {
        const [id = '', event = '', data = ''] = block.split('\n').map((line) => line.slice(line.indexOf(' ') + 1));
        return { id: Number(id), event, data: JSON.parse(data) as Record<string, unknown> };
      });
  }

  describe('systems (OD-4)', () => {
    it('are created once, changed into versions, listed page by page, and deleted; each replica knows at once', async () => {
      const created = await opened.ask('/api/v1/systems', { body: { id: 'tickets', ...spec } });
      expect([created.status, created.headers.get('location')]).toEqual([201, '/api/v1/systems/tickets']);
      expect((await opened.ask('/api/v1/systems', { body: { id: 'tickets', ...spec } })).status).toBe(409);
      await opened.ask('/api/v1/systems', { body: { id: 'invoices', ...spec } });
      const changed = await opened.ask('/api/v1/systems/tickets', {
        method: 'PATCH',
        body: { models: ['second/m'], expected_version: 1 },
      });
      expect([changed.status, changed.body]).toMatchObject([200, { version: 2, models: ['second/m'] }]);
      const late = { method: 'PATCH', body: { use_case: 'x', expected_version: 1 } };
      expect((await opened.ask('/api/v1/systems/tickets', late)).status).toBe(409);
      for (const gateway of [0, 1, 0, 1])
        expect((await opened.ask('/api/v1/systems/tickets', { gateway })).body).toMatchObject({ version: 2 });
      const versions = (await opened.ask('/api/v1/systems/tickets/versions')).body['data'] as System[];
      expect(versions.map(({ version, models }) => [version, models])).toEqual([
        [2, ['second/m']],
        [1, ['first/m']],
      ]);

      const ids: string[] = [];
      let path: string | null = '/api/v1/systems?limit=1';
      while (path !== null) {
        const { body, headers }: Answer = await opened.ask(path);
        ids.push(...(body['data'] as System[]).map(({ id }) => id));
        path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1] ?? null;
      }
      expect(ids).toEqual(['invoices', 'tickets']);

      for (const id of ['tickets', 'invoices'])
        expect((await opened.ask(`/api/v1/systems/${id}`, { method: 'DELETE' })).status).toBe(204);
      expect((await opened.ask('/api/v1/systems/tickets')).status).toBe(404);
      expect((await opened.ask('/api/v1/systems', { body: { id: 'tickets', ...spec } })).status).toBe(409);
    });

    it.each([
      ['no models', { models: [] }, 'models'],
      ['an architecture that is none', { architecture: 'committee' }, 'architecture'],
      ['a member of its own', { tenant_id: 'tenant_x' }, ''],
    ])('are refused with %s, and the answer says where', async (_name, more, path) => {
      const { status, body } = await opened.ask('/api/v1/systems', { body: { ...spec, ...more } });
      expect(status).toBe(400);
      expect((body['errors'] as { path: string }[])[0]?.path).toContain(path);
    });

    it('change who is asked: two systems, two providers, whoever of the routers answers', async () => {
      const [one, other] = [await create(), await create({ models: ['second/m'] })];
      const before = [first.requests.length, second.requests.length] as const;
      for (const gateway of [0, 1, 0, 1]) {
        for (const { id } of [one, other]) {
          const messages = [{ role: 'user', content: 'Hello?' }];
          const { status, body } = await opened.ask('/v1/chat/completions', {
            gateway,
            body: { model: id, messages, signalbox: { explain: true } },
          });
          const chosen = id === one.id ? 'first/m' : 'second/m';
          expect([status, body['routing'] as Routing]).toMatchObject([200, { requested: id, chosen }]);
        }
      }
      expect([first.requests.length - before[0], second.requests.length - before[1]]).toEqual([4, 4]);
    });

    it('S15: of one tenant are not there for another, nor are their tasks', async () => {
      const system = await create();
      const task = await ended(taskOf(await submit(system)));
      const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'neighbours' } });
      const { key } = tenant.body['api_key'] as { key: string };
      const own = `/api/v1/systems/${system.id}`;
      const attempts: [string, Ask][] = [
        [own, {}],
        [own, { method: 'PATCH', body: { use_case: 'mine' } }],
        [own, { method: 'DELETE' }],
        [`${own}/versions`, {}],
        [tasksOf(system), {}],
        [tasksOf(system), { body: { input: 'x' } }],
        [pathOf(task), {}],
        [`${pathOf(task)}/events`, {}],
        [`${pathOf(task)}/cancel`, { method: 'POST' }],
        ['/v1/chat/completions', { body: { model: system.id, messages: [{ role: 'user', content: 'x' }] } }],
      ];
      for (const [path, ask] of attempts)
        expect([path, (await opened.ask(path, { ...ask, key })).status]).toEqual([path, 404]);
      expect((await opened.ask('/api/v1/systems', { key })).body['data']).toEqual([]);
      expect((await opened.ask('/api/v1/systems', { key, body: { id: system.id, ...spec } })).status).toBe(201);
      expect((await opened.ask(own)).body).toMatchObject({ version: 1, use_case: spec.use_case });
    });
  });

  describe('tasks (OD-5)', () => {
    it('are accepted with 202 and Location, worked off by the first model that can, and tell what they took', async () => {
      const system = await create({
        models: ['first/m', 'second/m'],
        prompts: { system: 'Be kind.' },
        requirements: { latency_target_ms: 60_000 },
      });
      first.behaveOnce({ status: 401 });
      second.behaveOnce({ pieces: ['Restart it.'] });
      const accepted = await submit(system, { input: 'It hangs.', metadata: { ticket: '7' } });
      const task = taskOf(accepted);
      expect([accepted.status, accepted.headers.get('location')]).toEqual([202, pathOf(task)]);
      expect(task).toMatchObject({ status: 'pending', result: null });
      const done = await ended(task);
      expect(done).toMatchObject({
        status: 'completed',
        metadata: { ticket: '7' },
        result: {
          output: 'Restart it.',
          models_used: ['second/m'],
          usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16, calls: 1 },
          cost_usd: '0.000021000',
          latency_target_missed: false,
        },
      });
      expect(done.result?.processing_time_ms).toBeGreaterThan(0);
      expect(done.result).not.toHaveProperty('confidence');
      expect(JSON.stringify(second.requests.at(-1)?.json['messages'])).toMatch(/Be kind\..*It hangs\./);
      const listed = (await opened.ask(`${tasksOf(system)}?status=completed`)).body['data'] as Task[];
      expect(listed.map(({ id }) => id)).toEqual([task.id]);
      const { body } = await opened.ask('/api/v1/usage');
      const rows = (body['data'] as UsageRecord[]).filter(({ system: name }) => name === system.id);
      expect(rows.map(({ provider, outcome }) => [provider, outcome]).toSorted()).toEqual([
        ['first', 'failed'],
        ['second', 'ok'],
      ]);
    });

    it('mark a latency target that they missed', async () => {
      const system = await create({ requirements: { latency_target_ms: 20 } });
      first.behaveOnce({ headDelayMs: 100 });
      expect((await ended(taskOf(await submit(system)))).result).toMatchObject({ latency_target_missed: true });
    });

    it('say why they failed when no model answers', async () => {
      const system = await create();
      first.behave({ status: 400 });
      expect(await ended(taskOf(await submit(system)), 60_000)).toMatchObject({
        status: 'failed',
        result: null,
        error: { code: expect.any(String), message: expect.any(String) },
      });
    });

    it('R16: are one task for one Idempotency-Key, 50 times at once; with another body the key is refused', async () => {
      const system = await create();
      const asked = first.requests.length;
      const headers = { 'idempotency-key': 'order-7' };
      const all = await Promise.all(
        Array.from({ length: 50 }, (_, index) => submit(system, { input: 'once' }, { headers, gateway: index % 2 })),
      );
      expect(new Set(all.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(all.map((answer) => taskOf(answer).id)).size).toBe(1);
      expect(all.filter((answer) => answer.headers.get('idempotent-replayed') === null)).toHaveLength(1);
      await ended(taskOf(all[0] as Answer));
      expect(first.requests.length - asked).toBe(1);
      expect((await submit(system, { input: 'twice' }, { headers })).status).toBe(422);
    });

    it('ensemble: every model proposes, one answer is made of it, and how alike they were is told with its formula', async () => {
      const system = await create({ architecture: 'ensemble', models: ['first/m', 'second/m'] });
      const asked = [first.requests.length, second.requests.length] as const;
      first.behaveOnce({ pieces: ['blue sky'] });
      second.behaveOnce({ pieces: ['blue sea'] });
      first.behaveOnce({ pieces: ['Blue.'] });
      const { result } = await ended(taskOf(await submit(system, { input: 'Which colour?' })));
      expect(result).toMatchObject({
        output: 'Blue.',
        models_used: expect.arrayContaining(['first/m', 'second/m']),
        usage: { calls: 3 },
        cost_usd: '0.000063000',
        // One word of three in common.
        confidence: expect.closeTo(1 / 3, 3),
        confidence_formula: 'mean-pairwise-word-jaccard/1',
      });
      expect([first.requests.length - asked[0], second.requests.length - asked[1]]).toEqual([2, 1]);
      const synthesis = first.requests.at(-1)?.text;
      expect(synthesis).toContain('blue sky');
      expect(synthesis).toContain('blue sea');
    });

    it('hybrid: the work is cut into steps, each waits for those it needs, and their results are fused', async () => {
      const system = await create({ architecture: 'hybrid' });
      const asked = first.requests.length;
      const steps = [
        { id: 'then', task: 'Then this', depends_on: ['before'] },
        { id: 'before', task: 'First this', depends_on: [] },
      ];
      for (const text of [JSON.stringify({ steps }), 'result of the first', 'result of the second', 'fused'])
        first.behaveOnce({ pieces: [text] });
      const { result } = await ended(taskOf(await submit(system, { input: 'Do it.' })));
      expect(result).toMatchObject({ output: 'fused', usage: { calls: 4 } });
      const prompts = first.requests.slice(asked).map(({ text }) => text);
      expect(prompts[1]).toContain('First this');
      expect(prompts[2]).toContain('result of the first');
      expect(prompts[3]).toContain('result of the second');
    });

    it('R17: are cancelled for good, and what was being asked is broken off', async () => {
      const system = await create();
      const asked = first.requests.length;
      first.behaveOnce({ headDelayMs: 60_000 });
      const task = taskOf(await submit(system));
      const request = await waitFor(() => first.requests[asked]);
      const cancelled = await opened.ask(`${pathOf(task)}/cancel`, { method: 'POST', gateway: 1 });
      expect([cancelled.status, taskOf(cancelled).status]).toEqual([200, 'cancelled']);
      await waitFor(() => request.abortedAt !== null);
      for (const gateway of [0, 1, 0, 1])
        expect(taskOf(await opened.ask(pathOf(task), { gateway }))).toMatchObject({
          status: 'cancelled',
          result: null,
        });
      expect(first.requests.length - asked).toBe(1);
      const done = await ended(taskOf(await submit(system)));
      expect((await opened.ask(`${pathOf(done)}/cancel`, { method: 'POST' })).status).toBe(409);
    });

    it('are followed as they go, through either gateway, and taken up again after any event', async () => {
      const system = await create();
      const asked = first.requests.length;
      first.behaveOnce({ headDelayMs: 1_500 });
      const task = taskOf(await submit(system));
      const stream = await fetch(`${opened.mesh.gatewayUrls[1] ?? ''}${pathOf(task)}/events`, {
        headers: { authorization: `Bearer ${opened.adminKey}` },
      });
      expect(stream.headers.get('content-type')).toContain('text/event-stream');
      const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      // What has happened is told while the model still thinks.
      while (!text.includes('"processing"')) text += (await reader?.read())?.value ?? '';
      await waitFor(() => first.requests.length > asked);
      expect(text).not.toContain('"completed"');
      await reader?.cancel();

      await ended(task);
      const seen = eventsOf(text.slice(0, text.lastIndexOf('\n\n') + 2));
      const last = seen.at(-1)?.id ?? 0;
      const rest = await opened.ask(`${pathOf(task)}/events`, { headers: { 'last-event-id': String(last) } });
      const all = [...seen, ...eventsOf(rest.text)];
      expect(all.map(({ id }) => id)).toEqual(all.map((_, index) => index + 1));
      expect(all.map(({ event, data }) => [event, data['status'] ?? data['step']])).toEqual([
        ['status', 'pending'],
        ['status', 'processing'],
        ['step', 'answer'],
        ['status', 'completed'],
      ]);
    });

    it('R3: come to one end when the chat-router that works on them is killed', async () => {
      const system = await create({ architecture: 'ensemble', models: ['first/m', 'second/m'] });
      const asked = [first.requests.length, second.requests.length] as const;
      first.behaveOnce({ pieces: ['one'] });
      second.behaveOnce({ pieces: ['two'] });
      // The synthesis hangs in whichever process works on the task.
      first.behaveOnce({ headDelayMs: 600_000 });
      first.behave({ pieces: ['the one result'] });
      const task = taskOf(await submit(system, { input: 'Which?' }));
      const hanging = await waitFor(() => first.requests[asked[0] + 1], { timeoutMs: 20_000 });
      for (const name of ['chat-router', 'chat-router-2']) {
        await opened.service(name).kill('SIGKILL');
        const hadIt = await waitFor(() => hanging.abortedAt !== null, { timeoutMs: 3_000 }).catch(() => false);
        if (hadIt) break;
        await opened.service(name).restart();
      }
      expect(hanging.abortedAt).not.toBeNull();
      const done = await ended(task, 90_000);
      expect(done).toMatchObject({ status: 'completed', result: { output: 'the one result', usage: { calls: 3 } } });
      // What was paid for is not paid for again: two proposals, and the synthesis asked a second time.
      expect([first.requests.length - asked[0], second.requests.length - asked[1]]).toEqual([3, 1]);
      const told = eventsOf((await opened.ask(`${pathOf(task)}/events`)).text);
      expect(told.filter(({ data }) => data['status'] === 'completed')).toHaveLength(1);
      for (const name of ['chat-router', 'chat-router-2'])
        if (!opened.service(name).isRunning()) await opened.service(name).restart();
    }, 150_000);
  });
});
