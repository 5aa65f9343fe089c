import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { chunkSource } from './chunk-source.ts';
import { splitSentences } from './split-sentences.ts';

const sha256 = 'a'.repeat(64);
const prose = fc
  .array(
    fc.constantFrom(
      'Dr. ',
      'A pump leaked. ',
      '\n',
      '\n\n',
      '? ',
      '\n- ',
      '🙂',
      'x'.repeat(300),
      'word '.repeat(90),
      '. ',
      '中。',
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(''));
const anyText = fc.oneof(prose, fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

describe('CR-6: the passages of a source', () => {
  it('are verbatim, of at most 1,000 characters and of whole sentences, and every sentence is in one', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const sentences = splitSentences(text);
        const chunks = chunkSource({ sha256, text });
        for (const chunk of chunks) {
          expect(text.slice(chunk.start, chunk.end)).toBe(chunk.text);
          expect(chunk.text.length).toBeLessThanOrEqual(1_000);
          expect(sentences.some(({ start }) => start === chunk.start)).toBe(true);
          expect(sentences.some(({ end }) => end === chunk.end)).toBe(true);
        }
        for (const { start, end } of sentences) {
          expect(chunks.some((chunk) => chunk.start <= start && end <= chunk.end)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('go forward, and share at most 200 characters with the one before', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const chunks = chunkSource({ sha256, text });
        for (const [index, chunk] of chunks.entries()) {
          const before = chunks[index - 1];
          if (before === undefined) continue;
          expect(chunk.start).toBeGreaterThan(before.start);
          expect(chunk.end).toBeGreaterThan(before.end);
          expect(before.end - chunk.start).toBeLessThanOrEqual(200);
        }
      }),
    );
  });

  it('say a short sentence at a border twice', () => {
    const text = Array.from({ length: 30 }, (_, n) => `Sentence number ${String(n)} tells of the same old pump.`).join(
      ' ',
    );
    const [first, second] = chunkSource({ sha256, text });
    expect((first?.end ?? 0) - (second?.start ?? 0)).toBeGreaterThan(100);
  });

  it('have ids that depend on the source and the place alone, none twice', () => {
    const text = 'The same sentence again and again. '.repeat(200);
    const ids = chunkSource({ sha256, text }).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(chunkSource({ sha256, text }).map(({ id }) => id)).toEqual(ids);
    const others = chunkSource({ sha256: 'b'.repeat(64), text }).map(({ id }) => id);
    expect(others.filter((id) => ids.includes(id))).toEqual([]);
  });
});
