import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import Anthropic from '@anthropic-ai/sdk';
import { LLMock } from '@copilotkit/aimock';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateAnthropic, type SimulatedProvider } from '@signalbox/test-kit';
import { embed, generateText, jsonSchema, Output, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';

/** Providers that are asked for real where the environment holds their key, and reported as skipped where it does not. */
const live = [
  { kind: 'openai', apiKeyEnv: 'OPENAI_API_KEY', model: 'gpt-5-mini' },
  { kind: 'anthropic', apiKeyEnv: 'ANTHROPIC_API_KEY', model: 'claude-haiku-4-5' },
  { kind: 'gemini', apiKeyEnv: 'GEMINI_API_KEY', model: 'gemini-2.5-flash' },
  { kind: 'xai', apiKeyEnv: 'XAI_API_KEY', model: 'grok-4-fast' },
].map((given) => ({ ...given, apiKey: process.env[given.apiKeyEnv] ?? '' }));

const png = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const place = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
} as const;
const placeOf = jsonSchema<{ city: string }>({ ...place, required: ['city'] });
const models = ['mock-openai/m', 'mock-claude/m', 'mock-gemini/m', 'mock-compatible/m'];

let opened: OpenedMesh;
let breaking: SimulatedProvider;
let mock: LLMock;
let openai: OpenAI;
let anthropic: Anthropic;
let ai: { openai: ReturnType<typeof createOpenAI>; anthropic: ReturnType<typeof createAnthropic> };

beforeAll(async () => {
  mock = new LLMock({ port: 0, host: '127.0.0.1' });
  mock.on({ userMessage: 'weather', hasToolResult: true }, { content: 'It rains in Bonn.' });
  mock.on({ userMessage: 'weather' }, { toolCalls: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Bonn"}' }] });
  mock.on({ userMessage: 'place' }, { content: '{"city":"Bonn"}' });
  mock.onMessage('Hello', { content: 'Hello from an independent simulator.' });
  mock.onEmbedding(/.*/, { embedding: [0.5, 0.25] });
  await mock.start();
  breaking = await simulateAnthropic({ fault: 'error', faultAfter: 2 });
  opened = await openMesh({
    limits: wideLimits,
    overrides: {
      'chat-router': Object.fromEntries(live.map(({ apiKeyEnv, apiKey }) => [apiKeyEnv, apiKey])),
    },
    providers: [
      { name: 'mock-openai', kind: 'openai', baseUrl: `${mock.url}/v1`, models: ['m'] },
      { name: 'mock-claude', kind: 'anthropic', baseUrl: mock.url, models: ['m'] },
      { name: 'mock-gemini', kind: 'gemini', baseUrl: mock.url, models: ['m'] },
      { name: 'mock-compatible', baseUrl: `${mock.url}/v1`, models: ['m'] },
      { name: 'breaking', kind: 'anthropic', baseUrl: breaking.url, models: ['m'] },
      ...live.map(({ kind, apiKeyEnv, model }) => ({ name: `live-${kind}`, kind, apiKeyEnv, models: [model] })),
    ],
  });
  const [baseURL, apiKey] = [opened.mesh.gatewayUrl, opened.adminKey];
  openai = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0 });
  anthropic = new Anthropic({ baseURL, apiKey, maxRetries: 0 });
  ai = {
    openai: createOpenAI({ baseURL: `${baseURL}/v1`, apiKey }),
    anthropic: createAnthropic({ baseURL: `${baseURL}/v1`, apiKey }),
  };
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await breaking[Symbol.asyncDispose]();
  await mock.stop();
});

describe.each(models)('unmodified official clients through the gateway, answered by %s (LA-17, B-19)', (model) => {
  it('openai: chat, stream, tools, vision, structured output', async () => {
    const messages = [{ role: 'user' as const, content: 'Hello?' }];
    const whole = await openai.chat.completions.create({ model, messages });
    expect(whole.choices[0]?.message.content).toBe('Hello from an independent simulator.');
    const final = await openai.chat.completions.stream({ model, messages }).finalChatCompletion();
    expect(final.choices[0]?.message.content).toBe('Hello from an independent simulator.');
    const called = await openai.chat.completions
      .stream({
        model,
        messages: [{ role: 'user', content: 'How is the weather?' }],
        tools: [{ type: 'function', function: { name: 'weather', parameters: place } }],
      })
      .finalChatCompletion();
    const call = called.choices[0]?.message.tool_calls?.[0];
    expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city: 'Bonn' });
    const parsed = await openai.chat.completions.parse({
      model,
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Which place is this?' },
            { type: 'image_url', image_url: { url: `data:image/png;base64,${png}` } },
          ],
        },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema: place, strict: true } },
    });
    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'Bonn' });
  });

  it('openai: responses, streamed and not', async () => {
    const whole = await openai.responses.create({ model, input: 'Hello?' });
    expect(whole.output_text).toBe('Hello from an independent simulator.');
    const final = await openai.responses.stream({ model, input: 'Hello?' }).finalResponse();
    expect(final.output_text).toBe('Hello from an independent simulator.');
    expect(final.status).toBe('completed');
  });

  it('@anthropic-ai/sdk, by x-api-key: messages, stream, tools', async () => {
    const asked = { model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hello?' }] };
    const whole = await anthropic.messages.create(asked);
    expect(whole.content.find(({ type }) => type === 'text')).toMatchObject({
      text: 'Hello from an independent simulator.',
    });
    const final = await anthropic.messages.stream(asked).finalMessage();
    expect(final.content.find(({ type }) => type === 'text')).toMatchObject({
      text: 'Hello from an independent simulator.',
    });
    const called = await anthropic.messages
      .stream({
        model,
        max_tokens: 100,
        messages: [{ role: 'user', content: 'How is the weather?' }],
        tools: [{ name: 'weather', input_schema: { ...place, required: ['city'] } }],
      })
      .finalMessage();
    expect(called.stop_reason).toBe('tool_use');
    expect(called.content.find(({ type }) => type === 'tool_use')).toMatchObject({ input: { city: 'Bonn' } });
  });

  it.each(['responses', 'chat', 'anthropic'] as const)('ai, over %s: text, stream, tools, an object', async (api) => {
    const asking =
      api === 'anthropic' ? ai.anthropic(model) : api === 'chat' ? ai.openai.chat(model) : ai.openai.responses(model);
    let streamed = '';
    for await (const piece of streamText({ model: asking, prompt: 'Hello?', maxRetries: 0 }).textStream)
      streamed += piece;
    expect(streamed).toBe('Hello from an independent simulator.');
    const { text } = await generateText({
      model: asking,
      prompt: 'How is the weather?',
      maxRetries: 0,
      stopWhen: ({ steps }) => steps.length === 2,
      tools: { weather: tool({ inputSchema: placeOf, execute: ({ city }) => `rain in ${city}` }) },
    });
    expect(text).toBe('It rains in Bonn.');
    const { output } = await generateText({
      model: asking,
      prompt: 'Which place?',
      maxRetries: 0,
      output: Output.object({ schema: placeOf }),
    });
    expect(output).toEqual({ city: 'Bonn' });
  });
});

it('embeddings reach openai and ai through the gateway', async () => {
  const { data } = await openai.embeddings.create({ model: 'mock-openai/m', input: 'a' });
  expect(data[0]?.embedding).toEqual([0.5, 0.25]);
  const { embedding } = await embed({ model: ai.openai.embedding('mock-openai/m'), value: 'a', maxRetries: 0 });
  expect(embedding).toEqual([0.5, 0.25]);
});

it('a stream that breaks is an error in each dialect, through the gateway too', async () => {
  const model = 'breaking/m';
  const messages = [{ role: 'user' as const, content: 'Hello?' }];
  await expect(openai.chat.completions.stream({ model, messages }).finalChatCompletion()).rejects.toBeInstanceOf(
    OpenAI.APIError,
  );
  await expect(openai.responses.stream({ model, input: 'Hello?' }).finalResponse()).rejects.toBeInstanceOf(Error);
  await expect(anthropic.messages.stream({ model, max_tokens: 9, messages }).finalMessage()).rejects.toBeInstanceOf(
    Anthropic.AnthropicError,
  );
});

it('a key that is none is refused in each dialect, so that each client raises its own class', async () => {
  const baseURL = opened.mesh.gatewayUrl;
  const wrong = { apiKey: 'sbx_live_none', maxRetries: 0 };
  await expect(
    new OpenAI({ baseURL: `${baseURL}/v1`, ...wrong }).responses.create({ model: 'mock-openai/m', input: 'x' }),
  ).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(
    new Anthropic({ baseURL, ...wrong }).messages.create({
      model: 'mock-openai/m',
      max_tokens: 9,
      messages: [{ role: 'user', content: 'x' }],
    }),
  ).rejects.toBeInstanceOf(Anthropic.AuthenticationError);
});

describe.each(live)('the live provider $kind', ({ kind, model, apiKey }) => {
  (apiKey === '' ? it.skip : it)('answers openai, @anthropic-ai/sdk and ai', async () => {
    const asked = `live-${kind}/${model}`;
    const chat = await openai.chat.completions
      .stream({ model: asked, messages: [{ role: 'user', content: 'Answer with the word yes.' }] })
      .finalChatCompletion();
    expect(chat.choices[0]?.message.content).toMatch(/yes/i);
    const message = await anthropic.messages.create({
      model: asked,
      max_tokens: 2_000,
      messages: [{ role: 'user', content: 'Answer with the word yes.' }],
    });
    expect(message.content.find(({ type }) => type === 'text')).toMatchObject({ text: expect.stringMatching(/yes/i) });
    const { text } = await generateText({ model: ai.openai.responses(asked), prompt: 'Answer with the word yes.' });
    expect(text).toMatch(/yes/i);
  });
});
