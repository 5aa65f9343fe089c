import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Conversation, ConversationMessage } from '@signalbox/contracts';
import { simulateProvider, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type Answer, type Ask, type OpenedMesh } from '../harness.ts';

const user = (content: string) => ({ role: 'user', content });
const instructions = { role: 'system', content: 'Be brief.' };

describe('conversations that the router remembers, behind two chat-routers (B-47, OD-27)', () => {
  const owned = new AsyncDisposableStack();
  let opened: OpenedMesh;
  let provider: SimulatedProvider;
  beforeAll(async () => {
    provider = owned.use(await simulateProvider());
    opened = owned.use(
      await openMesh({
        gatewayReplicas: 2,
        replicas: { 'chat-router': 2 },
        limits: wideLimits,
        providers: [{ name: 'sim', baseUrl: provider.url, models: ['m'] }],
        routing: { resilience: { retries_max: 0 } },
      }),
    );
  });
  afterAll(() => owned.disposeAsync());

  async function begin(body: Record<string, unknown> = {}): Promise<Conversation> {
    const answer = await opened.ask('/api/v1/conversations', { body });
    expect(answer.status).toBe(201);
    return answer.body as unknown as Conversation;
  }

  function say({ id }: Conversation, body: Record<string, unknown>, ask: Ask = {}): Promise<Answer> {
    const chat = { model: 'sim/m', signalbox: { conversation_id: id }, ...body };
    return opened.ask('/v1/chat/completions', { ...ask, body: chat });
  }

  const pathOf = ({ id }: Conversation) => `/api/v1/conversations/${id}`;

  async function messagesOf(conversation: Conversation): Promise<ConversationMessage[]> {
    const { body } = await opened.ask(`${pathOf(conversation)}/messages?limit=100`);
    return body['data'] as ConversationMessage[];
  }

  function lastAsked(): { role: string; content: string }[] {
    return provider.requests.at(-1)?.json['messages'] as { role: string; content: string }[];
  }

  it('go on whichever router is asked, documents and streams alike', async () => {
    const conversation = await begin({ title: 'Boilers', messages: [instructions] });
    for (const [index, stream] of [false, true, false, true].entries()) {
      const answer = await say(conversation, { stream, messages: [user(`${String(index)}?`)] }, { gateway: index % 2 });
      expect(answer.status).toBe(200);
    }
    expect(lastAsked().map(({ role, content }) => [role, content])).toEqual([
      ['system', 'Be brief.'],
      ['user', '0?'],
      ['assistant', 'Hello from the simulator.'],
      ['user', '1?'],
      ['assistant', 'Hello from the simulator.'],
      ['user', '2?'],
      ['assistant', 'Hello from the simulator.'],
      ['user', '3?'],
    ]);
    const messages = await messagesOf(conversation);
    expect(messages.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(messages.at(-1)).toMatchObject({ model: 'sim/m', message: { role: 'assistant' } });
  });

  it('forget the oldest turns where the window is full, and never the instructions', async () => {
    const conversation = await begin({ messages: [instructions] });
    // Of the 32,000 tokens that are sent at most each turn is a little less than a fifth.
    const turns = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    for (const letter of turns) {
      const answer = await say(conversation, { messages: [user(letter.repeat(25_000))] });
      expect(answer.status).toBe(200);
    }
    const sent = lastAsked();
    expect(sent[0]).toMatchObject(instructions);
    expect(sent.filter(({ role }) => role === 'user').map(({ content }) => content[0])).toEqual([
      'c',
      'd',
      'e',
      'f',
      'g',
    ]);
    // What is not sent is not forgotten.
    expect(await messagesOf(conversation)).toHaveLength(1 + 2 * turns.length);
  });

  it('R16: take a turn once, however often it is sent under one key', async () => {
    const conversation = await begin();
    const asked = provider.requests.length;
    const headers = { 'idempotency-key': 'turn-1' };
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        say(conversation, { messages: [user('Once?')] }, { headers, gateway: index % 2 }),
      ),
    );
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await messagesOf(conversation)).toHaveLength(2);
    expect(provider.requests.length - asked).toBe(1);
  });

  it('take up nothing of an answer that did not become whole', async () => {
    const conversation = await begin();
    provider.behaveOnce({ status: 500 });
    expect((await say(conversation, { messages: [user('One?')] })).status).toBe(502);
    provider.behaveOnce({ fault: 'end_early', faultAfter: 2 });
    expect((await say(conversation, { stream: true, messages: [user('Two?')] })).text).not.toContain('[DONE]');
    expect(await messagesOf(conversation)).toEqual([]);
  });

  it('are exported whole, and deleted with all that was said', async () => {
    const conversation = await begin({ metadata: { team: 'a' }, messages: [user('Hello?')] });
    await opened.ask(pathOf(conversation), { method: 'PATCH', body: { title: 'New' } });
    await opened.ask(`${pathOf(conversation)}/messages`, {
      body: { messages: [{ role: 'assistant', content: 'Yes.', name: 'kept' }] },
    });
    const { body } = await opened.ask(`${pathOf(conversation)}/export`, { gateway: 1 });
    expect(body).toMatchObject({
      conversation: { id: conversation.id, title: 'New', metadata: { team: 'a' }, messages: 2 },
      messages: [{ message: { content: 'Hello?' } }, { message: { content: 'Yes.', name: 'kept' } }],
      exported_at: expect.any(String),
    });
    expect((await opened.ask(pathOf(conversation), { method: 'DELETE' })).status).toBe(204);
    for (const gateway of [0, 1, 0, 1]) {
      for (const part of ['', '/messages', '/export'])
        expect((await opened.ask(pathOf(conversation) + part, { gateway })).status).toBe(404);
    }
    expect((await say(conversation, { messages: [user('Still there?')] })).status).toBe(404);
  });

  it('S15: are not there for another tenant', async () => {
    const conversation = await begin({ messages: [user('secret')] });
    const tenant = await opened.ask('/api/v1/tenants', { body: { name: 'neighbours' } });
    const { key } = tenant.body['api_key'] as { key: string };
    const asked = provider.requests.length;
    const attempts: [string, Ask][] = [
      ['', {}],
      ['/messages', {}],
      ['/export', {}],
      ['', { method: 'PATCH', body: { title: 'mine' } }],
      ['/messages', { body: { messages: [user('x')] } }],
      ['', { method: 'DELETE' }],
    ];
    for (const [part, ask] of attempts)
      expect((await opened.ask(pathOf(conversation) + part, { ...ask, key })).status).toBe(404);
    expect((await say(conversation, { messages: [user('What was said?')] }, { key })).status).toBe(404);
    expect(provider.requests.length).toBe(asked);
    expect(await messagesOf(conversation)).toHaveLength(1);
  });
});
