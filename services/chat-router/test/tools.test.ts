import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { IdentityKeys } from '@signalbox/identity';
import { createTestDatabase, testStore } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import { startServerOf, type Handle } from './http-server.ts';
import {
  aCaller,
  answerOver,
  audience,
  startTestSystems,
  type TestSystems,
  newIdentityKeys,
} from './systems-harness.ts';

interface Asked {
  messages: { role: string; content: string }[];
  tools?: { function: { name: string; parameters: unknown } }[];
  tool_choice?: string;
}

const owned = new AsyncDisposableStack();
let systems: TestSystems;
let toolHost: string;
let modelHost: string;
/** What the model says next; then it says `done`. */
let script: Record<string, unknown>[] = [];
const asked: Asked[] = [];
let tool: Handle = () => undefined;
const toolCalls: { url: string; body: string; headers: IncomingMessage['headers'] }[] = [];

beforeAll(async () => {
  const model = owned.use(
    await startServerOf((body, _request, response) => {
      asked.push(JSON.parse(body) as Asked);
      const message = { role: 'assistant', content: null, ...(script.shift() ?? { content: 'done' }) };
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, message, finish_reason: 'stop' }],
          usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
        }),
      );
    }),
  );
  const tools = owned.use(
    await startServerOf((body, request, response) => {
      toolCalls.push({ url: request.url ?? '', body, headers: request.headers });
      tool(body, request, response);
    }),
  );
  toolHost = tools.host;
  modelHost = model.host;
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  systems = owned.use(
    await startTestSystems({
      databaseUrl: database.url,
      redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
      identityKeys: IdentityKeys.parse(newIdentityKeys()),
      answer: answerOver(`http://${model.host}/v1`),
      allow: [toolHost],
    }),
  );
  const { principalId } = systems.caller.principal;
  await register('weather', { url: `http://${toolHost}/weather` });
  await register('internal', { url: 'http://127.0.0.1:9/x' });
  await systems.send('PUT', `/api/v1/tool-grants/${principalId}`, { tools: ['weather', 'calculator', 'internal'] });
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  script = [];
  asked.length = 0;
  toolCalls.length = 0;
  tool = (_body, _request, response) => response.end('{"celsius": 21}');
});

const parameters = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 40 } },
  required: ['city'],
  additionalProperties: false,
};

function register(name: string, more: Record<string, unknown>, as?: Parameters<TestSystems['send']>[3]) {
  const body = {
    name,
    description: 'Tells the weather.',
    parameters,
    url: 'https://example.com/',
    method: 'POST',
    ...more,
  };
  return systems.send('POST', '/api/v1/tools', body, as);
}

function calls(...given: [name: string, args: unknown][]) {
  return {
    tool_calls: given.map(([name, args], index) => ({
      id: `call_${String(index)}`,
      type: 'function',
      function: { name, arguments: JSON.stringify(args) },
    })),
  };
}

function chat(more: Record<string, unknown> = {}, as?: Parameters<TestSystems['send']>[3]) {
  const body = { model: 'm', messages: [{ role: 'user', content: 'How warm?' }], execute_tools: true, ...more };
  return systems.send('POST', '/v1/chat/completions', body, as);
}

const named = (...names: string[]) => ({
  tools: names.map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })),
});

describe('how long a model and its tools may take together (OD-26, LA-14)', () => {
  it('is bounded, whatever each tool may take, and the client is told which bound it was', async () => {
    await using database = await createTestDatabase({ service: audience, migrations });
    await using bounded = await startTestSystems({
      databaseUrl: database.url,
      redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
      identityKeys: IdentityKeys.parse(newIdentityKeys()),
      answer: answerOver(`http://${modelHost}/v1`),
      allow: [toolHost],
      more: { toolLoopMsMax: 300 },
    });
    const slow = { name: 'slow', description: 'Takes long.', parameters, method: 'POST', timeout_ms: 60_000 };
    await bounded.send('POST', '/api/v1/tools', { ...slow, url: `http://${toolHost}/slow` });
    await bounded.send('PUT', `/api/v1/tool-grants/${bounded.caller.principal.principalId}`, { tools: ['slow'] });
    tool = () => undefined;
    script = [calls(['slow', { city: 'Bonn' }])];
    const body = { model: 'm', messages: [{ role: 'user', content: 'How warm?' }], execute_tools: true };
    const answer = await bounded.send('POST', '/v1/chat/completions', body);
    expect([answer.status, await answer.json()]).toMatchObject([504, { error: { code: 'tool_loop_timeout' } }]);
  });
});

describe('execute_tools (OD-26)', () => {
  it('calls a registered tool over HTTP, tells the model what came of it, and records it in the answer', async () => {
    script = [calls(['weather', { city: 'Bonn' }]), { content: '21 degrees.' }];
    const response = await chat(named('weather'));
    expect(await response.json()).toMatchObject({
      choices: [{ message: { content: '21 degrees.' } }],
      usage: { prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 },
      signalbox: { tool_calls: [{ name: 'weather', ok: true }], tool_steps: 1, stopped: 'answer' },
    });
    expect(toolCalls).toMatchObject([
      { url: '/weather', body: '{"city":"Bonn"}', headers: { 'idempotency-key': expect.stringMatching(/:call_0$/) } },
    ]);
    // Some models count their calls from 0 in every answer: what a tool is to do once is this call, not this number.
    script = [calls(['weather', { city: 'Bonn' }]), calls(['weather', { city: 'Bonn' }]), { content: 'Still 21.' }];
    await chat(named('weather'));
    expect(new Set(toolCalls.map(({ headers }) => headers['idempotency-key'])).size).toBe(3);
    // The model hears of the tool as it is registered here, not as the client says that it is.
    expect(asked[0]?.tools).toMatchObject([{ function: { name: 'weather', parameters } }]);
    expect(asked[1]?.messages.at(-1)).toMatchObject({ role: 'tool', content: expect.stringContaining('celsius') });
  });

  it('offers all tools that are granted where the request names none, and sends a GET’s arguments as its query', async () => {
    await register('search', { url: `http://${toolHost}/search?lang=en`, method: 'GET' });
    const { principalId } = systems.caller.principal;
    await systems.send('PUT', `/api/v1/tool-grants/${principalId}`, {
      tools: ['weather', 'calculator', 'internal', 'search'],
    });
    script = [calls(['search', { city: 'A&b=c' }], ['calculator', { expression: '6*7' }])];
    expect(await (await chat()).json()).toMatchObject({ signalbox: { tool_calls: [{ ok: true }, { ok: true }] } });
    expect(asked[0]?.tools?.map((one) => one.function.name).toSorted()).toEqual([
      'calculator',
      'internal',
      'search',
      'weather',
    ]);
    expect(toolCalls[0]?.url).toBe('/search?lang=en&city=A%26b%3Dc');
  });

  it.each([
    ['refuses', (response: ServerResponse) => response.writeHead(500).end('stack trace'), /status 500/],
    [
      'redirects',
      (response: ServerResponse) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
      /status 302/,
    ],
    ['answers with too much', (response: ServerResponse) => response.end('x'.repeat(100_000)), /more than 65536 bytes/],
    ['cuts the line', (response: ServerResponse) => response.socket?.destroy(), /did not answer properly/],
  ])('tells the model that a tool %s, and records it', async (_name, handle, error) => {
    tool = (_body, _request, response) => {
      handle(response);
    };
    script = [calls(['weather', { city: 'Bonn' }])];
    const body = (await (await chat()).json()) as { signalbox: { tool_calls: { ok: boolean; error: string }[] } };
    expect(body.signalbox.tool_calls).toMatchObject([{ ok: false, error: expect.stringMatching(error) }]);
    expect(asked[1]?.messages.at(-1)?.content).toContain('"ok":false');
    expect(asked[1]?.messages.at(-1)?.content).not.toContain('stack trace');
  });

  it('waits no longer than a tool may take', async () => {
    await systems.send('PATCH', '/api/v1/tools/weather', { timeout_ms: 50 });
    tool = () => undefined;
    script = [calls(['weather', { city: 'Bonn' }])];
    const from = performance.now();
    expect(await (await chat()).json()).toMatchObject({ signalbox: { tool_calls: [{ ok: false }] } });
    expect(performance.now() - from).toBeLessThan(5_000);
    await systems.send('PATCH', '/api/v1/tools/weather', { timeout_ms: 10_000 });
  });

  it('stops after as many steps as may be', async () => {
    script = Array.from({ length: 9 }, () => calls(['calculator', { expression: '1' }]));
    script[3] = { content: 'enough' };
    const body = await (await chat({ max_tool_steps: 3 })).json();
    expect(body).toMatchObject({ signalbox: { tool_steps: 3, stopped: 'step_cap' } });
    expect(asked.map(({ tool_choice: choice }) => choice)).toEqual([undefined, undefined, undefined, 'none']);
  });
});

describe('tools that are not to be had', () => {
  it.each([
    ['unknown tools', named('shell'), 400],
    ['tools that are not granted', named('current_time'), 403],
    ['several answers at once', { n: 2 }, 400],
    ['execute_tools that is no yes', { execute_tools: 'yes' }, 400],
    ['more steps than may be', { max_tool_steps: 1_000 }, 400],
  ])('%s are refused before anybody is asked', async (_name, body, status) => {
    expect((await chat(body)).status).toBe(status);
    expect(asked).toEqual([]);
  });

  it('S8: an address inside is not reached, and the model does not learn what is there', async () => {
    script = [calls(['internal', { city: 'x' }])];
    const body = (await (await chat()).json()) as { signalbox: { tool_calls: { error: string }[] } };
    expect(body.signalbox.tool_calls[0]?.error).toBe('This address cannot be reached from here.');
  });

  it('S19: a tool that a model was talked into is not there for it', async () => {
    script = [calls(['weather', { city: 'Bonn' }], ['current_time', {}], ['search', { city: 'x' }])];
    const body = (await (await chat(named('weather'))).json()) as {
      signalbox: { tool_calls: { name: string; ok: boolean }[] };
    };
    expect(body.signalbox.tool_calls.map(({ name, ok }) => [name, ok])).toEqual([
      ['weather', true],
      ['current_time', false],
      ['search', false],
    ]);
  });

  it('S15: another tenant has neither our tools nor our grants, and may use their names', async () => {
    const other = aCaller({ principalId: systems.caller.principal.principalId });
    expect((await systems.fetch('/api/v1/tools/weather', {}, other)).status).toBe(404);
    expect((await systems.send('PATCH', '/api/v1/tools/weather', { timeout_ms: 10 }, other)).status).toBe(404);
    expect((await systems.fetch('/api/v1/tools/weather', { method: 'DELETE' }, other)).status).toBe(404);
    expect((await chat(named('weather'), other)).status).toBe(400);
    expect((await chat(named('calculator'), other)).status).toBe(403);
    expect((await register('weather', {}, other)).status).toBe(201);
    expect(await (await systems.fetch('/api/v1/tools/weather')).json()).toMatchObject({
      url: `http://${toolHost}/weather`,
    });
  });

  it('S16: granting needs keys:write, registering systems:write', async () => {
    const { tenantId } = systems.caller.principal;
    const chatter = aCaller({ tenantId, scopes: ['chat:write'] });
    const grant = `/api/v1/tool-grants/${chatter.principal.principalId}`;
    expect((await systems.send('PUT', grant, { tools: ['calculator'] }, chatter)).status).toBe(403);
    expect((await register('mine', {}, chatter)).status).toBe(403);
    const builder = aCaller({ tenantId, scopes: ['systems:write'] });
    expect((await systems.send('PUT', grant, { tools: ['calculator'] }, builder)).status).toBe(403);
  });
});

describe('the register of tools', () => {
  it('lists the built-in ones among the others, by name, page by page', async () => {
    const caller = aCaller();
    for (const name of ['alpha', 'middle', 'Zulu']) await register(name, {}, caller);
    const names: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const page = (await (await systems.fetch(`/api/v1/tools?limit=2${cursor}`, {}, caller)).json()) as {
        data: { name: string }[];
        page_info: { next_cursor: string | null };
      };
      names.push(...page.data.map(({ name }) => name));
      if (page.page_info.next_cursor === null) break;
      cursor = `&cursor=${page.page_info.next_cursor}`;
    }
    expect(names).toEqual(['Zulu', 'alpha', 'calculator', 'current_time', 'middle']);
  });

  it.each([
    ['a name that is taken', { name: 'weather' }, 409],
    ['the name of a built-in tool', { name: 'calculator' }, 409],
    ['a name that is none', { name: 'rm -rf' }, 400],
    ['a schema that is none', { name: 'a', parameters: { type: 'object', properties: { x: { type: 'magic' } } } }, 400],
    ['arguments that are no object', { name: 'a', parameters: { type: 'string' } }, 400],
    ['an address that is none', { name: 'a', url: 'file:///etc/passwd' }, 400],
    ['another method', { name: 'a', method: 'DELETE' }, 400],
    ['a member of its own', { name: 'a', cookies: { a: 'x' } }, 400],
  ])('refuses %s', async (_name, { name, ...more }, status) => {
    expect((await register(name, more)).status).toBe(status);
  });

  it('grants only what there is', async () => {
    expect((await systems.send('PUT', '/api/v1/tool-grants/key_x', { tools: ['nothing'] })).status).toBe(400);
    const granted = await systems.send('PUT', '/api/v1/tool-grants/key_x', { tools: ['calculator', 'calculator'] });
    expect(await granted.json()).toMatchObject({ principal_id: 'key_x', tools: ['calculator'] });
  });
});
