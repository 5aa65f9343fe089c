import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endOfWord, splitSentences, wordsOf } from './sentence.ts';

const split = (text: string) => splitSentences(text).map((sentence) => sentence.text);

describe('splitting sentences', () => {
  it('does not end a sentence after a title, an initial or an abbreviation', () => {
    expect(split('I met Dr. Smith of the U.S. Army. He quoted J. R. Tolkien, e.g. the songs. Nr. 5 fiel aus.')).toEqual(
      ['I met Dr. Smith of the U.S. Army.', 'He quoted J. R. Tolkien, e.g. the songs.', 'Nr. 5 fiel aus.'],
    );
  });

  it('reads over the line breaks of wrapped text and stops at headings, items and paragraphs', () => {
    const wrapped =
      'The reactor was shut down on Monday because a pump that\nBrown had installed was leaking. It was mended.';
    expect(split(`# Report\n\n${wrapped}\n- first item\n- second item`)).toEqual([
      '# Report',
      'The reactor was shut down on Monday because a pump that\nBrown had installed was leaking.',
      'It was mended.',
      '- first item',
      '- second item',
    ]);
  });

  it('splits languages without spaces', () => {
    expect(split('東京は日本の首都です。人口は多い。')).toEqual(['東京は日本の首都です。', '人口は多い。']);
    expect(wordsOf('東京は日本の首都です。').length).toBeGreaterThan(3);
  });

  it('gives every sentence exactly as it stands in the text, in order, and loses nothing but white space', () => {
    const text = fc.array(
      fc.constantFrom('Dr. ', 'A b', '. ', '\n', '\n\n', '? ', '- x', '🙂', 'x'.repeat(300), ' ', '…', '中。'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((parts) => parts.join('')),
          fc.string({ unit: 'grapheme' }),
        ),
        (given) => {
          const found = splitSentences(given);
          let end = 0;
          for (const sentence of found) {
            expect(given.slice(sentence.start, sentence.end)).toBe(sentence.text);
            expect(given.slice(end, sentence.start).trim()).toBe('');
            end = sentence.end;
          }
          expect(given.slice(end).trim()).toBe('');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds where the n-th word ends', () => {
    expect('One two, three.'.slice(0, endOfWord('One two, three.', 2))).toBe('One two');
    expect(endOfWord('One two, three.', 3)).toBe('One two, three.'.length);
    expect(endOfWord('One', 0)).toBe(0);
  });
});
