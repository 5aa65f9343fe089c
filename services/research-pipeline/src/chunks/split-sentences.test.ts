import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { splitSentences } from './split-sentences.ts';

const split = (text: string) => splitSentences(text).map(({ start, end }) => text.slice(start, end));

describe('splitting sentences', () => {
  it.each([
    ['titles', 'I met Dr. Smith. He left.', ['I met Dr. Smith.', 'He left.']],
    ['initials', 'It is by J. R. R. Tolkien. We read it.', ['It is by J. R. R. Tolkien.', 'We read it.']],
    ['figures', 'See Fig. 3 for more. It shows No. 7.', ['See Fig. 3 for more.', 'It shows No. 7.']],
    ['a plain no', 'She said no. Nobody knew why.', ['She said no.', 'Nobody knew why.']],
    ['firms within', 'Acme Inc. Chairman Jones spoke.', ['Acme Inc. Chairman Jones spoke.']],
    [
      'firms at the end',
      'It was sold to Acme Inc. The price was low.',
      ['It was sold to Acme Inc.', 'The price was low.'],
    ],
    [
      'German ordinals',
      'Am 3. Oktober war Feier. Im 19. Jahrhundert nicht.',
      ['Am 3. Oktober war Feier.', 'Im 19. Jahrhundert nicht.'],
    ],
    ['numbers at the end', 'They sold 12. Nobody came.', ['They sold 12.', 'Nobody came.']],
    ['decimals', 'It rose by 3.5 per cent. Then it fell.', ['It rose by 3.5 per cent.', 'Then it fell.']],
    ['references', 'It was closed.[3][note 4] Then it burned.', ['It was closed.[3][note 4]', 'Then it burned.']],
    ['quotations', '“It works.” He smiled.', ['“It works.”', 'He smiled.']],
    ['numbered items', '1. Open the valve.\n2. Close it.', ['1. Open the valve.', '2. Close it.']],
    ['no spaces', '東京は日本の首都です。人口は多い。', ['東京は日本の首都です。', '人口は多い。']],
  ])('knows %s', (_what, text, sentences) => {
    expect(split(text)).toEqual(sentences);
  });

  it('reads over the line breaks of wrapped text and stops at headings, items and paragraphs, whose marks it leaves out', () => {
    const wrapped =
      'The reactor was shut down on Monday because a pump that\r\nBrown had installed was leaking. It was mended.';
    expect(split(`# Report\n\n${wrapped}\n- first item\n- second item\n> quoted`)).toEqual([
      'Report',
      'The reactor was shut down on Monday because a pump that\r\nBrown had installed was leaking.',
      'It was mended.',
      'first item',
      'second item',
      'quoted',
    ]);
  });

  it('cuts what has no stops between words, at 800 characters', () => {
    const found = split('word '.repeat(1_000));
    expect(found.every((piece) => piece.length <= 800 && /^(?:word ?)+$/.test(piece))).toBe(true);
    expect(found.join(' ')).toBe('word '.repeat(1_000).trim());
  });

  it('keeps order, overlaps nothing, splits no character and loses nothing but white space and marks', () => {
    const text = fc.array(
      fc.constantFrom(
        'Dr. ',
        'A b',
        '. ',
        '\n',
        '\n\n',
        '? ',
        '- x',
        '🙂',
        '🙂'.repeat(500),
        ' ',
        '…',
        '中。',
        '.[1] ',
        '# ',
      ),
    );
    const given = fc.oneof(
      text.map((parts) => parts.join('')),
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary' }),
    );
    fc.assert(
      fc.property(given, (source) => {
        let end = 0;
        for (const sentence of splitSentences(source)) {
          expect(sentence.start).toBeGreaterThanOrEqual(end);
          expect(sentence.end - sentence.start).toBeGreaterThan(0);
          expect(sentence.end - sentence.start).toBeLessThanOrEqual(800);
          const piece = source.slice(sentence.start, sentence.end);
          expect(piece).toBe(piece.trim());
          expect(/^[\uDC00-\uDFFF]/.test(piece) && /[\uD800-\uDBFF]$/.test(source.slice(0, sentence.start))).toBe(
            false,
          );
          expect(source.slice(end, sentence.start)).toMatch(/^[\s\-*+•‣◦–—#>|]*$/u);
          end = sentence.end;
        }
        expect(source.slice(end)).toMatch(/^[\s\-*+•‣◦–—#>|]*$/u);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['spaces', ' '.repeat(1_000_000)],
    ['stops', '.'.repeat(1_000_000)],
    ['digits and stops', '1. '.repeat(300_000)],
    ['brackets', '.['.repeat(500_000)],
    ['marks', '- '.repeat(500_000)],
    ['lines', '\n'.repeat(1_000_000)],
    ['one word', 'x'.repeat(1_000_000)],
  ])('is done with a megabyte of %s', (_what, text) => {
    expect(splitSentences(text).length).toBeGreaterThanOrEqual(0);
  });
});
