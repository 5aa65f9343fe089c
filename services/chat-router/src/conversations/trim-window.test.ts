import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { trimWindow } from './trim-window.ts';

interface Message {
  role: string;
  tokens: number;
  id: number;
}

const roles = ['system', 'developer', 'user', 'assistant', 'tool'];
const conversations = fc
  .array(fc.record({ role: fc.constantFrom(...roles), tokens: fc.nat(50) }), { maxLength: 30 })
  .map((given): Message[] => given.map((message, id) => ({ ...message, id })));
const trim = (messages: Message[], tokensMax: number) => trimWindow(messages, tokensMax, ({ tokens }) => tokens);

describe('what of a conversation is sent (B-47)', () => {
  it('keeps the instructions and the last turns that fit', () => {
    const conversation = [
      ['system', 5],
      ['user', 10],
      ['assistant', 10],
      ['user', 4],
      ['assistant', 3],
      ['tool', 2],
      ['assistant', 1],
      ['user', 6],
    ].map(([role, tokens], id) => ({ role: String(role), tokens: Number(tokens), id }));
    const { messages, dropped, tokens, fits } = trim(conversation, 21);
    expect(messages.map(({ id }) => id)).toEqual([0, 3, 4, 5, 6, 7]);
    expect({ dropped, tokens, fits }).toEqual({ dropped: 2, tokens: 21, fits: true });
    expect(trim(conversation, 20).messages.map(({ id }) => id)).toEqual([0, 7]);
  });

  it('never drops an instruction or the last turn, never reorders, and never exceeds what it may unless it must', () => {
    fc.assert(
      fc.property(conversations, fc.nat(400), (conversation, tokensMax) => {
        const { messages, dropped, tokens, fits } = trim(conversation, tokensMax);
        const ids = messages.map(({ id }) => id);
        expect(ids).toEqual(ids.toSorted((one, other) => one - other));
        expect(dropped).toBe(conversation.length - messages.length);
        expect(tokens).toBe(messages.reduce((sum, message) => sum + message.tokens, 0));
        for (const { role, id } of conversation)
          if (role === 'system' || role === 'developer') expect(ids).toContain(id);
        expect(ids.at(-1)).toBe(conversation.at(-1)?.id);
        expect(fits).toBe(tokens <= tokensMax);
        if (!fits) {
          // Only what must stay: no turn but the last.
          const turns = messages.filter(({ role }, at) => role === 'user' && messages[at - 1]?.role !== 'user');
          expect(turns.length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('never leaves a tool’s result without the call before it', () => {
    fc.assert(
      fc.property(conversations, fc.nat(400), (conversation, tokensMax) => {
        const kept = new Set(trim(conversation, tokensMax).messages);
        for (const [at, message] of conversation.entries()) {
          if (message.role !== 'tool' || !kept.has(message)) continue;
          const before = conversation.slice(0, at).findLast(({ role }) => role !== 'system' && role !== 'developer');
          if (before !== undefined) expect(kept.has(before)).toBe(true);
        }
      }),
    );
  });

  it('keeps more where more may be kept', () => {
    fc.assert(
      fc.property(conversations, fc.nat(300), fc.nat(100), (conversation, tokensMax, more) => {
        const few = new Set(trim(conversation, tokensMax).messages);
        const many = new Set(trim(conversation, tokensMax + more).messages);
        for (const message of few) expect(many.has(message)).toBe(true);
      }),
    );
  });
});
