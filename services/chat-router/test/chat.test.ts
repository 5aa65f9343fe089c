import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestRouter, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter();
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const messages = [{ role: 'user', content: 'Hello?' }];
function chat(body: object, headers: Record<string, string> = {}) {
  return router.fetch('/api/v1/chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ messages, model: 'sim/small', ...body }),
  });
}

describe('a chat in few words (LA-14)', () => {
  it('gets a text, who said it, and what it took', async () => {
    const response = await chat({ signalbox: { explain: true } });
    expect([response.status, await response.json()]).toMatchObject([
      200,
      {
        role: 'assistant',
        content: 'Hello from the simulator.',
        model: 'sim/small',
        usage: { input_tokens: 11, output_tokens: 5, total_tokens: 16 },
        cost: null,
        routing: { chosen: 'sim/small' },
      },
    ]);
    expect(router.provider.requests.at(-1)?.json).toMatchObject({ max_tokens: 4_096, temperature: 1 });
  });

  it('finds somebody who can, where nobody is named', async () => {
    const given = await chat({ model: undefined });
    expect([given.status, await given.json()]).toMatchObject([200, { model: expect.stringMatching(/\//) }]);
  });

  it('streams the text itself, line by line, and says when it is whole', async () => {
    router.provider.behaveOnce({ pieces: ['One\ntwo', ' three'] });
    const response = await chat({ stream: true });
    expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(await response.text()).toBe('data: One\ndata: two\n\ndata:  three\n\ndata: [DONE]\n\n');
  });

  it('tells within a stream that it broke, and that it is not whole', async () => {
    router.provider.behaveOnce({ fault: 'error', faultAfter: 1 });
    const text = await (await chat({ stream: true })).text();
    expect(text).toMatch(/event: error\ndata: \{"code":"[a-z_]+","detail":"sim gave up/);
    expect(text).not.toContain('[DONE]');
  });

  it('is once what has one Idempotency-Key', async () => {
    const asked = router.provider.requests.length;
    const [first, second] = [await chat({}, { 'idempotency-key': 'k' }), await chat({}, { 'idempotency-key': 'k' })];
    expect(await second.text()).toBe(await first.text());
    expect(router.provider.requests.length).toBe(asked + 1);
  });

  it.each([
    ['messages', { messages: 'Hello?' }],
    ['temperature', { temperature: 3 }],
    ['max_tokens', { max_tokens: 0 }],
    ['stream', { stream: 'yes' }],
    ['tools', { tools: [] }],
  ])('names %s where it is wrong', async (path, more) => {
    const response = await chat(more);
    expect([response.status, await response.json()]).toMatchObject([400, { errors: [{ path }] }]);
  });

  it('tells as a problem, with every attempt, that nobody answered', async () => {
    router.provider.behave({ status: 500 });
    const response = await chat({});
    expect([response.status, response.headers.get('content-type')]).toEqual([502, 'application/problem+json']);
    expect(await response.json()).toMatchObject({
      error_code: 'PROVIDER_ERROR',
      routing: { attempts: [{ outcome: 'failed' }] },
    });
    router.provider.behave({});
  });
});
