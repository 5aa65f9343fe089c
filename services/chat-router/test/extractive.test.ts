import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventsOf, requestIdOf, startTestRouter, textOf, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter();
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const model = 'signalbox/extractive';
const material =
  'The plant was opened by Dr. Ada Brown in 1974. The boiler failed because a valve had corroded.\nThe canteen serves soup.';
const messages = [
  { role: 'system' as const, content: material },
  { role: 'user' as const, content: 'Why did the boiler fail?' },
];

describe('signalbox/extractive', () => {
  it('quotes the material verbatim to the official client and says what it is', async () => {
    const answer = await router.openai().chat.completions.create({ model, messages });
    const content = answer.choices[0]?.message.content ?? '';
    expect(content).toContain('“The boiler failed because a valve had corroded.”');
    expect(content).not.toContain('soup');
    expect(content).toMatch(/^signalbox\/extractive is not a language model/);
    expect(answer.model).toBe(model);
    expect(answer.choices[0]?.finish_reason).toBe('stop');
    expect(answer.system_fingerprint).toContain('words');
    expect(answer).toMatchObject({ signalbox: { method: 'extractive', token_unit: 'word' } });
    expect(answer.usage).toMatchObject({ prompt_tokens: 27 });
  });

  it('streams the same words, with role, finish reason, usage where asked, and the end', async () => {
    const whole = await router.openai().chat.completions.create({ model, messages });
    const response = await router.ask({ model, messages, stream: true, stream_options: { include_usage: true } });
    const events = eventsOf(await response.text()) as {
      choices: { delta: Record<string, unknown>; finish_reason: string | null }[];
      usage: unknown;
    }[];
    expect(textOf(events)).toBe(whole.choices[0]?.message.content);
    expect(events[0]?.choices[0]?.delta['role']).toBe('assistant');
    expect(events.at(-3)?.choices[0]?.finish_reason).toBe('stop');
    expect(events.at(-2)).toMatchObject({ choices: [], usage: whole.usage });
    expect(events.at(-1)).toBe('[DONE]');
    expect(await router.ledger(requestIdOf(response))).toMatchObject([
      { provider: 'signalbox', model, outcome: 'ok', streamed: true, prompt_tokens: 27 },
    ]);
    const plain = eventsOf(await (await router.ask({ model, messages, stream: true })).text());
    expect(JSON.stringify(plain)).not.toContain('prompt_tokens');
  });

  it('says so when there is no material, and when nothing in it fits', async () => {
    const bare = await router.openai().chat.completions.create({ model, messages: messages.slice(1) });
    expect(bare.choices[0]?.message.content).toContain('here is none');
    expect(bare.choices[0]?.message.content).not.toContain('“');
    const strange = await router.openai().chat.completions.create({
      model,
      messages: [{ role: 'user', content: `${material}\n\nWho discovered penicillin?` }],
    });
    expect(strange.choices[0]?.message.content).toContain('none of them shares a word');
    expect(strange.choices[0]?.message.content).not.toContain('“');
  });

  it('stops after as many words as it may say', async () => {
    const answer = await router.openai().chat.completions.create({ model, messages, max_tokens: 7 });
    expect(answer.choices[0]?.finish_reason).toBe('length');
    expect(answer.choices[0]?.message.content).toBe('signalbox/extractive is not a language model');
    expect(answer.usage?.completion_tokens).toBe(7);
    const stream = await router.ask({ model, messages, stream: true, max_completion_tokens: 3 });
    expect(textOf(eventsOf(await stream.text()))).toBe('signalbox/extractive is');
  });

  it.each([
    ['n', { n: 2 }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['logprobs', { logprobs: true }],
    ['stop', { stop: ['x'] }],
    ['modalities', { modalities: ['text', 'audio'] }],
    ['messages', { messages: [{ role: 'user', content: 'word '.repeat(30_000) }] }],
  ])('refuses what it cannot do, naming it: %s', async (param, body) => {
    const response = await router.ask({ model, messages, stream: true, ...body });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; param: string; type: string } };
    expect(error).toMatchObject({ param, type: 'invalid_request_error' });
    expect(error.message).toMatch(/^signalbox\/extractive /);
    expect(await router.ledger(requestIdOf(response))).toEqual([]);
  });

  it.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['functions', { functions: [{ name: 'f' }] }],
    [
      'images',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,' } }] }] },
    ],
  ])('is not asked for what it is known not to do, nor named as a model that could: %s', async (_name, body) => {
    const response = await router.ask({ model, messages, stream: true, ...body });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; param: string; code: string } };
    expect(error).toMatchObject({ param: 'model', code: 'model_incapable' });
    expect(error.message).toContain('signalbox/extractive');
    expect(await router.ledger(requestIdOf(response))).toEqual([]);
  });

  it('takes the empty forms of what it cannot do', async () => {
    const response = await router.ask({
      model,
      messages,
      n: 1,
      tools: [],
      stop: null,
      response_format: { type: 'text' },
      temperature: 0.2,
    });
    expect(response.status).toBe(200);
  });
});
