import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { IdentityKeys, verifyIdentity } from '@signalbox/identity';
import { createChatRouterModel } from '../src/model/chat-router-model.ts';
import type { ResearchModel } from '../src/model/research-model.ts';

const identityKeys = IdentityKeys.parse(`chat-router:k1:${randomBytes(32).toString('base64url')}`);
const owner = {
  kind: 'api_key',
  principalId: 'key_1',
  tenantId: 'tenant_1',
  scopes: ['research:write', 'chat:write'],
} as const;
const completion = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Yes.' }, finish_reason: 'length' }],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
};

type Respond = (response: ServerResponse) => void;
const json =
  (status: number, body: object, headers: Record<string, string> = {}): Respond =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

/** What speaks chat-router's protocol, and says what it is told to say. */
describe('a model behind chat-router', () => {
  const requests: { headers: IncomingMessage['headers']; body: Record<string, unknown> }[] = [];
  let answers: Respond[];
  let server: ReturnType<typeof createServer>;
  let model: ResearchModel;

  beforeEach(async () => {
    requests.length = 0;
    answers = [];
    server = createServer((request, response) => {
      void request.toArray().then((chunks) => {
        const body = JSON.parse(Buffer.concat(chunks as Buffer[]).toString()) as Record<string, unknown>;
        requests.push({ headers: request.headers, body });
        (answers.shift() ?? json(200, completion))(response);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    model = createChatRouterModel({ url, name: 'sim/m', identityKeys, owner, tags: { job: 'job_1' } });
  });
  afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  const complete = (signal = new AbortController().signal) =>
    model.complete({
      messages: [{ role: 'user', content: 'Well?' }],
      maxTokens: 5,
      idempotencyKey: 'job_1:plan',
      signal,
    });

  it('is asked in the name of the owner, under the key of its step, for one job', async () => {
    answers = [json(200, completion, { 'x-signalbox-cost-usd': '0.0125' })];
    expect(await complete()).toEqual({ text: 'Yes.', inputTokens: 7, outputTokens: 2, costUsd: 0.0125, isCut: true });
    const [{ headers, body } = { headers: {}, body: {} }] = requests;
    const binding = { audience: 'chat-router', method: 'POST', path: '/v1/chat/completions' };
    expect(verifyIdentity(identityKeys, binding, String(headers['x-signalbox-identity'])).principal).toEqual(owner);
    expect(headers['idempotency-key']).toBe('job_1:plan');
    expect(body).toMatchObject({
      model: 'sim/m',
      temperature: 0,
      max_tokens: 5,
      signalbox: { tags: { job: 'job_1' } },
    });
  });

  it('does not know what it cost where the router does not', async () => {
    expect((await complete()).costUsd).toBeNull();
    answers = [json(200, completion, { 'x-signalbox-cache': 'hit' })];
    expect((await complete()).costUsd).toBe(0);
  });

  it('is asked again under the same key for what may pass, and not for what does not', async () => {
    answers = [json(503, {}), (response) => response.destroy(), json(409, {})];
    expect((await complete()).text).toBe('Yes.');
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key']))).toEqual(new Set(['job_1:plan']));
    expect(requests).toHaveLength(4);
    for (const [status, code] of [
      [402, 'budget_exhausted'],
      [403, 'forbidden'],
      [404, 'unprocessable'],
      [400, 'unprocessable'],
    ] as const) {
      requests.length = 0;
      answers = [json(status, { error: { message: 'a secret of the router' } })];
      await expect(complete()).rejects.toMatchObject({ code, message: expect.not.stringContaining('secret') });
      expect([status, requests.length]).toEqual([status, 1]);
    }
  });

  it('is given up at once when the job is, also while it waits to ask again', async () => {
    const controller = new AbortController();
    answers = [json(429, {}, { 'retry-after': '600' })];
    const waiting = complete(controller.signal);
    while (requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
    await expect(complete(controller.signal)).rejects.toThrow();
    expect(requests).toHaveLength(1);
  });

  it('says that it failed where it answers what is no answer', async () => {
    for (const body of [{}, { ...completion, choices: [] }]) {
      answers = [json(200, body)];
      await expect(complete()).rejects.toMatchObject({ code: 'provider_failed' });
    }
  });
});
