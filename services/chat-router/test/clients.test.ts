import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import { simulateAnthropic, simulateGemini, type ProviderBehaviour, type SimulatedProvider } from '@signalbox/test-kit';
import { embedMany, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { requestIdOf, startTestRouter, type TestRouter } from './harness.ts';
import { officialClients } from './official-clients.ts';

const owned = new AsyncDisposableStack();
let router: TestRouter;
let clients: ReturnType<typeof officialClients>;
const simulators: Record<string, SimulatedProvider> = {};

/** Every wire by our own simulators, and by an independent one. */
const simulated = ['sim/small', 'claude/small', 'gem/small'] as const;
const independent = ['mock-openai/m', 'mock-claude/m', 'mock-gemini/m', 'mock-compatible/m'] as const;

/** In the words of each wire. */
const usage = {
  ...{ prompt_tokens: 7, completion_tokens: 8, total_tokens: 15 },
  ...{ input_tokens: 7, output_tokens: 8 },
  ...{ promptTokenCount: 7, candidatesTokenCount: 8, totalTokenCount: 15 },
};
/** Tests let calls fail one after the other, each for itself. */
const breaker = { failures_max: 1_000 };

beforeAll(async () => {
  const [claude, gem] = [owned.use(await simulateAnthropic()), owned.use(await simulateGemini())];
  const mock = new LLMock({ port: 0, host: '127.0.0.1' });
  mock.on({ userMessage: 'weather', hasToolResult: true }, { content: 'It rains in Bonn.' });
  mock.on({ userMessage: 'weather' }, { toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Bonn"}' }] });
  mock.on({ userMessage: 'place' }, { content: '{"city":"Bonn"}' });
  mock.onMessage('Hello', { content: 'Hello from the independent simulator.', usage });
  mock.onEmbedding(/.*/, { embedding: [0.5, 0.25] });
  await mock.start();
  owned.defer(() => mock.stop());
  router = owned.use(
    await startTestRouter({
      providers: [
        {
          settings: { name: 'claude', kind: 'anthropic', base_url: claude.url, models: ['small'], breaker },
          apiKey: 'sk',
        },
        // It is let rest when it says so, which is not for the other tests to wait for.
        { settings: { name: 'limited', kind: 'anthropic', base_url: claude.url, models: ['small'] }, apiKey: 'sk' },
        { settings: { name: 'gem', kind: 'gemini', base_url: gem.url, models: ['small'], breaker }, apiKey: 'sk' },
        { settings: { name: 'mock-openai', kind: 'openai', base_url: `${mock.url}/v1`, models: ['m'] }, apiKey: 'sk' },
        { settings: { name: 'mock-claude', kind: 'anthropic', base_url: mock.url, models: ['m'] }, apiKey: 'sk' },
        { settings: { name: 'mock-gemini', kind: 'gemini', base_url: mock.url, models: ['m'] }, apiKey: 'sk' },
        {
          settings: { name: 'mock-compatible', kind: 'openai_compatible', base_url: `${mock.url}/v1`, models: ['m'] },
          apiKey: 'sk',
        },
      ],
    }),
  );
  Object.assign(simulators, { 'sim/small': router.provider, 'claude/small': claude, 'gem/small': gem });
  clients = officialClients(router);
});
afterAll(async () => {
  await owned.disposeAsync();
});

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
const greeting = /^Hello from the (?:independent )?simulator\.$/;

/** Our simulators do what they are told; the independent one knows by the question. */
function behave(model: string, behaviour: ProviderBehaviour): void {
  simulators[model]?.behaveOnce(behaviour);
}
const callsWeather = { pieces: [], toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Bonn"}' }] };

describe.each([...simulated, ...independent])('the official clients, answered by %s (LA-17, B-19)', (model) => {
  describe('openai: chat completions', () => {
    const messages = [{ role: 'user' as const, content: 'Hello?' }];

    it('a document and a stream, with usage', async () => {
      const whole = await clients.openai.chat.completions.create({ model, messages });
      expect(whole.choices[0]?.message.content).toMatch(greeting);
      expect(whole.choices[0]?.finish_reason).toBe('stop');
      expect(whole.usage?.total_tokens).toBeGreaterThan(0);
      const stream = clients.openai.chat.completions.stream({
        model,
        messages,
        stream_options: { include_usage: true },
      });
      const final = await stream.finalChatCompletion();
      expect(final.choices[0]?.message.content).toMatch(greeting);
      expect(final.usage?.completion_tokens).toBeGreaterThan(0);
    });

    it('tools, streamed, and their results', async () => {
      behave(model, callsWeather);
      const question = { role: 'user' as const, content: 'How is the weather in Bonn?' };
      const tools = [{ type: 'function' as const, function: { name: 'weather', parameters } }];
      const final = await clients.openai.chat.completions
        .stream({ model, messages: [question], tools })
        .finalChatCompletion();
      const message = final.choices[0]?.message;
      if (message === undefined) throw new Error('No message came.');
      expect(final.choices[0]?.finish_reason).toBe('tool_calls');
      const call = message.tool_calls?.[0];
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city: 'Bonn' });
      behave(model, { pieces: ['It rains in Bonn.'] });
      const answer = await clients.openai.chat.completions.create({
        model,
        tools,
        messages: [question, message, { role: 'tool', tool_call_id: call?.id ?? '', content: 'rain' }],
      });
      expect(answer.choices[0]?.message.content).toBe('It rains in Bonn.');
    });

    it('an image and an answer by a schema', async () => {
      behave(model, { pieces: ['{"city":"Bonn"}'] });
      const final = await clients.openai.chat.completions.parse({
        model,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Which place is this?' },
              { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
            ],
          },
        ],
        response_format: { type: 'json_schema', json_schema: { name: 'place', schema: parameters, strict: true } },
      });
      expect(final.choices[0]?.message.parsed).toEqual({ city: 'Bonn' });
    });
  });

  describe('openai: responses', () => {
    it('a document and a stream, kept nowhere', async () => {
      const whole = await clients.openai.responses.create({ model, input: 'Hello?', instructions: 'Be brief.' });
      expect(whole.output_text).toMatch(greeting);
      expect(whole.usage?.output_tokens).toBeGreaterThan(0);
      const stream = clients.openai.responses.stream({ model, input: 'Hello?' });
      const deltas: string[] = [];
      stream.on('response.output_text.delta', ({ delta }) => deltas.push(delta));
      const final = await stream.finalResponse();
      expect(final.output_text).toMatch(greeting);
      expect(deltas.join('')).toBe(final.output_text);
      expect(final.status).toBe('completed');
    });

    it('tools, streamed, and their results', async () => {
      behave(model, callsWeather);
      const tools = [{ type: 'function' as const, name: 'weather', parameters, strict: true }];
      const question = { role: 'user' as const, content: 'How is the weather in Bonn?' };
      const final = await clients.openai.responses.stream({ model, input: [question], tools }).finalResponse();
      const call = final.output.find(({ type }) => type === 'function_call');
      if (call?.type !== 'function_call') throw new Error('No call came.');
      expect(JSON.parse(call.arguments)).toEqual({ city: 'Bonn' });
      behave(model, { pieces: ['It rains in Bonn.'] });
      const answer = await clients.openai.responses.create({
        model,
        tools,
        input: [
          question,
          { type: 'function_call', call_id: call.call_id, name: call.name, arguments: call.arguments },
          { type: 'function_call_output', call_id: call.call_id, output: 'rain' },
        ],
      });
      expect(answer.output_text).toBe('It rains in Bonn.');
    });
  });

  describe('@anthropic-ai/sdk', () => {
    const messages = [{ role: 'user' as const, content: 'Hello?' }];

    it('a document and a stream, with usage', async () => {
      const whole = await clients.anthropic.messages.create({ model, max_tokens: 100, messages });
      expect(whole.content.find(({ type }) => type === 'text')).toMatchObject({
        text: expect.stringMatching(greeting),
      });
      expect(whole.stop_reason).toBe('end_turn');
      expect(whole.usage.output_tokens).toBeGreaterThan(0);
      const final = await clients.anthropic.messages.stream({ model, max_tokens: 100, messages }).finalMessage();
      expect(final.content.find(({ type }) => type === 'text')).toMatchObject({
        text: expect.stringMatching(greeting),
      });
      expect(final.stop_reason).toBe('end_turn');
      expect(final.usage.output_tokens).toBeGreaterThan(0);
    });

    it('tools, streamed, and their results', async () => {
      behave(model, callsWeather);
      const tools = [{ name: 'weather', input_schema: { ...parameters, required: ['city'] } }];
      const question = { role: 'user' as const, content: 'How is the weather in Bonn?' };
      const final = await clients.anthropic.messages
        .stream({ model, max_tokens: 100, messages: [question], tools })
        .finalMessage();
      expect(final.stop_reason).toBe('tool_use');
      const call = final.content.find(({ type }) => type === 'tool_use');
      if (call?.type !== 'tool_use') throw new Error('No call came.');
      expect(call.input).toEqual({ city: 'Bonn' });
      behave(model, { pieces: ['It rains in Bonn.'] });
      const answer = await clients.anthropic.messages.create({
        model,
        max_tokens: 100,
        tools,
        messages: [
          question,
          { role: 'assistant', content: [{ type: 'tool_use', id: call.id, name: call.name, input: call.input }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] },
        ],
      });
      expect(answer.content.find(({ type }) => type === 'text')).toMatchObject({ text: 'It rains in Bonn.' });
    });
  });

  describe.each(['responses', 'chat', 'anthropic'] as const)('ai, over %s', (api) => {
    const modelOf = () => {
      if (api === 'anthropic') return clients.ai.anthropic(model);
      return api === 'chat' ? clients.ai.openai.chat(model) : clients.ai.openai.responses(model);
    };

    it('text, streamed and not', async () => {
      const whole = await generateText({ model: modelOf(), prompt: 'Hello?', maxRetries: 0 });
      expect(whole.text).toMatch(greeting);
      expect(whole.usage.outputTokens).toBeGreaterThan(0);
      const stream = streamText({ model: modelOf(), prompt: 'Hello?', maxRetries: 0 });
      let text = '';
      for await (const piece of stream.textStream) text += piece;
      expect(text).toMatch(greeting);
      expect(await stream.finishReason).toBe('stop');
    });

    it('a tool that is run and its result sent back', async () => {
      behave(model, callsWeather);
      behave(model, { pieces: ['It rains in Bonn.'] });
      const { text, steps } = await generateText({
        model: modelOf(),
        prompt: 'How is the weather in Bonn?',
        maxRetries: 0,
        stopWhen: ({ steps: done }) => done.length === 2,
        tools: {
          weather: tool({
            inputSchema: jsonSchema<{ city: string }>({ ...parameters, required: ['city'] }),
            execute: ({ city }) => `rain in ${city}`,
          }),
        },
      });
      expect(steps[0]?.toolResults[0]?.output).toBe('rain in Bonn');
      expect(text).toBe('It rains in Bonn.');
    });

    it('a conversation whose answers have a thought, a text and a call, streamed and not', async () => {
      const tools = {
        weather: tool({
          inputSchema: jsonSchema<{ city: string }>({ ...parameters, required: ['city'] }),
          execute: ({ city }) => `rain in ${city}`,
        }),
      };
      const prompt = 'How is the weather in Bonn?';
      for (const isStreamed of [false, true]) {
        behave(model, { ...callsWeather, pieces: ['Let me look.'], thinking: { text: 'Hm.', signature: 'c2ln' } });
        behave(model, { pieces: ['It rains in Bonn.'] });
        const stopWhen = ({ steps }: { steps: readonly unknown[] }) => steps.length === 2;
        const asking = { model: modelOf(), prompt, maxRetries: 0, tools, stopWhen };
        const whole = isStreamed ? streamText(asking) : await generateText(asking);
        expect(await whole.text).toBe('It rains in Bonn.');
        const { messages: said } = await whole.response;
        const next = await generateText({
          model: modelOf(),
          maxRetries: 0,
          messages: [{ role: 'user', content: prompt }, ...said, { role: 'user', content: 'Hello?' }],
        });
        expect(next.text).toMatch(greeting);
      }
    });

    it('an object by a schema', async () => {
      behave(model, { pieces: ['{"city":"Bonn"}'] });
      const { output } = await generateText({
        model: modelOf(),
        prompt: 'Which place?',
        maxRetries: 0,
        output: Output.object({ schema: jsonSchema<{ city: string }>({ ...parameters, required: ['city'] }) }),
      });
      expect(output).toEqual({ city: 'Bonn' });
    });
  });
});

describe('an answer that breaks after it has begun', () => {
  it.each(simulated)('raises an error in every official client, and no short answer (%s)', async (model) => {
    const breaks = () => {
      behave(model, { fault: 'error', faultAfter: 2 });
    };
    breaks();
    await expect(
      clients.openai.chat.completions
        .stream({ model, messages: [{ role: 'user', content: 'Hello?' }] })
        .finalChatCompletion(),
    ).rejects.toBeInstanceOf(OpenAI.APIError);
    breaks();
    await expect(clients.openai.responses.stream({ model, input: 'Hello?' }).finalResponse()).rejects.toBeInstanceOf(
      Error,
    );
    breaks();
    await expect(
      clients.anthropic.messages
        .stream({ model, max_tokens: 10, messages: [{ role: 'user', content: 'Hello?' }] })
        .finalMessage(),
    ).rejects.toBeInstanceOf(Anthropic.AnthropicError);
    for (const aiModel of [
      clients.ai.openai.responses(model),
      clients.ai.openai.chat(model),
      clients.ai.anthropic(model),
    ]) {
      breaks();
      const errors: unknown[] = [];
      const stream = streamText({
        model: aiModel,
        prompt: 'Hello?',
        maxRetries: 0,
        onError: ({ error }) => {
          errors.push(error);
        },
      });
      for await (const _piece of stream.textStream);
      expect(errors).toHaveLength(1);
    }
  });

  it('is an error with a status before that, which each client knows', async () => {
    behave('claude/small', { status: 429, headers: { 'retry-after': '3' } });
    await expect(
      clients.openai.chat.completions.create({ model: 'limited/small', messages: [{ role: 'user', content: 'x' }] }),
    ).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    behave('gem/small', { status: 404 });
    await expect(
      clients.anthropic.messages.create({
        model: 'gem/small',
        max_tokens: 5,
        messages: [{ role: 'user', content: 'x' }],
      }),
    ).rejects.toBeInstanceOf(Anthropic.NotFoundError);
  });
});

describe('embeddings', () => {
  it.each(['sim/small', 'gem/small'])('of %s reach the official clients as numbers', async (model) => {
    const { data } = await clients.openai.embeddings.create({ model, input: ['a', 'b'] });
    expect(data.map(({ embedding }) => embedding)).toEqual([
      [1, 2],
      [1, 2],
    ]);
    const { embeddings } = await embedMany({
      model: clients.ai.openai.embedding(model),
      values: ['a', 'b'],
      maxRetries: 0,
    });
    expect(embeddings).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('of the independent simulator too', async () => {
    const { data } = await clients.openai.embeddings.create({ model: 'mock-openai/m', input: 'a' });
    expect(data[0]?.embedding).toEqual([0.5, 0.25]);
  });

  it('are refused where there are none, by name', async () => {
    for (const [model, status] of [
      ['signalbox/extractive', 400],
      ['claude/small', 404],
    ] as const) {
      await expect(clients.openai.embeddings.create({ model, input: 'a' })).rejects.toMatchObject({
        status,
        message: expect.stringContaining('makes no embeddings'),
      });
    }
  });
});

describe('counting tokens (OP-4)', () => {
  const messages = [{ role: 'user' as const, content: 'x'.repeat(40) }];

  it.each(['claude/small', 'gem/small'])('asks the counter of %s', async (model) => {
    const count = await clients.anthropic.messages.countTokens({ model, messages });
    expect(count).toMatchObject({ input_tokens: 42, signalbox: { model, method: 'provider' } });
  });

  it('estimates where there is none, and says so; no row, no call', async () => {
    const before = router.provider.requests.length;
    const count = await clients.anthropic.messages.countTokens({ model: 'sim/small', messages });
    expect(count).toMatchObject({ input_tokens: 10, signalbox: { model: 'sim/small', method: 'characters/4' } });
    expect(router.provider.requests.length).toBe(before);
  });
});

describe('responses that would need another one', () => {
  it.each([{ previous_response_id: 'resp_1' }, { background: true }, { conversation: 'conv_1' }])(
    'are refused, also where the provider could: %j',
    async (more) => {
      for (const model of ['mock-openai/m', 'claude/small']) {
        await expect(clients.openai.responses.create({ model, input: 'x', ...more })).rejects.toMatchObject({
          status: 400,
          code: 'unsupported_parameter',
          param: Object.keys(more)[0],
        });
      }
    },
  );

  it('may refer to what they were told, but not to what others were, nor what they wanted nobody to keep', async () => {
    const ask = (more: object) =>
      clients.openai.responses.create({ model: 'claude/small', input: 'Hello?', stream: false, ...more });
    const { output } = await ask({});
    const reference = { type: 'item_reference' as const, id: output[0]?.id ?? '' };
    const next = [{ role: 'user' as const, content: 'Hello?' }, reference, { role: 'user' as const, content: 'And?' }];
    expect((await ask({ input: next })).output_text).toMatch(greeting);
    const secret = await ask({ store: false });
    for (const id of [secret.output[0]?.id ?? '', 'msg_of_nobody']) {
      await expect(ask({ input: [{ type: 'item_reference', id }] })).rejects.toMatchObject({
        status: 400,
        param: 'input.0',
      });
    }
  });

  it('are told that nothing is kept, whatever they asked for', async () => {
    const response = await clients.openai.responses.create({ model: 'claude/small', input: 'Hello?', store: true });
    expect(response).toMatchObject({ store: false, previous_response_id: null });
  });
});

describe('the extractive model', () => {
  it('answers clients of every dialect', async () => {
    const model = 'signalbox/extractive';
    const content = 'The boiler failed because a valve had corroded.\n\nWhy did the boiler fail?';
    const message = await clients.anthropic.messages.create({
      model,
      max_tokens: 100,
      messages: [{ role: 'user', content }],
    });
    expect(message.content).toMatchObject([{ type: 'text', text: expect.stringContaining('a valve had corroded') }]);
    const response = await clients.openai.responses.stream({ model, input: content }).finalResponse();
    expect(response.output_text).toContain('a valve had corroded');
  });
});

it('sends the betas that a client of Anthropic’s asks for to Anthropic, and to nobody else', async () => {
  const ask = (model: string) =>
    clients.anthropic.messages.create(
      { model, max_tokens: 9, messages: [{ role: 'user', content: 'x' }] },
      { headers: { 'anthropic-beta': 'new-thing-2026-11-01' } },
    );
  await ask('claude/small');
  expect(simulators['claude/small']?.requests.at(-1)?.headers['anthropic-beta']).toBe('new-thing-2026-11-01');
  await ask('gem/small');
  expect(simulators['gem/small']?.requests.at(-1)?.headers['anthropic-beta']).toBeUndefined();
});

it('tells which parameters a provider could not be told', async () => {
  const response = await router.ask({ model: 'claude/small', seed: 5, logit_bias: { 5: 1 } });
  expect(response.headers.get('x-signalbox-dropped')).toBe('logit_bias, seed');
});

it('tells a provider how many words to make, and the client where that cannot be told', async () => {
  const ask = (model: string, text: object) =>
    router.fetch('/v1/responses', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'Hello?', text }),
    });
  const told = await ask('sim/small', { verbosity: 'low', new_knob: 1 });
  expect([told.status, told.headers.get('x-signalbox-dropped')]).toEqual([200, 'text.new_knob']);
  expect(router.provider.requests.at(-1)?.json['verbosity']).toBe('low');
  for (const model of ['claude/small', 'gem/small'])
    expect((await ask(model, { verbosity: 'low' })).headers.get('x-signalbox-dropped')).toBe('verbosity');
});

it('has the row of a translated answer when the client has read it', async () => {
  const response = await router.fetch('/v1/messages', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'gem/small',
      max_tokens: 9,
      stream: true,
      messages: [{ role: 'user', content: 'x' }],
    }),
  });
  expect(await response.text()).toContain('event: message_stop');
  expect(await router.ledger(requestIdOf(response))).toMatchObject([
    { provider: 'gem', model: 'gem/small', outcome: 'ok', prompt_tokens: 11, completion_tokens: 5 },
  ]);
});
