import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Conversation, ConversationMessage } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { aCaller, startTestRouter, type TestRouter } from './harness.ts';
import { officialClients } from './official-clients.ts';

const owned = new AsyncDisposableStack();
let router: TestRouter;
let caller: ReturnType<typeof aCaller>;

beforeAll(async () => {
  router = owned.use(await startTestRouter());
  const { tenantId, principalId } = router.caller.principal;
  caller = aCaller({ tenantId, principalId, scopes: ['chat:write', 'keys:write'] });
  await send('PUT', `/api/v1/tool-grants/${principalId}`, { tools: ['calculator'] });
});
afterAll(() => owned.disposeAsync());
beforeEach(() => {
  router.provider.behave({});
});

function send(method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return router.fetch(
    path,
    { method, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) },
    { ...caller, requestId: newId('req') },
  );
}

const call = { id: 'call_1', name: 'calculator', arguments: '{"expression":"6*7"}' };
const usage = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 };

function callThenAnswer(): void {
  router.provider.behaveOnce({ pieces: ['Let me', ' see.'], toolCalls: [call], usage });
  router.provider.behaveOnce({ pieces: ['It is', ' 42.'], usage });
}

const message = { model: 'sim/small', max_tokens: 64_000, messages: [{ role: 'user', content: '6*7?' }] } as const;
const response = { model: 'sim/small', input: '6*7?' };

function eventsOf(text: string): { type: string; signalbox?: unknown }[] {
  return text.split('\n\n').flatMap((event) => {
    const data = event.split('\n').find((line) => line.startsWith('data: '));
    return data === undefined ? [] : [JSON.parse(data.slice(6)) as { type: string }];
  });
}

async function begin(): Promise<Conversation> {
  return (await (await send('POST', '/api/v1/conversations', {})).json()) as Conversation;
}

async function saidIn({ id }: Conversation): Promise<unknown[]> {
  const path = `/api/v1/conversations/${id}/messages`;
  const answer = await router.fetch(path, {}, { ...caller, requestId: newId('req') });
  const { data } = (await answer.json()) as { data: ConversationMessage[] };
  return data.map((one) => [one.message.role, one.message.content]);
}

describe('execute_tools in Anthropic’s shape (OD-26)', () => {
  it('gives a message without calls, and tells what was executed', async () => {
    callThenAnswer();
    const tools = [{ name: 'calculator', input_schema: { type: 'object' } }];
    const answer = await send('POST', '/v1/messages', { ...message, tools, execute_tools: true, max_tool_steps: 3 });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        type: 'message',
        role: 'assistant',
        content: [{ type: 'text', text: 'It is 42.' }],
        stop_reason: 'end_turn',
        usage: { input_tokens: 20, output_tokens: 4 },
        signalbox: { tool_calls: [{ ...call, ok: true }], tool_steps: 1, stopped: 'answer' },
      },
    ]);
    expect(router.provider.requests.at(-1)?.text).toContain('"output\\":\\"42\\"');
  });

  it('streams so that the official client reads one message', async () => {
    callThenAnswer();
    const stream = officialClients(router).anthropic.messages.stream({
      ...message,
      messages: [...message.messages],
      ...{ execute_tools: true },
    });
    const whole = await stream.finalMessage();
    expect(whole).toMatchObject({
      content: [{ type: 'text', text: 'Let me see.\n\nIt is 42.' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 20, output_tokens: 4 },
    });
    callThenAnswer();
    const options = { stream: true, execute_tools: true, signalbox: { explain: true } };
    const answer = await send('POST', '/v1/messages', { ...message, ...options });
    const events = eventsOf(await answer.text());
    expect(events.filter((event) => 'routing' in event)).toHaveLength(2);
    expect(events.at(-1)?.type).toBe('message_stop');
    expect(events.flatMap(({ type, signalbox }) => (signalbox === undefined ? [] : [[type, signalbox]]))).toMatchObject(
      [
        ['ping', { tool_call_started: call }],
        ['ping', { tool_call: { ok: true } }],
        ['ping', { tool_steps: 1 }],
      ],
    );
  });

  it('a stream that breaks is an error event, and no message_stop', async () => {
    router.provider.behaveOnce({ pieces: ['Let me'], toolCalls: [call] });
    router.provider.behaveOnce({ pieces: ['It', ' is'], fault: 'cut', faultAfter: 1 });
    const answer = await send('POST', '/v1/messages', { ...message, stream: true, execute_tools: true });
    const events = eventsOf(await answer.text());
    expect(events.at(-1)).toMatchObject({ type: 'error', error: { type: 'api_error' } });
    expect(events.map(({ type }) => type)).not.toContain('message_stop');
  });

  it('refuses what cannot be had in the shape of Anthropic’s errors', async () => {
    const tools = [{ name: 'shell', input_schema: { type: 'object' } }];
    const answer = await send('POST', '/v1/messages', { ...message, tools, execute_tools: true });
    expect([answer.status, await answer.json()]).toMatchObject([400, { type: 'error' }]);
    expect((await send('POST', '/v1/messages', { ...message, execute_tools: 'yes' })).status).toBe(400);
  });

  it('names what only Anthropic’s shape can say', async () => {
    const answer = await send('POST', '/v1/messages', { ...message, top_k: 3, execute_tools: true });
    expect(answer.headers.get('x-signalbox-dropped')).toBe('top_k');
  });
});

describe('execute_tools in the shape of responses (OD-26)', () => {
  it('gives a response without calls, and tells what was executed', async () => {
    callThenAnswer();
    const tools = [{ type: 'function', name: 'calculator', parameters: { type: 'object' } }];
    const answer = await send('POST', '/v1/responses', { ...response, tools, execute_tools: true });
    expect([answer.status, await answer.json()]).toMatchObject([
      200,
      {
        object: 'response',
        status: 'completed',
        output: [{ type: 'message', content: [{ type: 'output_text', text: 'It is 42.' }] }],
        usage: { input_tokens: 20, output_tokens: 4 },
        signalbox: { tool_calls: [{ ok: true }] },
      },
    ]);
  });

  it('streams so that the official client reads one response', async () => {
    callThenAnswer();
    const options = { execute_tools: true, signalbox: { explain: true } };
    const stream = router.openai(caller).responses.stream({ ...response, ...options });
    const seen: string[] = [];
    for await (const event of stream) seen.push(event.type);
    expect((await stream.finalResponse()).output_text).toBe('Let me see.\n\nIt is 42.');
    expect(seen).toContain('keepalive');
    expect(seen.at(-1)).toBe('response.completed');
  });

  it('a repeat under the same Idempotency-Key is the same response, and asks nobody', async () => {
    callThenAnswer();
    const body = { ...response, stream: true, execute_tools: true };
    const headers = { 'idempotency-key': 'a-response' };
    const first = await (await send('POST', '/v1/responses', body, headers)).text();
    const asked = router.provider.requests.length;
    expect(await (await send('POST', '/v1/responses', body, headers)).text()).toBe(first);
    expect(router.provider.requests.length).toBe(asked);
  });
});

describe('a conversation goes on in whatever shape', () => {
  it('each sees what was said in the others', async () => {
    const conversation = await begin();
    const signalbox = { conversation_id: conversation.id };
    router.provider.behaveOnce({ pieces: ['one'] });
    const first = await send('POST', '/v1/messages', { ...message, system: 'Be brief.', signalbox });
    expect(await first.json()).toMatchObject({ type: 'message', content: [{ text: 'one' }] });
    router.provider.behaveOnce({ pieces: ['two'] });
    const second = await send('POST', '/v1/responses', { ...response, input: 'And then?', stream: true, signalbox });
    expect(await second.text()).toContain('response.completed');
    router.provider.behaveOnce({ pieces: ['three'] });
    await send('POST', '/v1/chat/completions', {
      model: 'sim/small',
      messages: [{ role: 'user', content: 'At last?' }],
      signalbox,
    });
    const said = [
      ['system', 'Be brief.'],
      ['user', '6*7?'],
      ['assistant', 'one'],
      ['user', 'And then?'],
      ['assistant', 'two'],
      ['user', 'At last?'],
    ];
    const sent = router.provider.requests.at(-1)?.json['messages'] as { role: string; content: unknown }[];
    expect(sent.map(({ role, content }) => [role, content])).toEqual(said);
    expect(await saidIn(conversation)).toEqual([...said, ['assistant', 'three']]);
  });

  it('an unknown one is 404 in each shape, and an id that only keeps a model is none', async () => {
    const signalbox = { conversation_id: newId('conversation') };
    expect((await send('POST', '/v1/messages', { ...message, signalbox })).status).toBe(404);
    expect((await send('POST', '/v1/responses', { ...response, signalbox })).status).toBe(404);
    const sticky = { conversation_id: 'chat-7', sticky: true };
    expect((await send('POST', '/v1/messages', { ...message, signalbox: sticky })).status).toBe(200);
  });

  it('tells how its model was found, in a stream too', async () => {
    const { id } = await begin();
    const signalbox = { conversation_id: id, explain: true };
    const stream = await send('POST', '/v1/messages', { ...message, stream: true, signalbox });
    expect(eventsOf(await stream.text())).toContainEqual(
      expect.objectContaining({ type: 'ping', routing: expect.objectContaining({ chosen: 'sim/small' }) }),
    );
    const document = await send('POST', '/v1/responses', { ...response, signalbox });
    expect(await document.json()).toMatchObject({ object: 'response', routing: { chosen: 'sim/small' } });
  });
});
