import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Task } from '@signalbox/contracts';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { aCaller, startTestRouter, type TestRouter } from './harness.ts';

const owned = new AsyncDisposableStack();
let other: SimulatedProvider;
let router: TestRouter;
const caller = aCaller({ scopes: ['chat:write', 'systems:write', 'keys:write', 'usage:read'] });

beforeAll(async () => {
  other = owned.use(await simulateProvider());
  const settings = {
    name: 'other',
    kind: 'openai_compatible',
    base_url: other.url,
    models: ['large'],
    // The only price that is known, and so the lowest.
    model_facts: { large: { prices: { input: '0.001', output: '0.001' } } },
  };
  router = owned.use(await startTestRouter({ providers: [{ settings, apiKey: null }] }));
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  router.provider.behave({});
  other.behave({});
});

async function send(path: string, body: unknown, method = 'POST') {
  const headers = { 'content-type': 'application/json' };
  const response = await router.fetch(path, { method, headers, body: JSON.stringify(body) }, { ...caller });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const spec = { domain: 'd', use_case: 'u', architecture: 'single' };
const ask = (model: string, more: object = {}) =>
  send('/v1/chat/completions', { model, messages: [{ role: 'user', content: 'Hello?' }], ...more });

describe('a stored system (OD-4)', () => {
  it('changes routing: two systems with different models call different providers', async () => {
    await send('/api/v1/systems', { ...spec, id: 'near', models: ['sim/small', 'other/large'] });
    await send('/api/v1/systems', { ...spec, id: 'far', models: ['other/large', 'sim/small'] });
    const before = [router.provider.requests.length, other.requests.length];
    expect((await ask('near')).status).toBe(200);
    expect([router.provider.requests.length, other.requests.length]).toEqual([(before[0] ?? 0) + 1, before[1]]);
    expect((await ask('far')).status).toBe(200);
    expect([router.provider.requests.length, other.requests.length]).toEqual([
      (before[0] ?? 0) + 1,
      (before[1] ?? 0) + 1,
    ]);
  });

  it('has its models asked by its strategy, as a model and in tasks', async () => {
    const system = { ...spec, id: 'thrifty', models: ['sim/small', 'other/large'], strategy: 'cost_optimized' };
    expect(await send('/api/v1/systems', system)).toMatchObject({ status: 201, body: { strategy: 'cost_optimized' } });
    const { body } = await ask('thrifty', { signalbox: { explain: true } });
    expect(body['routing']).toMatchObject({ strategy: 'cost_optimized', chosen: 'other/large' });
    const [near, far] = [router.provider.requests.length, other.requests.length];
    await send('/api/v1/systems/thrifty/tasks', { input: 'x' });
    await waitFor(() => other.requests.length > far);
    expect(router.provider.requests.length).toBe(near);
  });

  it('has its tools executed when it is asked as a model, in each dialect, streamed and not (OD-4, OD-26)', async () => {
    await send('/api/v1/systems', { ...spec, id: 'reckoner', models: ['sim/small'], tools: ['calculator'] });
    const toolCalls = [{ id: 'call_1', name: 'calculator', arguments: '{"expression":"6*7"}' }];
    const question = { messages: [{ role: 'user', content: 'How much?' }] };
    for (const [path, body] of [
      ['/v1/chat/completions', question],
      ['/v1/messages', { ...question, max_tokens: 99 }],
      ['/v1/responses', { input: 'How much?' }],
      ['/api/v1/chat', question],
    ] as const) {
      router.provider.behaveOnce({ toolCalls });
      const { status, body: said } = await send(path, { model: 'reckoner', ...body });
      expect([path, status]).toEqual([path, 200]);
      if (path !== '/api/v1/chat')
        expect(said['signalbox']).toMatchObject({ tool_calls: [{ name: 'calculator', ok: true }], stopped: 'answer' });
      const [first, last] = router.provider.requests.slice(-2);
      expect(first?.json['tools']).toMatchObject([{ function: { name: 'calculator' } }]);
      expect(JSON.stringify(last?.json['messages'])).toContain('42');
    }
    router.provider.behaveOnce({ toolCalls });
    const stream = await router.fetch(
      '/v1/chat/completions',
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'reckoner', stream: true, ...question }),
      },
      { ...caller },
    );
    expect(await stream.text()).toContain('"tool_steps":1');
  });

  it('leaves the calls to a client that brings tools of its own, or wants none executed', async () => {
    await send('/api/v1/systems', { ...spec, id: 'idle', models: ['sim/small'], tools: ['calculator'] });
    const tools = [{ type: 'function', function: { name: 'mine', parameters: { type: 'object' } } }];
    for (const more of [{ tools }, { execute_tools: false }]) {
      router.provider.behaveOnce({ toolCalls: [{ id: 'call_1', name: 'mine', arguments: '{}' }] });
      const { body } = await ask('idle', more);
      expect([more, body['signalbox']]).toEqual([more, undefined]);
      expect(JSON.stringify(body['choices'])).toContain('call_1');
    }
  });

  it('says its prompt before every question, in each dialect, and once', async () => {
    const prompts = { system: 'Speak like a signalman.' };
    await send('/api/v1/systems', { ...spec, id: 'signalman', models: ['sim/small'], prompts });
    const sent = () => router.provider.requests.at(-1)?.json['messages'];
    const asked = { role: 'user', content: 'Hello?' };
    const said = { role: 'system', content: prompts.system };
    await ask('signalman');
    expect(sent()).toEqual([said, asked]);
    await ask('signalman', { messages: [{ role: 'system', content: 'Be brief.' }, asked] });
    expect(sent()).toEqual([said, { role: 'system', content: 'Be brief.' }, asked]);
    await send('/v1/messages', { model: 'signalman', max_tokens: 9, system: 'Be brief.', messages: [asked] });
    expect(sent()).toEqual([{ role: 'system', content: `${prompts.system}\n\nBe brief.` }, asked]);
    await send('/v1/responses', { model: 'signalman', input: 'Hello?' });
    expect(sent()).toEqual([said, asked]);
    await ask('sim/small');
    expect(sent()).toEqual([asked]);
    const before = router.provider.requests.length;
    await send('/api/v1/systems/signalman/tasks', { input: 'Hello?' });
    await waitFor(() => router.provider.requests.length > before);
    expect(JSON.stringify(sent()).split(prompts.system)).toHaveLength(2);
  });

  it('has no name that means something else, and no strategy that is none', async () => {
    const system = { ...spec, models: ['sim/small'] };
    for (const [path, wrong] of [
      ['id', { id: 'auto' }],
      ['strategy', { id: 'lucky', strategy: 'luck' }],
    ] as const) {
      expect(await send('/api/v1/systems', { ...system, ...wrong })).toMatchObject({
        status: 400,
        body: { errors: [{ path }] },
      });
    }
  });

  it('is a model of nobody else', async () => {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ model: 'near', messages: [{ role: 'user', content: 'x' }] });
    const response = await router.fetch('/v1/chat/completions', { method: 'POST', headers, body }, aCaller());
    expect(response.status).toBe(404);
  });

  it('does tasks through the router, each question a row of the ledger under the system’s name (OD-5)', async () => {
    await send('/api/v1/systems', {
      ...spec,
      id: 'duo',
      architecture: 'ensemble',
      models: ['sim/small', 'other/large'],
    });
    const { status, body: accepted } = await send('/api/v1/systems/duo/tasks', { input: 'Which?' });
    expect(status).toBe(202);
    const path = `/api/v1/systems/duo/tasks/${String(accepted['id'])}`;
    const task = await waitFor(
      async () => {
        const now = (await (await router.fetch(path, {}, caller)).json()) as Task;
        return ['completed', 'failed'].includes(now.status) && now;
      },
      { timeoutMs: 20_000 },
    );
    expect(task).toMatchObject({
      status: 'completed',
      result: { models_used: ['sim/small', 'other/large'], usage: { total_tokens: 48, calls: 3 }, confidence: 1 },
    });
    const rows = await router.db.pool.query(
      'select model, system from usage_records where tenant_id = $1 and system = $2 order by id',
      [caller.principal.tenantId, 'duo'],
    );
    expect(rows.rows).toHaveLength(3);
  });
});

describe('the budget of a system (issue point 7)', () => {
  it('is held, however it is asked for, and goes with the system', async () => {
    const budgets = async () => {
      const response = await router.fetch(
        '/api/v1/budgets',
        {},
        aCaller({ ...caller.principal, scopes: ['budgets:read'] }),
      );
      return ((await response.json()) as { data: { name: string; hard_tokens: number | null }[] }).data;
    };
    const budget = { period: 'month', tokens: 10 };
    await send('/api/v1/systems', { ...spec, id: 'poor', models: ['sim/small'], budget });
    expect(await budgets()).toMatchObject([{ name: 'system poor', hard_tokens: 10 }]);
    const asked = router.provider.requests.length;
    expect((await ask('poor')).status).toBe(402);
    const { body: task } = await send('/api/v1/systems/poor/tasks', { input: 'x' });
    const path = `/api/v1/systems/poor/tasks/${String(task['id'])}`;
    const failed = await waitFor(async () => {
      const now = (await (await router.fetch(path, {}, caller)).json()) as Task;
      return now.status === 'failed' && now;
    });
    expect(failed.error).toMatchObject({ code: 'BUDGET_EXHAUSTED' });
    expect(router.provider.requests.length).toBe(asked);
    await send('/api/v1/systems/poor', { budget: { period: 'month', tokens: 1_000_000 } }, 'PATCH');
    expect((await ask('poor')).status).toBe(200);
    await router.fetch('/api/v1/systems/poor', { method: 'DELETE' }, caller);
    expect(await budgets()).toEqual([]);
  });
});

describe('what a chat request asks of the router besides', () => {
  it('tools are executed on the way (OD-26)', async () => {
    await send(`/api/v1/tool-grants/${caller.principal.principalId}`, { tools: ['calculator'] }, 'PUT');
    const { status, body } = await ask('sim/small', { execute_tools: true });
    expect([status, body]).toEqual([
      200,
      expect.objectContaining({ signalbox: { tool_calls: [], tool_steps: 0, stopped: 'answer' } }),
    ]);
    const sent = router.provider.requests.at(-1)?.json;
    expect(sent).toMatchObject({ model: 'small', tools: [{ function: { name: 'calculator' } }] });
    expect(sent).not.toHaveProperty('execute_tools');
    expect(
      (await ask('sim/small', { execute_tools: true, tools: [{ type: 'function', function: { name: 'rm' } }] })).status,
    ).toBe(400);
  });

  it('a conversation is remembered, also over the official client’s stream (B-47)', async () => {
    const { body: conversation } = await send('/api/v1/conversations', {});
    const client = router.openai(caller);
    const stream = await client.chat.completions.create({
      model: 'sim/small',
      messages: [{ role: 'user', content: 'One?' }],
      stream: true,
      ...{ signalbox: { conversation_id: conversation['id'] } },
    });
    let text = '';
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toBe('Hello from the simulator.');
    await ask('sim/small', { signalbox: { conversation_id: conversation['id'] } });
    expect(router.provider.requests.at(-1)?.json['messages']).toMatchObject([
      { content: 'One?' },
      { role: 'assistant', content: text },
      { content: 'Hello?' },
    ]);
    expect(router.provider.requests.at(-1)?.json).not.toHaveProperty('signalbox');
  });

  it('a turn, or a loop of tools, under a key that was used is answered from what the first one got', async () => {
    const { body: conversation } = await send('/api/v1/conversations', {});
    const keyed = async (key: string, more: object) => {
      const text = JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Once?' }], ...more });
      const headers = { 'content-type': 'application/json', 'idempotency-key': key };
      const response = await router.fetch(
        '/v1/chat/completions',
        { method: 'POST', headers, body: text },
        { ...caller },
      );
      return { status: response.status, text: await response.text() };
    };
    const signalbox = { conversation_id: conversation['id'] };
    const asked = router.provider.requests.length;
    for (const [key, more] of [
      ['turn', { signalbox }],
      ['stream', { signalbox, stream: true }],
      ['tools', { execute_tools: true }],
    ] as const) {
      const [first, second] = [await keyed(key, more), await keyed(key, more)];
      expect([key, first.status, second]).toEqual([key, 200, first]);
    }
    expect(router.provider.requests.length - asked).toBe(3);
    const read = await router.fetch(`/api/v1/conversations/${String(conversation['id'])}`, {}, caller);
    expect(await read.json()).toMatchObject({ messages: 4 });
    const other = { signalbox, messages: [{ role: 'user', content: 'Something else?' }] };
    expect((await keyed('turn', other)).status).toBe(422);
  });
});

describe('reading a document (OD-25, LA-15)', () => {
  const document = `data:image/png;base64,${Buffer.from('89504e470d0a1a0a00', 'hex').toString('base64')}`;

  it('goes to a model that is named, and is kept', async () => {
    router.provider.behaveOnce({ pieces: ['{"pages": []}'] });
    const request = { document, extract_type: 'ocr', model: 'sim/small' };
    const first = await send('/api/v1/vision/analyze', request);
    expect([first.status, first.body]).toEqual([200, expect.objectContaining({ model: 'sim/small', cached: false })]);
    expect((await send('/api/v1/vision/analyze', request)).body).toMatchObject({ cached: true });
  });

  it.each([
    ['an image', document],
    ['a PDF', `data:application/pdf;base64,${Buffer.from('%PDF-1.4 <</Type /Page>>').toString('base64')}`],
  ])('a model that cannot see is refused for %s', async (_name, given) => {
    const { status, body } = await send('/api/v1/vision/analyze', {
      document: given,
      extract_type: 'ocr',
      model: 'signalbox/extractive',
    });
    expect([status, body['detail']]).toEqual([400, expect.stringMatching(/cannot see images/)]);
  });
});
