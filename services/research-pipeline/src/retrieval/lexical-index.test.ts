import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { analyseText, analyseTexts } from './analyse-text.ts';
import { createLexicalIndex } from './lexical-index.ts';

const found = async (texts: string[], question: string) =>
  (await createLexicalIndex(texts)).search(question).map(({ index }) => index);

describe('ranking by words', () => {
  it('scores every text as the formula of BM25 does when it is worked out for each text by itself', async () => {
    const word = fc.constantFrom('pump', 'valve', 'boiler', 'steam', 'leak', 'rust', 'copper');
    const text = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 12 }), text, async (texts, question) => {
        const terms = (await analyseTexts(texts)).map((each) => each.terms);
        const asked = analyseText(question).terms;
        const mean = terms.reduce((sum, each) => sum + each.length, 0) / terms.length;
        const expected = terms.map((each) =>
          asked.reduce((score, term) => {
            const count = each.filter((one) => one === term).length;
            const holding = terms.filter((one) => one.includes(term)).length;
            const rarity = Math.log(1 + (terms.length - holding + 0.5) / (holding + 0.5));
            return score + (rarity * count * 2.2) / (count + 1.2 * (0.25 + (0.75 * each.length) / mean));
          }, 0),
        );
        const ranked = (await createLexicalIndex(texts)).search(question);
        expect(ranked.map(({ index }) => index).sort()).toEqual(
          expected.flatMap((score, index) => (score > 0 ? [index] : [])).sort(),
        );
        for (const [place, { index, score }] of ranked.entries()) {
          expect(score).toBeCloseTo(expected[index] ?? 0, 9);
          const before = ranked[place - 1];
          if (before !== undefined) expect(before.score).toBeGreaterThanOrEqual(score);
        }
      }),
    );
  });

  it('finds a word in its other forms, and not by the words that stand everywhere', async () => {
    const texts = [
      'The boilers were leaking in the night.',
      'He painted a wall of the house.',
      'What is the matter with it?',
    ];
    expect(await found(texts, 'What is it that leaked from the boiler?')).toEqual([0]);
  });

  it('finds nothing where no word is shared', async () => {
    expect(await found(['The boilers were leaking.'], 'How do whales sing?')).toEqual([]);
    expect(await found([], 'How do whales sing?')).toEqual([]);
    expect(await found(['The boilers were leaking.'], '')).toEqual([]);
  });

  it.each([
    ['German', 'Die Pumpen der Anlage wurden im Mai erneuert und sind dicht.', 'Wann wurde die Pumpe erneuert?'],
    [
      'French',
      'Les pompes de la centrale ont été remplacées dans le bâtiment.',
      'Quand est-ce que la pompe a été remplacée ?',
    ],
    ['Spanish', 'Las bombas de la planta fueron reparadas en mayo por el equipo.', '¿Cuándo fue reparada la bomba?'],
    ['Japanese', '東京は日本の首都です。', '日本の首都はどこですか'],
    ['Russian', 'Насос был заменён в мае.', 'насос'],
  ])('reads %s by its own rules, beside other languages', async (_language, text, question) => {
    const others = [
      'The weather was fine and we went to the sea with them.',
      'El perro come con los gatos de la casa en la noche.',
    ];
    expect((await found([...others, text], question))[0]).toBe(2);
  });

  it('gives equal texts in the order in which they were given', async () => {
    expect(await found(['a steam valve', 'a steam valve', 'a steam valve'], 'steam')).toEqual([0, 1, 2]);
  });
});
