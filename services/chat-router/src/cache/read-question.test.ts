import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readQuestion, type Reading } from './read-question.ts';

const contextOf = (reading: Reading): string => {
  if (reading.kind === 'unsuitable') throw new Error(reading.reason);
  return reading.question.context;
};
const openAi = (content: unknown, more: Record<string, unknown> = {}) =>
  readQuestion('openai', { model: 'm', temperature: 0, messages: [{ role: 'user', content }], ...more }, null);

describe('B-17: what of a request is its question', () => {
  it('is the last text of a user, in each dialect, and the wording of nothing else', () => {
    expect(openAi('How?')).toMatchObject({ kind: 'question', question: { text: 'How?' } });
    expect(openAi([{ type: 'text', text: 'How?' }])).toMatchObject({ question: { text: 'How?' } });
    expect(readQuestion('anthropic', { messages: [{ role: 'user', content: 'How?' }] }, null)).toMatchObject({
      question: { text: 'How?' },
    });
    expect(readQuestion('openai_responses', { input: 'How?' }, null)).toMatchObject({ question: { text: 'How?' } });
    const item = { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'How?' }] };
    expect(readQuestion('openai_responses', { input: [item] }, null)).toMatchObject({ question: { text: 'How?' } });
  });

  it('leaves everything else to be the same: whatever member differs, the context does', () => {
    const same = contextOf(openAi('How do I reset it?'));
    expect(contextOf(openAi('How can it be reset?'))).toBe(same);
    fc.assert(
      fc.property(
        fc.constantFrom('model', 'temperature', 'seed', 'stream', 'user', 'never_heard_of'),
        fc.uuid(),
        (name, value) => {
          expect(contextOf(openAi('How do I reset it?', { [name]: value }))).not.toBe(same);
        },
      ),
    );
    const before = [{ role: 'system', content: 'Be brief.' }];
    const body = { model: 'm', temperature: 0, messages: [...before, { role: 'user', content: 'How do I reset it?' }] };
    expect(contextOf(readQuestion('openai', body, null))).not.toBe(same);
    expect(
      contextOf(readQuestion('openai', { ...body, messages: body.messages.slice(1) }, 'another profile')),
    ).not.toBe(same);
  });

  it('takes figures for what they say: another year, version or amount is another question', () => {
    expect(contextOf(openAi('What was sold in 2023?'))).not.toBe(contextOf(openAi('What was sold in 2024?')));
    expect(contextOf(openAi('Is v2 out?'))).not.toBe(contextOf(openAi('Is v3 out?')));
    expect(contextOf(openAi('From 1 to 2?'))).not.toBe(contextOf(openAi('From 2 to 1?')));
    expect(contextOf(openAi('What was sold in 2023?'))).toBe(contextOf(openAi('In 2023, what was sold?')));
  });

  it.each([
    ['tools', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['tools', { web_search_options: {} }],
    ['tools', { search_parameters: { mode: 'auto' } }],
    ['several_answers', { n: 2 }],
    [
      'tools',
      {
        messages: [
          { role: 'tool', content: 'x', tool_call_id: '1' },
          { role: 'user', content: 'How?' },
        ],
      },
    ],
    [
      'tools',
      {
        messages: [
          { role: 'assistant', content: null, tool_calls: [{ id: '1' }] },
          { role: 'user', content: 'How?' },
        ],
      },
    ],
    ['not_text', { messages: [{ role: 'assistant', content: 'How?' }] }],
    ['not_text', { messages: [] }],
    ['not_text', { messages: [{ role: 'user', content: ' \n' }] }],
    ['not_text', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }],
    ['not_text', { messages: [{ role: 'user', content: [{ type: 'text', text: 'x', of_tomorrow: 1 }] }] }],
    ['too_long', { messages: [{ role: 'user', content: 'x'.repeat(8_001) }] }],
  ])('is none of use (%s) in %j', (reason, more) => {
    expect(openAi('How?', more)).toEqual({ kind: 'unsuitable', reason });
  });

  it('takes no tool of any dialect for a question', () => {
    const results = [{ role: 'user', content: [{ type: 'tool_result', tool_use_id: '1', content: 'x' }] }];
    expect(readQuestion('anthropic', { messages: results }, null).kind).toBe('unsuitable');
    const output = [
      { type: 'function_call_output', call_id: '1', output: 'x' },
      { role: 'user', content: 'How?' },
    ];
    expect(readQuestion('openai_responses', { input: output }, null).kind).toBe('unsuitable');
  });
});
