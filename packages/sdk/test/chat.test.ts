import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createSignalbox, type Signalbox } from '@signalbox/sdk';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { json, startWireServer } from './wire-server.ts';

const request = { model: 'small', messages: [{ role: 'user' as const, content: 'hello' }] };

let provider: SimulatedProvider;
let client: Signalbox;
beforeEach(async () => {
  provider = await simulateProvider();
  client = createSignalbox({ baseUrl: new URL(provider.url).origin, apiKey: 'k', retry: { firstWaitMs: 5 } });
});
afterEach(async () => {
  await client.close();
  await provider[Symbol.asyncDispose]();
});

async function text(stream: ReturnType<Signalbox['chat']['stream']>): Promise<string> {
  let whole = '';
  for await (const chunk of stream) whole += chunk.choices[0]?.delta.content ?? '';
  return whole;
}

describe('chat (B-19)', () => {
  it('gives a whole answer, and passes on what it does not know', async () => {
    const completion = await client.chat.create({ ...request, temperature: 0, made_up_tomorrow: [1] });
    expect(completion.choices[0]?.message.content).toBe('Hello from the simulator.');
    expect(provider.requests[0]?.json).toMatchObject({ model: 'small', temperature: 0, made_up_tomorrow: [1] });
    expect(provider.requests[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('streams piece by piece to the announced end', async () => {
    provider.behave({ pieces: ['Zür', 'ich ', '☂'], pieceDelayMs: 5 });
    expect(await text(client.chat.stream(request))).toBe('Zürich ☂');
    expect(provider.requests[0]?.json).toMatchObject({ stream: true });
  });

  it('keeps the connection for the next call when a stream has ended (MX-24)', async () => {
    for (let call = 0; call < 5; call += 1) await text(client.chat.stream(request));
    await client.chat.create(request);
    expect(provider.connections().opened).toBe(1);
  });

  it('ends the call to the server when the loop is left', async () => {
    provider.behave({ pieces: Array.from({ length: 500 }, () => 'x'), pieceDelayMs: 10 });
    for await (const chunk of client.chat.stream(request)) if (chunk.choices[0]?.delta.content === 'x') break;
    await waitFor(() => provider.requests[0]?.abortedAt);
  });

  it('throws the reason of the signal in the middle of a stream', async () => {
    provider.behave({ pieces: Array.from({ length: 500 }, () => 'x'), pieceDelayMs: 10 });
    const controller = new AbortController();
    const reason = new Error('enough');
    const reading = async () => {
      for await (const chunk of client.chat.stream(request, { signal: controller.signal }))
        if (chunk.choices[0]?.delta.content === 'x') controller.abort(reason);
    };
    await expect(reading()).rejects.toBe(reason);
    await waitFor(() => provider.requests[0]?.abortedAt);
  });

  it.each([
    ['end_early', { name: 'ConnectionError' }],
    ['cut', { name: 'ConnectionError' }],
    ['invalid_json', { kind: 'protocol' }],
    ['error', { kind: 'refused' }],
    ['wrong_content_type', { kind: 'protocol' }],
  ] as const)('never takes half an answer for a whole one: %s', async (fault, error) => {
    provider.behave({ pieces: ['a', 'b', 'c'], fault, faultAfter: 1 });
    await expect(text(client.chat.stream(request))).rejects.toMatchObject(error);
    expect(provider.requests).toHaveLength(1);
  });

  it('tries a stream again that did not begin, under the same key', async () => {
    provider.behaveOnce({ status: 503, errorBody: {} });
    expect(await text(client.chat.stream(request))).toBe('Hello from the simulator.');
    const keys = provider.requests.map(({ headers }) => headers['idempotency-key']);
    expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
  });

  it('makes embeddings and lists models', async () => {
    await using server = await startWireServer(json(200, { object: 'list', data: [{ id: 'small' }] }));
    const { chat, embeddings } = server.client();
    expect(await chat.models()).toEqual([{ id: 'small' }]);
    await embeddings.create({ model: 'embed', input: ['a', 'b'] });
    expect(server.requests[1]).toMatchObject({ target: '/v1/embeddings', json: { input: ['a', 'b'] } });
  });
});

describe('tools (OD-26)', () => {
  const weather = {
    name: 'weather',
    description: 'The weather of a city.',
    parameters: { type: 'object', properties: { city: { type: 'string' } } },
  };
  const called = (name: string, args: string) => ({ pieces: [], toolCalls: [{ id: 'call_1', name, arguments: args }] });

  it('lets the model call functions until it answers, and gives the whole conversation', async () => {
    provider.behaveOnce(called('weather', '{"city":"Bonn"}'));
    const asked: unknown[] = [];
    const run = (args: unknown) => {
      asked.push(args);
      return { celsius: 21 };
    };
    const result = await client.chat.runTools(request, { tools: [{ ...weather, run }] });
    expect(asked).toEqual([{ city: 'Bonn' }]);
    expect(result.isFinished).toBe(true);
    expect(result.completion.choices[0]?.message.content).toBe('Hello from the simulator.');
    expect(result.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect(provider.requests[1]?.json['messages']).toMatchObject([
      {},
      { tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', tool_call_id: 'call_1', content: '{"celsius":21}' },
    ]);
    expect(request.messages).toHaveLength(1);
  });

  it.each([
    ['a tool that throws', 'weather', '{}', 'Error: no sky today'],
    ['arguments that are no JSON', 'weather', '{"city":', 'Error: the arguments are no valid JSON.'],
    ['a tool that is not there', 'launch', '{}', 'Error: there is no tool launch.'],
  ])('tells the model of %s', async (_, name, args, told) => {
    provider.behaveOnce(called(name, args));
    const run = () => {
      throw new Error('no sky today');
    };
    await client.chat.runTools(request, { tools: [{ ...weather, run }] });
    expect((provider.requests[1]?.json['messages'] as unknown[])[2]).toMatchObject({ content: told });
  });

  it('asks no more often than it may, each step under a key of its own', async () => {
    provider.behave(called('weather', '{}'));
    const tools = [{ ...weather, run: () => 'sun' }];
    const result = await client.chat.runTools(request, { tools, stepsMax: 3, idempotencyKey: 'k' });
    expect(result.isFinished).toBe(false);
    expect(provider.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['k-1', 'k-2', 'k-3']);
  });
});
