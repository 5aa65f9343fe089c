import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { simulateAnthropic, simulateGemini, simulateProvider } from '@signalbox/test-kit';
import { createProvider } from '../src/providers/create-provider.ts';
import { ProviderSettings } from '../src/providers/provider-settings.ts';
import type { ProviderRequest } from '../src/providers/provider.ts';
import { askIn, describeProvider } from './provider-conformance.ts';

const bearer = { header: 'authorization', value: 'Bearer sk-secret' };
const inBody = ({ json }: { json: Record<string, unknown> }) => json['model'];

describeProvider({
  name: 'an OpenAI-compatible server',
  settings: { kind: 'openai_compatible' },
  simulate: simulateProvider,
  credential: bearer,
  modelOf: inBody,
  passes: ['openai'],
});

describeProvider({
  name: 'Mistral',
  settings: { kind: 'openai_compatible', quirks: { flavour: 'mistral' } },
  simulate: simulateProvider,
  // It takes no wish for usage, and tells it unasked.
  behaviour: { usageWithFinish: true },
  credential: bearer,
  modelOf: inBody,
  passes: ['openai'],
});

describeProvider({
  name: 'Azure',
  settings: { kind: 'openai_compatible', quirks: { flavour: 'azure' } },
  simulate: simulateProvider,
  credential: { header: 'api-key', value: 'sk-secret' },
  modelOf: ({ path }) => /\/deployments\/(\w+)\/chat\/completions\?api-version=2024-10-21$/.exec(path)?.[1],
  passes: ['openai'],
});

describeProvider({
  name: 'Anthropic',
  settings: { kind: 'anthropic' },
  simulate: simulateAnthropic,
  credential: { header: 'x-api-key', value: 'sk-secret' },
  modelOf: inBody,
  passes: ['anthropic'],
});

describeProvider({
  name: 'Gemini',
  settings: { kind: 'gemini' },
  simulate: simulateGemini,
  credential: { header: 'x-goog-api-key', value: 'sk-secret' },
  modelOf: ({ path }) => /^\/v1beta\/models\/(\w+):/.exec(path)?.[1],
  passes: [],
});

describeProvider({
  name: 'xAI',
  // Its responses are OpenAI's, and tested as such.
  settings: { kind: 'xai', quirks: { responses: false } },
  simulate: simulateProvider,
  credential: bearer,
  modelOf: inBody,
  passes: ['openai'],
});

describe('quirks are flags (LA-17)', () => {
  const body = {
    max_completion_tokens: 9,
    seed: 12,
    tool_choice: 'required',
    logit_bias: { 5: 1 },
    user: 'u',
    tools: [{ type: 'function', function: { name: 'weather' } }],
  };

  async function wireOf(quirks: Record<string, unknown>, asked: ProviderRequest) {
    await using simulator = await simulateProvider({ usageWithFinish: true });
    const settings = { name: 'sim', kind: 'openai_compatible', base_url: simulator.url, models: ['small'], quirks };
    await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
    const { signal } = new AbortController();
    if (asked.stream) for await (const _part of (await provider.stream(asked, signal)).parts);
    else await provider.complete(asked, signal);
    return simulator.requests.at(-1)?.json;
  }

  it.each([
    ['a client’s own bytes', askIn('openai', { stream: true, more: body })],
    [
      'a translated request',
      askIn('anthropic', { stream: true, tools: true, more: { tool_choice: { type: 'any' }, max_tokens: 9 } }),
    ],
  ])('Mistral’s bend %s', async (_name, asked) => {
    const wire = await wireOf({ flavour: 'mistral' }, asked);
    expect(wire).toMatchObject({ max_tokens: 9, tool_choice: 'any', stream: true });
    for (const name of ['stream_options', 'max_completion_tokens', 'seed', 'logit_bias', 'user']) {
      expect(wire).not.toHaveProperty(name);
    }
    if (asked.dialect === 'openai') expect(wire).toHaveProperty('random_seed', 12);
  });

  it.each([
    ['groq', { max_completion_tokens: 9, seed: 12, user: 'u' }, ['logit_bias']],
    ['deepseek', { max_tokens: 9, user: 'u' }, ['seed', 'logit_bias', 'max_completion_tokens']],
    ['openrouter', { max_tokens: 9, seed: 12, logit_bias: { 5: 1 } }, ['max_completion_tokens']],
    ['vllm', { max_completion_tokens: 9, seed: 12, logit_bias: { 5: 1 } }, []],
  ])('%s’s', async (flavour, sent, absent) => {
    const wire = await wireOf({ flavour }, askIn('openai', { stream: true, more: body }));
    expect(wire).toMatchObject({ ...sent, stream_options: { include_usage: true } });
    for (const name of absent) expect(wire).not.toHaveProperty(name);
  });

  it('a connection may say otherwise than its flavour', async () => {
    const wire = await wireOf({ flavour: 'mistral', stream_options: true }, askIn('openai', { stream: true }));
    expect(wire).toHaveProperty('stream_options');
    expect(() =>
      ProviderSettings.parse({ name: 'x', kind: 'openai', models: ['m'], quirks: { unknown: true } }),
    ).toThrow();
    expect(() => ProviderSettings.parse({ name: 'x', kind: 'openai_compatible', models: ['m'] })).toThrow('address');
  });

  it('OD-24: xAI’s wish for live search goes on as it was written', async () => {
    const search = { mode: 'on', sources: [{ type: 'x' }], max_search_results: 3 };
    await using simulator = await simulateProvider();
    const settings = { name: 'xai', kind: 'xai', base_url: simulator.url, models: ['small'] };
    await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
    await provider.complete(askIn('openai', { more: { search_parameters: search } }), new AbortController().signal);
    expect(simulator.requests.at(-1)?.json['search_parameters']).toEqual(search);
  });

  it('a responses request of OpenAI’s own goes through as it is, but is kept nowhere', async () => {
    const seen: unknown[] = [];
    const response = { object: 'response', output: [], usage: { input_tokens: 3, output_tokens: 4 } };
    const server = createServer((request, answer) => {
      void json(request).then((given) => {
        seen.push(request.url, given);
        answer.setHeader('content-type', 'application/json').end(JSON.stringify(response));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const settings = { name: 'o', kind: 'openai', base_url: `http://127.0.0.1:${String(port)}/v1`, models: ['small'] };
    const provider = createProvider(ProviderSettings.parse(settings), 'sk');
    const asked = askIn('openai_responses', { more: { store: true, new_knob: 1 } });
    const { body: bytes, usage } = await provider.complete(asked, new AbortController().signal);
    await provider[Symbol.asyncDispose]();
    server.close();
    expect(seen).toEqual(['/v1/responses', { model: 'small', input: 'Hello?', store: false, new_knob: 1 }]);
    expect(JSON.parse(bytes.toString())).toEqual(response);
    expect(usage).toMatchObject({ promptTokens: 3, completionTokens: 4 });
  });
});

describe('what vendors call the client’s fault and is ours (OP-3)', () => {
  it.each([
    ['gemini', simulateGemini, { error: { message: 'API key not valid.', details: [{ reason: 'API_KEY_INVALID' }] } }],
    ['anthropic', simulateAnthropic, { error: { message: 'Your credit balance is too low to access the API.' } }],
  ] as const)('%s’s 400 for a bad key or an empty account', async (kind, simulate, errorBody) => {
    await using simulator = await simulate({ status: 400, errorBody });
    const settings = { name: 'sim', kind, base_url: simulator.url, models: ['small'] };
    await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
    await expect(provider.complete(askIn('openai'), new AbortController().signal)).rejects.toMatchObject({
      code: 'provider_failed',
      details: { should_retry: false },
    });
  });

  it('Gemini tells in its body when to come back', async () => {
    const errorBody = { error: { message: 'quota', details: [{ '@type': 'x/RetryInfo', retryDelay: '3.5s' }] } };
    await using simulator = await simulateGemini({ status: 429, errorBody });
    const settings = { name: 'sim', kind: 'gemini', base_url: simulator.url, models: ['small'] };
    await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
    await expect(provider.complete(askIn('openai'), new AbortController().signal)).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 3_500,
    });
  });
});

describe('addresses and empty answers', () => {
  it.each([
    ['anthropic', simulateAnthropic, '/v1'],
    ['anthropic', simulateAnthropic, '/v1/'],
    ['gemini', simulateGemini, '/v1beta'],
  ] as const)('%s: an address that names the version already names it once', async (kind, simulate, version) => {
    await using simulator = await simulate();
    const settings = { name: 'sim', kind, base_url: `${simulator.url}${version}`, models: ['small'] };
    await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
    await provider.complete(askIn('openai'), new AbortController().signal);
    expect(simulator.requests[0]?.path).toMatch(/^\/(v1\/messages$|v1beta\/models\/)/);
  });

  it.each(['openai', 'openai_responses', 'anthropic'] as const)(
    'what Gemini declines is an answer without content, streamed to %s as well',
    async (dialect) => {
      await using simulator = await simulateGemini({ finish: 'SAFETY', pieces: [], usage: null });
      const settings = { name: 'sim', kind: 'gemini', base_url: simulator.url, models: ['small'] };
      await using provider = createProvider(ProviderSettings.parse(settings), 'sk-secret');
      const { parts } = await provider.stream({ ...askIn(dialect), stream: true }, new AbortController().signal);
      const seen = [];
      for await (const part of parts) seen.push(part);
      expect(seen.at(-1)?.isEnd).toBe(true);
      expect(seen.some(({ hasContent }) => hasContent)).toBe(true);
    },
  );
});
