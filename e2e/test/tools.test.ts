import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ToolCallRecord } from '@signalbox/contracts';
import { simulateProvider, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type OpenedMesh } from '../harness.ts';

const parameters = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 40 } },
  required: ['city'],
  additionalProperties: false,
};

/** A tool of the tenant's own, on this machine. */
interface ToolServer extends AsyncDisposable {
  url: string;
  calls: { url: string; body: string; headers: IncomingHttpHeaders }[];
  answer: (response: ServerResponse) => void;
}

async function serveTool(): Promise<ToolServer> {
  const calls: ToolServer['calls'] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const body = Buffer.concat(chunks as Buffer[]).toString();
      calls.push({ url: request.url ?? '', body, headers: request.headers });
      tool.answer(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const tool: ToolServer = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    calls,
    answer: (response) => response.end('{"celsius": 21}'),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return tool;
}

describe('tools that the router executes, behind two chat-routers (OD-26)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  let tool: ToolServer;
  let caller: { id: string; key: string };
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    tool = owned.use(await serveTool());
    opened = owned.use(
      await openMesh({
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        providers: [{ name: 'sim', baseUrl: provider.url, models: ['m'] }],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
    caller = await opened.createKey({ scopes: ['chat:write'] });
    await register('weather', { url: `${tool.url}/weather` });
    await grant(caller.id, ['weather', 'calculator']);
  });
  afterAll(() => owned.disposeAsync());
  beforeEach(() => {
    provider.behave({ pieces: ['done'] });
    tool.calls.length = 0;
    tool.answer = (response) => response.end('{"celsius": 21}');
  });

  async function register(name: string, more: Record<string, unknown> = {}, key = opened.adminKey): Promise<Answer> {
    const body = { name, description: 'Tells the weather.', parameters, url: `${tool.url}/`, method: 'POST', ...more };
    return opened.ask('/api/v1/tools', { key, body });
  }

  async function grant(principal: string, tools: string[]): Promise<void> {
    const { status } = await opened.ask(`/api/v1/tool-grants/${principal}`, { method: 'PUT', body: { tools } });
    expect(status).toBe(200);
  }

  function chat(body: Record<string, unknown> = {}, key = caller.key): Promise<Answer> {
    const messages = [{ role: 'user', content: 'How warm?' }];
    return opened.ask('/v1/chat/completions', {
      key,
      body: { model: 'sim/m', messages, execute_tools: true, ...body },
    });
  }

  const named = (...names: string[]) => ({
    tools: names.map((name) => ({ type: 'function', function: { name, parameters: { type: 'object' } } })),
  });

  /** The model calls these tools next. */
  function calls(...given: [name: string, args: unknown][]): void {
    provider.behaveOnce({
      pieces: [],
      toolCalls: given.map(([name, args], index) => ({
        id: `call_${String(index)}`,
        name,
        arguments: JSON.stringify(args),
      })),
    });
  }

  interface ToolAnswer {
    choices: { message: { content: string } }[];
    signalbox: { tool_calls: ToolCallRecord[]; tool_steps: number; stopped: string };
  }

  function read({ status, body }: Answer): ToolAnswer {
    expect(status).toBe(200);
    return body as unknown as ToolAnswer;
  }

  /** What the model heard last, from a tool. */
  function heard(): string {
    const messages = provider.requests.at(-1)?.json['messages'] as { role: string; content: string }[];
    const last = messages.at(-1);
    expect(last?.role).toBe('tool');
    return last?.content ?? '';
  }

  it('are called with checked arguments, their result goes to the model, and the answer tells of it', async () => {
    const asked = provider.requests.length;
    calls(['weather', { city: 'Bonn' }]);
    provider.behaveOnce({ pieces: ['21 degrees.'] });
    const answer = await chat(named('weather'));
    expect(read(answer)).toMatchObject({
      choices: [{ message: { content: '21 degrees.' } }],
      usage: { prompt_tokens: 22, completion_tokens: 10, total_tokens: 32 },
      signalbox: { tool_calls: [{ name: 'weather', ok: true }], tool_steps: 1, stopped: 'answer' },
    });
    expect(tool.calls).toMatchObject([{ url: '/weather', body: '{"city":"Bonn"}' }]);
    expect(heard()).toContain('celsius');
    // The model hears of the tool as it is registered, not as the client says that it is.
    expect(provider.requests[asked]?.json['tools']).toMatchObject([{ function: { name: 'weather', parameters } }]);
    // Nothing of ours goes to a server of the tenant's.
    const sent = JSON.stringify(tool.calls[0]?.headers);
    expect(sent).not.toContain('x-signalbox-');
    expect(sent).not.toContain('sbx_live_');
  });

  it('run several steps, the built-in ones among them', async () => {
    calls(['calculator', { expression: '6*7' }], ['weather', { city: 'Bonn' }]);
    calls(['weather', { city: 'Ulm' }]);
    const { signalbox } = read(await chat());
    expect(signalbox).toMatchObject({ tool_steps: 2, tool_calls: [{ ok: true }, { ok: true }, { ok: true }] });
    expect(tool.calls.map(({ body }) => body)).toEqual(['{"city":"Bonn"}', '{"city":"Ulm"}']);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    ['answers 500', (response) => response.writeHead(500).end('stack trace'), /status 500/],
    ['redirects', (response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), /status 302/],
    ['breaks off', (response) => response.socket?.destroy(), /did not answer properly/],
  ])('that fail are told to the model and recorded: one %s', async (_name, answer, error) => {
    tool.answer = answer;
    calls(['weather', { city: 'Bonn' }]);
    const { signalbox } = read(await chat());
    expect(signalbox.tool_calls).toMatchObject([{ ok: false, error: expect.stringMatching(error) }]);
    expect(heard()).toMatch(error);
    expect(heard()).not.toContain('stack trace');
  });

  it('get no arguments that do not fit: the model is told what is wrong with them', async () => {
    calls(['weather', { town: 'Bonn' }]);
    const { signalbox } = read(await chat());
    expect(signalbox.tool_calls).toMatchObject([{ name: 'weather', ok: false }]);
    expect(heard()).toMatch(/city|town/);
    expect(tool.calls).toEqual([]);
  });

  it('are waited for no longer than they may take', async () => {
    await register('slow', { timeout_ms: 50 });
    const { id, key } = await opened.createKey({ scopes: ['chat:write'] });
    await grant(id, ['slow']);
    tool.answer = () => undefined;
    calls(['slow', { city: 'Bonn' }]);
    expect(read(await chat({}, key)).signalbox.tool_calls).toMatchObject([{ ok: false }]);
  });

  it('stop at the step cap: 5, or what the request says', async () => {
    for (const [body, cap] of [
      [{}, 5],
      [{ max_tool_steps: 2 }, 2],
    ] as const) {
      const asked = provider.requests.length;
      for (let step = 0; step < cap; step += 1) calls(['calculator', { expression: '1' }]);
      provider.behaveOnce({ pieces: ['enough'] });
      expect(read(await chat(body)).signalbox).toMatchObject({ tool_steps: cap, stopped: 'step_cap' });
      const choices = provider.requests.slice(asked).map(({ json }) => json['tool_choice']);
      expect(choices).toEqual([...Array<undefined>(cap), 'none']);
    }
  });

  it('are refused before anybody is asked: unknown ones with 400, those that this key was not granted with 403', async () => {
    const asked = provider.requests.length;
    expect((await chat(named('shell'))).status).toBe(400);
    expect((await chat(named('current_time'))).status).toBe(403);
    const other = await opened.createKey({ scopes: ['chat:write'] });
    expect((await chat(named('weather'), other.key)).status).toBe(403);
    expect((await chat({ max_tool_steps: 1_000 })).status).toBe(400);
    expect(provider.requests.length).toBe(asked);
  });

  it('S19: are not there for a model that was talked into one, and S8: lead to no address inside', async () => {
    const { id, key } = await opened.createKey({ scopes: ['chat:write'] });
    await register('inside', { url: 'http://169.254.169.254/latest/meta-data' });
    await grant(id, ['inside']);
    calls(['inside', { city: 'x' }], ['weather', { city: 'x' }], ['shell', { command: 'id' }]);
    const { signalbox } = read(await chat({}, key));
    expect(signalbox.tool_calls.map(({ name, ok }) => [name, ok])).toEqual([
      ['inside', false],
      ['weather', false],
      ['shell', false],
    ]);
    expect(signalbox.tool_calls[0]?.error).not.toMatch(/ECONN|refused|timed out/i);
    expect(tool.calls).toEqual([]);
  });

  it('S15, S16: are registered and granted by those who may, each tenant’s for itself', async () => {
    expect((await register('mine', {}, caller.key)).status).toBe(403);
    const granting = { method: 'PUT', body: { tools: ['calculator'] }, key: caller.key };
    expect((await opened.ask(`/api/v1/tool-grants/${caller.id}`, granting)).status).toBe(403);
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'neighbours' } });
    const { key } = tenant.body['api_key'] as { key: string };
    expect((await opened.ask('/api/v1/tools/weather', { key })).status).toBe(404);
    expect((await opened.ask('/api/v1/tools/weather', { key, method: 'DELETE' })).status).toBe(404);
    expect((await register('weather', {}, key)).status).toBe(201);
    const listed = (await opened.ask('/api/v1/tools')).body['data'] as { name: string; url: string | null }[];
    expect(listed.find(({ name }) => name === 'weather')?.url).toBe(`${tool.url}/weather`);
  });
});
