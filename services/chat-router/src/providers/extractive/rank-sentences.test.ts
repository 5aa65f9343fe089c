import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readConversation } from './read-conversation.ts';
import { rankSentences } from './rank-sentences.ts';

const report = `The plant was opened in 1974 by Dr. Ada Brown. It employs 300 people and makes paper.
In March the boiler failed because a valve had corroded. The repair cost 40,000 euros and took nine days.
Visitors are welcome on Sundays. The canteen serves soup.`;

describe('ranking sentences', () => {
  it('quotes what answers the question, verbatim and in the order of the material', () => {
    const { kind, sentences } = rankSentences('Why did the boiler fail and what did the repairs cost?', [report]);
    expect(kind).toBe('matched');
    expect(sentences).toEqual([
      'In March the boiler failed because a valve had corroded.',
      'The repair cost 40,000 euros and took nine days.',
    ]);
  });

  it('quotes nothing when no sentence shares a word with the question', () => {
    expect(rankSentences('Who discovered penicillin?', [report])).toEqual({ kind: 'none', sentences: [] });
  });

  it('quotes the central sentences when a summary is asked for', () => {
    const { kind, sentences } = rankSentences('Please summarise this.', [report]);
    expect(kind).toBe('central');
    expect(sentences.length).toBeGreaterThan(0);
    for (const sentence of sentences) expect(report).toContain(sentence);
  });

  it.each([
    [
      'Wann wurde die Fabrik eröffnet?',
      'Der Chef heißt Müller. Die Fabrik eröffnete 1974. Es gibt Suppe.',
      'Die Fabrik eröffnete 1974.',
    ],
    [
      'Où est née Marie Curie ?',
      'Le ciel est bleu. Marie Curie naquit à Varsovie. Elle aimait la physique.',
      'Marie Curie naquit à Varsovie.',
    ],
    ['日本の首都はどこですか？', '空は青い。日本の首都は東京です。', '日本の首都は東京です。'],
    ['Когда открыли завод?', 'Небо синее. Завод был открыт в 1974 году.', 'Завод был открыт в 1974 году.'],
  ])('answers %s', (question, material, expected) => {
    expect(rankSentences(question, [material]).sentences).toContain(expected);
  });

  it('never quotes what does not stand in the material, nor anything twice', () => {
    const piece = fc.constantFrom(
      'alpha beta. ',
      'Gamma delta alpha! ',
      'Is beta here? ',
      '\n',
      'Dr. Epsilon beta. ',
      '中文。',
    );
    const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, fc.constantFrom('alpha beta?', 'summarise', 'Epsilon', ''), (one, other, question) => {
        const { sentences } = rankSentences(question, [one, other]);
        expect(new Set(sentences).size).toBe(sentences.length);
        for (const sentence of sentences) expect(one.includes(sentence) || other.includes(sentence)).toBe(true);
      }),
    );
  });
});

describe('reading a conversation', () => {
  const user = (content: string) => ({ role: 'user' as const, content });

  it('finds the question after, before and within the material', () => {
    expect(readConversation([user(`${report}\n\nWho opened the plant?`)])).toMatchObject({
      question: 'Who opened the plant?',
    });
    expect(readConversation([user(`Who opened the plant?\n\n${report}`)])).toMatchObject({
      question: 'Who opened the plant?',
    });
    expect(readConversation([user(`Context:\n${report}\n\nQuestion: who opened the plant?\nAnswer:`)])).toMatchObject({
      question: 'Question: who opened the plant?',
    });
  });

  it('takes an instruction for the question', () => {
    expect(readConversation([user(`Summarise the following:\n\n${report}`)]).question).toBe('Summarise the following:');
    expect(readConversation([user(`${report}\n\nDescribe the boiler`)]).question).toBe('Describe the boiler');
  });

  it('takes material from instructions, tools and earlier messages, and none from what a model said', () => {
    const { question, material } = readConversation([
      { role: 'system', content: 'From the system.' },
      user('From before.'),
      { role: 'assistant', content: 'Made up by a model.' },
      user('What then?'),
      { role: 'tool', content: [{ type: 'text', text: 'From a tool.' }] },
    ]);
    expect(question).toBe('What then?');
    expect(material).toEqual(['From the system.', 'From before.', 'From a tool.']);
  });

  it('finds no material in a bare question', () => {
    expect(readConversation([user('What is the capital of France?')]).material).toEqual([]);
    expect(readConversation([user('Hello')]).material).toEqual([]);
  });
});
