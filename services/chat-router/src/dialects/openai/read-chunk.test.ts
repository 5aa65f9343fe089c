import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { messageOf, readChunk, readUsage } from './read-chunk.ts';

const chunk = (choice: object, more: object = {}) =>
  JSON.stringify({ id: 'x', object: 'chat.completion.chunk', choices: [choice], ...more });

describe("reading OpenAI's chunks (B-19, R11)", () => {
  it.each([
    ['text', { delta: { content: 'a' } }],
    ['a tool call', { delta: { tool_calls: [{ index: 0 }] } }],
    ['a refusal', { delta: { refusal: 'no' } }],
    ['a kind of content nobody has heard of', { delta: { hologram: { x: 1 } } }],
    ['a finish reason', { delta: {}, finish_reason: 'stop' }],
  ])('takes %s for content', (_name, choice) => {
    expect(readChunk(chunk(choice)).kind).toBe('content');
  });

  it.each([
    ['a role', chunk({ delta: { role: 'assistant', content: '' }, finish_reason: null })],
    ['an empty delta', chunk({ delta: {} })],
    ['a remark before the choices', '{"choices":[],"prompt_filter_results":[]}'],
    ['a comment', null],
  ])('takes %s for no content', (_name, data) => {
    expect(readChunk(data).kind).toBe('quiet');
  });

  it('tells the chunk that holds only usage from one that holds usage beside content', () => {
    const usage = { prompt_tokens: 5, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 3 } };
    expect(readChunk(JSON.stringify({ choices: [], usage }))).toEqual({
      kind: 'usage',
      usage: { promptTokens: 5, completionTokens: 2, cachedTokens: 3, cacheWriteTokens: null, reasoningTokens: null },
    });
    expect(readChunk(chunk({ delta: {}, finish_reason: 'stop' }, { usage }))).toMatchObject({ kind: 'content' });
    expect(readChunk(chunk({ delta: { content: 'a' } }, { usage: null }))).toMatchObject({
      kind: 'content',
      usage: null,
    });
  });

  it('is not fooled by usage within the text of an answer', () => {
    const reading = readChunk(chunk({ delta: { content: '"usage":{"prompt_tokens":9}' } }));
    expect(reading).toMatchObject({ kind: 'content', usage: null });
  });

  it.each([
    '{"choices":[{"del',
    'null',
    '[]',
    '"text"',
    '<html>',
    '{"choices":[{"delta":{"content":"\u0000"}}]}',
    '{}',
  ])('calls %j invalid', (data) => {
    expect(readChunk(data)).toEqual({ kind: 'invalid' });
  });

  it('knows the end, and an error within the stream', () => {
    expect(readChunk('[DONE]')).toEqual({ kind: 'done', usage: null });
    expect(readChunk('{"error":{"message":"overloaded"}}')).toEqual({
      kind: 'error',
      message: 'overloaded',
      type: null,
    });
    expect(messageOf({ error: 'plain' })).toBe('plain');
    expect(messageOf({ message: 'top' })).toBe('top');
    expect(messageOf({ error: { message: 7 } })).toBeNull();
  });

  it('never throws, and every count it gives fits the ledger', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        readChunk(text);
      }),
    );
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.anything()), (count) => {
        const tokens = readUsage({ prompt_tokens: count })?.promptTokens ?? 0;
        expect(Number.isInteger(tokens) && tokens >= 0 && tokens < 2 ** 31).toBe(true);
      }),
    );
    expect(readUsage({ prompt_tokens: -5, completion_tokens: 1e300 })).toMatchObject({
      promptTokens: 0,
      completionTokens: 2_147_483_647,
    });
  });
});
