import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ToolNote, ToolsUsed } from '@signalbox/contracts';
import { waitFor } from '@signalbox/test-kit';
import { streamText } from 'ai';
import { aCaller, eventsOf, openRaw, requestIdOf, startTestRouter, textOf, type TestRouter } from './harness.ts';
import { officialClients } from './official-clients.ts';

const owned = new AsyncDisposableStack();
let router: TestRouter;
let toolUrl: string;
/** What the tool does with a call; usual: it answers. */
let work: (response: ServerResponse) => void;
let toolCalls: { closed: boolean }[] = [];

beforeAll(async () => {
  const server = createServer((request, response) => {
    const call = { closed: false };
    toolCalls.push(call);
    request.resume();
    response.on('close', () => {
      call.closed = !response.writableFinished;
    });
    work(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  owned.defer(() => {
    server.closeAllConnections();
    server.close();
  });
  toolUrl = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/weather`;
  router = owned.use(await startTestRouter());
  const { tenantId, principalId } = router.caller.principal;
  const builder = aCaller({ tenantId, scopes: ['systems:write', 'keys:write'] });
  const send = (method: string, path: string, body: object) =>
    router.fetch(
      path,
      { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
      builder,
    );
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tool = { name: 'weather', description: 'Tells the weather.', parameters, url: toolUrl, method: 'POST' };
  expect((await send('POST', '/api/v1/tools', tool)).status).toBe(201);
  const granted = await send('PUT', `/api/v1/tool-grants/${principalId}`, { tools: ['weather', 'calculator'] });
  expect(granted.status).toBe(200);
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  toolCalls = [];
  work = (response) => response.end('{"celsius": 21}');
  router.provider.behave({});
});

interface Chunk {
  id: string;
  choices: { delta: { content?: string; tool_calls?: unknown }; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  signalbox?: ToolNote | ToolsUsed;
}

const weather = { id: 'call_1', name: 'weather', arguments: '{"city":"Bonn"}' };
const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };
const streamed = { execute_tools: true, stream: true, stream_options: { include_usage: true } };

function callThenAnswer(...calls: (typeof weather)[]): void {
  router.provider.behaveOnce({ pieces: ['Let me', ' look.'], toolCalls: calls, usage });
  router.provider.behaveOnce({ pieces: ['It is', ' 21.'], usage });
}

async function chunksOf(response: Response): Promise<(Chunk | '[DONE]')[]> {
  expect(response.status).toBe(200);
  return eventsOf(await response.text()) as (Chunk | '[DONE]')[];
}

/** Vercel's client, which sends members of ours besides. */
function aiClient(more: object) {
  const { openai } = officialClients({
    ...router,
    fetch: (path, init) => {
      const body = { ...(JSON.parse(typeof init?.body === 'string' ? init.body : '{}') as object), ...more };
      return router.fetch(path, { ...init, body: JSON.stringify(body) });
    },
  }).ai;
  return { model: openai.chat('sim/small') };
}

const isChunk = (event: Chunk | '[DONE]'): event is Chunk => event !== '[DONE]';

describe('execute_tools within a stream (OD-26)', () => {
  it('passes on what every turn says, and tells calls as executed, not as calls for the client', async () => {
    callThenAnswer(weather);
    const events = await chunksOf(await router.ask(streamed));
    expect(events.at(-1)).toBe('[DONE]');
    const chunks = events.filter(isChunk);
    expect(textOf(chunks)).toBe('Let me look.\n\nIt is 21.');
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.flatMap(({ choices }) => choices.flatMap(({ delta }) => delta.tool_calls ?? []))).toEqual([]);
    expect(chunks.flatMap(({ choices }) => choices.flatMap((choice) => choice.finish_reason ?? []))).toEqual(['stop']);
    const notes = chunks.flatMap(({ signalbox }) => signalbox ?? []);
    const record = { ...weather, ok: true, duration_ms: expect.any(Number) };
    expect(notes).toEqual([
      { tool_call_started: weather },
      { tool_call: record },
      { tool_calls: [record], tool_steps: 1, stopped: 'answer' },
    ]);
    const [, second] = router.provider.requests.slice(-2);
    expect(second?.json['messages']).toMatchObject([
      { role: 'user' },
      { role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'weather' } }] },
      { role: 'tool', tool_call_id: 'call_1', content: expect.stringContaining('celsius') },
    ]);
  });

  it('the official client reads it as one completion, and its usage is that of all turns', async () => {
    callThenAnswer(weather);
    const stream = router.openai().chat.completions.stream({
      model: 'sim/small',
      messages: [{ role: 'user', content: 'How warm?' }],
      ...streamed,
      stream: true,
    });
    const completion = await stream.finalChatCompletion();
    expect(completion.choices[0]).toMatchObject({
      message: { content: 'Let me look.\n\nIt is 21.' },
      finish_reason: 'stop',
    });
    expect(completion.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 4, total_tokens: 24 });
  });

  it('Vercel’s client reads it as one text, without a call', async () => {
    callThenAnswer(weather);
    const { model } = aiClient({ execute_tools: true });
    const result = streamText({ model, prompt: 'How warm?', maxRetries: 0 });
    expect(await result.text).toBe('Let me look.\n\nIt is 21.');
    expect(await result.toolCalls).toEqual([]);
    expect(await result.finishReason).toBe('stop');
  });

  it('bills each turn in a row of its own', async () => {
    callThenAnswer(weather);
    const response = await router.ask(streamed);
    const requestId = requestIdOf(response);
    await response.text();
    const rows = (await router.ledger()).filter(({ tags }) => tags?.['parent_request'] === requestId);
    expect(rows).toMatchObject([
      { outcome: 'ok', streamed: true, prompt_tokens: 10, completion_tokens: 2 },
      { outcome: 'ok', streamed: true, prompt_tokens: 10, completion_tokens: 2 },
    ]);
    expect(rows.map((row) => row.request_id)).toContain(requestId);
  });

  it('the first words are there before a tool is called', async () => {
    const called = new Promise<ServerResponse>((resolve) => {
      work = resolve;
    });
    callThenAnswer(weather);
    const response = await router.ask(streamed);
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes('tool_call_started')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(textOf(eventsOf(text))).toBe('Let me look.');
    (await called).end('{}');
    while (!text.includes('[DONE]')) text += Buffer.from((await reader?.read())?.value ?? []).toString();
  });

  it('a tool that fails is told to the model and to the client, and the stream goes on', async () => {
    work = (response) => response.writeHead(500).end('secret stack');
    callThenAnswer(weather);
    const text = await (await router.ask(streamed)).text();
    expect(text).toContain('"ok":false,"error":"The tool answered with status 500."');
    expect(text).not.toContain('secret stack');
    expect(router.provider.requests.at(-1)?.text).toContain('status 500');
    expect(text).toContain('[DONE]');
  });

  it('at the cap of steps the model must answer', async () => {
    for (let turn = 0; turn < 2; turn += 1) router.provider.behaveOnce({ pieces: [], toolCalls: [weather] });
    router.provider.behaveOnce({ pieces: ['enough'] });
    const chunks = (await chunksOf(await router.ask({ ...streamed, max_tool_steps: 2 }))).filter(isChunk);
    expect(chunks.findLast(({ signalbox }) => signalbox !== undefined)?.signalbox).toMatchObject({
      tool_steps: 2,
      stopped: 'step_cap',
    });
    expect(router.provider.requests.at(-1)?.json['tool_choice']).toBe('none');
  });

  it('what breaks after the beginning is one error event, and no [DONE]', async () => {
    router.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [weather] });
    router.provider.behaveOnce({ pieces: ['It', ' is'], fault: 'end_early', faultAfter: 1 });
    const text = await (await router.ask(streamed)).text();
    expect(text).not.toContain('[DONE]');
    expect(eventsOf(text).at(-1)).toMatchObject({ error: { code: 'provider_failed' } });

    router.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [weather] });
    router.provider.behaveOnce({ status: 400, errorBody: { error: { message: 'no' } } });
    expect(await (await router.ask(streamed)).text()).toContain('"error":{');
  });

  it('what breaks before it is an error with a status', async () => {
    router.provider.behaveOnce({ status: 500 });
    expect((await router.ask(streamed)).status).toBe(502);
    expect((await router.ask({ ...streamed, n: 2 })).status).toBe(400);
  });

  it('a client that leaves lets go of the tool', async () => {
    work = () => undefined;
    callThenAnswer(weather);
    const raw = await openRaw(router, streamed);
    await raw.response;
    await waitFor(() => toolCalls.length === 1);
    const asked = router.provider.requests.length;
    raw.destroy();
    await waitFor(() => toolCalls[0]?.closed === true);
    expect(router.provider.requests.length).toBe(asked);
    router.provider.behave({});
    await (await router.ask({})).text();
  });

  it('a client that leaves lets go of the model in a later turn, and pays for what it got', async () => {
    router.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [weather], usage });
    router.provider.behaveOnce({ pieces: ['It', ' is'], fault: 'silence', faultAfter: 1 });
    const raw = await openRaw(router, streamed);
    const response = await raw.response;
    let text = '';
    response.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await waitFor(() => text.includes('"It"'));
    raw.destroy();
    const last = router.provider.requests.at(-1);
    await waitFor(() => last?.abortedAt !== null);
    await waitFor(async () => (await router.ledger()).some(({ outcome }) => outcome === 'aborted'));
  });

  it('a repeat under the same Idempotency-Key is the same stream, and no tool is called again', async () => {
    callThenAnswer(weather);
    const headers = { 'idempotency-key': 'once' };
    const first = await (await router.ask(streamed, { headers })).text();
    const asked = router.provider.requests.length;
    const second = await router.ask(streamed, { headers });
    expect(await second.text()).toBe(first);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect([toolCalls.length, router.provider.requests.length]).toEqual([1, asked]);
  });

  it('a broken stream is not what a repeat gets', async () => {
    const headers = { 'idempotency-key': 'broken' };
    router.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [weather] });
    router.provider.behaveOnce({ pieces: ['It', ' is'], fault: 'cut', faultAfter: 1 });
    expect(await (await router.ask(streamed, { headers })).text()).not.toContain('[DONE]');
    callThenAnswer(weather);
    expect(await (await router.ask(streamed, { headers })).text()).toContain('[DONE]');
  });

  it('a document says what all of its turns cost together', async () => {
    callThenAnswer(weather);
    const response = await router.ask({ execute_tools: true });
    expect(response.headers.get('x-signalbox-route')).toContain('sim/small');
    expect(await response.json()).toMatchObject({ usage: { total_tokens: 24 }, signalbox: { tool_steps: 1 } });
  });
});

describe('a stream with tools that takes too long (OD-26, LA-14)', () => {
  it('ends with an error that says so, and the call of the tool ends with it', async () => {
    await using bounded = await startTestRouter({ resilience: { tool_loop_ms: 300 } });
    const { tenantId, principalId } = bounded.caller.principal;
    const builder = aCaller({ tenantId, scopes: ['systems:write', 'keys:write'] });
    const send = (method: string, path: string, body: object) =>
      bounded.fetch(
        path,
        { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) },
        builder,
      );
    const parameters = { type: 'object', properties: {} };
    const slow = { name: 'slow', description: 'Takes long.', parameters, url: toolUrl, method: 'POST' };
    expect((await send('POST', '/api/v1/tools', { ...slow, timeout_ms: 60_000 })).status).toBe(201);
    await send('PUT', `/api/v1/tool-grants/${principalId}`, { tools: ['slow'] });
    work = () => undefined;
    bounded.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [{ id: 'call_1', name: 'slow', arguments: '{}' }] });
    const text = await (await bounded.ask({ stream: true, execute_tools: true })).text();
    expect(text).toContain('Let me');
    expect(text).toContain('The model and its tools took longer than 300 ms together.');
    expect(text).not.toContain('[DONE]');
    await waitFor(() => toolCalls[0]?.closed);
    // Neither the model nor the tool was at fault.
    expect(bounded.provider.requests).toHaveLength(1);
  });
});
