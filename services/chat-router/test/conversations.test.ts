import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Conversation, ConversationMessage } from '@signalbox/contracts';
import { IdentityKeys } from '@signalbox/identity';
import { createTestDatabase, simulateProvider, testStore, type SimulatedProvider } from '@signalbox/test-kit';
import { migrations } from '../migrations/index.ts';
import {
  aCaller,
  answerOver,
  audience,
  startTestSystems,
  type TestSystems,
  newIdentityKeys,
} from './systems-harness.ts';

const owned = new AsyncDisposableStack();
let provider: SimulatedProvider;
let systems: TestSystems;

beforeAll(async () => {
  provider = owned.use(await simulateProvider());
  const database = owned.use(await createTestDatabase({ service: audience, migrations }));
  systems = owned.use(
    await startTestSystems({
      databaseUrl: database.url,
      redisUrl: testStore('SIGNALBOX_TEST_REDIS_URL'),
      identityKeys: IdentityKeys.parse(newIdentityKeys()),
      answer: answerOver(provider.url),
      more: { windowTokensMax: 300 },
    }),
  );
});
afterAll(() => owned.disposeAsync());

const user = (content: string) => ({ role: 'user', content });

async function begin(body: Record<string, unknown> = {}): Promise<Conversation> {
  const response = await systems.send('POST', '/api/v1/conversations', body);
  expect(response.status).toBe(201);
  return (await response.json()) as Conversation;
}

function say(
  conversation: { id: string },
  body: Record<string, unknown>,
  headers: Record<string, string> = {},
  as?: Parameters<TestSystems['send']>[3],
) {
  const chat = { model: 'small', signalbox: { conversation_id: conversation.id }, ...body };
  return systems.send('POST', '/v1/chat/completions', chat, as, headers);
}

async function messagesOf({ id }: { id: string }): Promise<ConversationMessage[]> {
  const response = await systems.fetch(`/api/v1/conversations/${id}/messages?limit=100`);
  return ((await response.json()) as { data: ConversationMessage[] }).data;
}

function lastAsked(): { role: string; content: string }[] {
  return provider.requests.at(-1)?.json['messages'] as { role: string; content: string }[];
}

describe('a conversation (B-47)', () => {
  it('is put in front of what is said next, and takes up what was asked and answered', async () => {
    const conversation = await begin({ title: 'Boilers', messages: [{ role: 'system', content: 'Be brief.' }] });
    expect(conversation).toMatchObject({ title: 'Boilers', messages: 1 });
    const answered = await say(conversation, { messages: [user('One?')] });
    expect([answered.status, await answered.json()]).toEqual([
      200,
      expect.objectContaining({ object: 'chat.completion' }),
    ]);
    await (await say(conversation, { messages: [user('Two?')] })).text();
    expect(lastAsked()).toMatchObject([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'One?' },
      { role: 'assistant', content: 'Hello from the simulator.' },
      { role: 'user', content: 'Two?' },
    ]);
    expect(
      (await messagesOf(conversation)).map(({ position, model, message }) => [position, model, message.role]),
    ).toEqual([
      [1, null, 'system'],
      [2, null, 'user'],
      [3, 'small', 'assistant'],
      [4, null, 'user'],
      [5, 'small', 'assistant'],
    ]);
  });

  it('takes up a streamed answer before the client hears that it is whole', async () => {
    const conversation = await begin();
    const stream = await say(conversation, { stream: true, messages: [user('Stream?')] });
    expect(await stream.text()).toContain('data: [DONE]');
    expect((await messagesOf(conversation)).map(({ message }) => message.content)).toEqual([
      'Stream?',
      'Hello from the simulator.',
    ]);
  });

  it('takes up nothing of an answer that did not become whole', async () => {
    const conversation = await begin();
    provider.behaveOnce({ status: 500 });
    expect((await say(conversation, { messages: [user('One?')] })).status).toBe(502);
    provider.behaveOnce({ fault: 'end_early', faultAfter: 2 });
    await (await say(conversation, { stream: true, messages: [user('Two?')] })).text();
    expect(await messagesOf(conversation)).toEqual([]);
  });

  it('forgets the oldest turns first where all do not fit, and never the instructions', async () => {
    const conversation = await begin({ messages: [{ role: 'system', content: 'Be brief.' }] });
    for (const letter of ['a', 'b', 'c'])
      await (await say(conversation, { messages: [user(letter.repeat(400))] })).text();
    expect(lastAsked().map(({ content }) => content[0])).toEqual(['B', 'b', 'H', 'c']);
    const tooMuch = await say(conversation, { messages: [user('x'.repeat(5_000))] });
    expect([tooMuch.status, await tooMuch.json()]).toEqual([
      400,
      expect.objectContaining({ error: expect.objectContaining({ code: 'context_length_exceeded' }) }),
    ]);
  });

  it('does not repeat instructions that the client sends with every turn', async () => {
    const conversation = await begin();
    const system = { role: 'system', content: 'Be brief.' };
    for (const text of ['One?', 'Two?']) await (await say(conversation, { messages: [system, user(text)] })).text();
    expect(lastAsked().filter(({ role }) => role === 'system')).toHaveLength(1);
  });

  it('adds a turn once, however often it is sent under one key', async () => {
    const conversation = await begin();
    const key = { 'idempotency-key': 'turn-1' };
    for (let count = 0; count < 3; count += 1)
      await (await say(conversation, { messages: [user('Once?')] }, key)).text();
    expect(await messagesOf(conversation)).toHaveLength(2);
    expect(lastAsked()).toHaveLength(1);
  });

  it('takes 20 turns at once, each whole and at a place of its own', async () => {
    const conversation = await begin();
    const turns = Array.from({ length: 20 }, (_, index) =>
      say(conversation, { messages: [user(`${String(index)}?`)] }),
    );
    for (const turn of await Promise.all(turns)) expect(turn.status).toBe(200);
    const messages = await messagesOf(conversation);
    expect(messages.map(({ position }) => position)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(messages.filter((_, index) => index % 2 === 1).every(({ message }) => message.role === 'assistant')).toBe(
      true,
    );
  });

  it('is listed, renamed, exported and deleted with all that was said', async () => {
    const conversation = await begin({ messages: [user('Hello?')], metadata: { team: 'a' } });
    const path = `/api/v1/conversations/${conversation.id}`;
    const renamed = await systems.send('PATCH', path, { title: 'New' });
    expect(await renamed.json()).toMatchObject({ title: 'New', metadata: { team: 'a' } });
    await systems.send('POST', `${path}/messages`, {
      messages: [{ role: 'assistant', content: 'Yes.', name: 'kept' }],
    });
    const exported = (await (await systems.fetch(`${path}/export`)).json()) as { messages: ConversationMessage[] };
    expect(exported).toMatchObject({
      conversation: { id: conversation.id, title: 'New', messages: 2 },
      messages: [{ message: { content: 'Hello?' } }, { message: { content: 'Yes.', name: 'kept' } }],
    });
    const listed = (await (await systems.fetch('/api/v1/conversations?limit=1')).json()) as { data: Conversation[] };
    expect(listed.data).toMatchObject([{ id: conversation.id }]);
    expect((await systems.fetch(path, { method: 'DELETE' })).status).toBe(204);
    for (const gone of [path, `${path}/messages`, `${path}/export`])
      expect((await systems.fetch(gone)).status).toBe(404);
    const { rows } = await systems.db.pool.query('select 1 from conversation_messages where conversation_id = $1', [
      conversation.id,
    ]);
    expect(rows).toEqual([]);
    expect((await say(conversation, { messages: [user('Still there?')] })).status).toBe(404);
  });
});

describe('another tenant (S15)', () => {
  it('finds no conversation of ours, whatever it asks for', async () => {
    const conversation = await begin({ messages: [user('secret')] });
    const other = aCaller();
    const path = `/api/v1/conversations/${conversation.id}`;
    const asked = provider.requests.length;
    const answers = await Promise.all([
      systems.fetch(path, {}, other),
      systems.fetch(`${path}/messages`, {}, other),
      systems.fetch(`${path}/export`, {}, other),
      systems.send('PATCH', path, { title: 'mine' }, other),
      systems.send('POST', `${path}/messages`, { messages: [user('x')] }, other),
      systems.fetch(path, { method: 'DELETE' }, other),
      say(conversation, { messages: [user('What was said?')] }, {}, other),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(Array(7).fill(404));
    expect(provider.requests.length).toBe(asked);
    expect(await messagesOf(conversation)).toHaveLength(1);
    const listed = (await (await systems.fetch('/api/v1/conversations', {}, other)).json()) as { data: unknown[] };
    expect(listed.data).toEqual([]);
  });

  it('and whoever may only read changes nothing', async () => {
    const reader = aCaller({ tenantId: systems.caller.principal.tenantId, scopes: ['chat:read'] });
    const conversation = await begin();
    const path = `/api/v1/conversations/${conversation.id}`;
    expect((await systems.fetch(path, {}, reader)).status).toBe(200);
    expect((await systems.fetch(path, { method: 'DELETE' }, reader)).status).toBe(403);
    expect((await systems.send('POST', '/api/v1/conversations', {}, reader)).status).toBe(403);
  });
});

describe('what is no conversation', () => {
  it.each([
    ['a member of its own', { tenant_id: 'other' }],
    ['a role of its own', { messages: [{ role: 'root', content: 'x' }] }],
    ['a title that is none', { title: '' }],
  ])('%s is refused', async (_name, body) => {
    expect((await systems.send('POST', '/api/v1/conversations', body)).status).toBe(400);
  });
});
