import { signIdentity } from '@signalbox/identity';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aCaller, audience, identityKeys, requestIdOf, startTestRouter, type TestRouter } from './harness.ts';

let router: TestRouter;
beforeAll(async () => {
  router = await startTestRouter();
});
afterAll(async () => {
  await router[Symbol.asyncDispose]();
});

const body = JSON.stringify({ model: 'sim/small', messages: [{ role: 'user', content: 'Hello?' }] });
const post = (headers: Record<string, string>, path = '/v1/chat/completions') =>
  fetch(router.url + path, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });

describe('who may ask (law 1, S4)', () => {
  it.each([
    ['POST', '/v1/chat/completions'],
    ['GET', '/v1/models'],
    ['GET', '/v1/models/signalbox/extractive'],
    ['GET', '/api/v1/usage'],
    ['GET', '/api/v1/usage/daily'],
  ])('refuses an unsigned %s %s, however it introduces itself', async (method, path) => {
    const response = await fetch(router.url + path, {
      method,
      ...(method === 'POST' ? { body } : {}),
      headers: {
        'content-type': 'application/json',
        authorization: 'Bearer sbx_live_x',
        'x-tenant-id': 'tenant_a',
        'x-signalbox-identity': 'v1.k1.e30.AAAA',
      },
    });
    expect(response.status).toBe(401);
  });

  it('refuses an identity that was signed for another path, another service or some time ago', async () => {
    const sign = (binding: object, now?: number) =>
      signIdentity(
        identityKeys,
        { audience, method: 'POST', path: '/v1/chat/completions', ...binding },
        aCaller(),
        now,
      );
    const status = async (identity: string) => (await post({ 'x-signalbox-identity': identity })).status;
    expect(await status(sign({}))).toBe(200);
    expect(await status(sign({ path: '/v1/models' }))).toBe(401);
    expect(await status(sign({ method: 'GET' }))).toBe(401);
    expect(await status(sign({}, Date.now() - 60_000))).toBe(401);
  });

  it('refuses a caller without the scope, in OpenAI’s shape, and asks nobody', async () => {
    const asked = router.provider.requests.length;
    const path = '/v1/chat/completions';
    const caller = aCaller({ scopes: ['chat:read'] });
    const identity = signIdentity(identityKeys, { audience, method: 'POST', path }, caller);
    const response = await post({ 'x-signalbox-identity': identity });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { type: 'permission_error' } });
    expect(requestIdOf(response)).toBe(caller.requestId);
    expect(router.provider.requests.length).toBe(asked);
  });
});

describe('hostile requests (S1)', () => {
  it.each([
    ['no model', { model: undefined }, 400],
    ['no messages', { messages: [] }, 400],
    ['a role of its own', { messages: [{ role: 'root', content: 'x' }] }, 400],
    ['stream as text', { stream: 'true' }, 400],
    ['no whole max_tokens', { max_tokens: 1.5 }, 400],
    ['deep nesting', { x: JSON.parse('['.repeat(200) + ']'.repeat(200)) as unknown }, 400],
  ])('%s is refused before anybody is asked', async (_name, given, status) => {
    const asked = router.provider.requests.length;
    const response = await router.ask(given);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(router.provider.requests.length).toBe(asked);
  });

  it('a member that is named twice, a NUL and a model’s name that is none are refused', async () => {
    for (const text of [
      body.replace('{', '{"model":"sim/other",'),
      body.replace('{', '{"mod\\u0065l":"sim/other",'),
      body.replace('Hello', 'a\\u0000b'),
    ]) {
      expect((await router.ask({}, { body: text })).status).toBe(400);
    }
    expect((await router.ask({ model: "x'; drop table usage_records; --" })).status).toBe(404);
    expect((await router.ask({ model: '__proto__' })).status).toBe(404);
    expect((await router.ask({ model: 'constructor/prototype' })).status).toBe(404);
  });
});

describe('what is told to whom (S20)', () => {
  it('no key of a provider, no word of a conversation and no identity appears in any log line or metric', async () => {
    const secret = 'canary-of-a-conversation';
    const failing = ['error', 'cut', 'invalid_json', undefined] as const;
    for (const fault of failing) {
      router.provider.behaveOnce(fault === undefined ? {} : { fault, faultAfter: 1 });
      await (await router.ask({ messages: [{ role: 'user', content: secret }], stream: true })).text();
    }
    router.provider.behaveOnce({ status: 401, errorBody: { error: { message: 'bad key sk-sim-secret' } } });
    await router.ask({ messages: [{ role: 'user', content: secret }] });
    const told = JSON.stringify(router.log) + (await (await fetch(`${router.adminUrl}/metrics`)).text());
    expect(told).toContain('chat.call_failed');
    for (const word of ['sk-sim-secret', secret, 'x-signalbox-identity']) expect(told).not.toContain(word);
  });

  it('OD-10: a log line about a failed call carries the request’s id and trace', async () => {
    router.provider.behaveOnce({ status: 500 });
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    const response = await router.ask({}, { headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01` } });
    const line = router.log.findLast(({ event }) => event === 'chat.call_failed');
    expect(line).toMatchObject({ request_id: requestIdOf(response), trace_id: traceId, provider: 'sim' });
    expect(router.provider.requests.at(-1)?.headers['x-client-request-id']).toBe(requestIdOf(response));
  });
});
