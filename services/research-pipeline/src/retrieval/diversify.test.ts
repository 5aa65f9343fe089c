import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { diversify } from './diversify.ts';

const take = (texts: string[], scores: number[], limit: number) =>
  diversify(
    scores.map((score, index) => ({ index, score })),
    { limit, terms: (index) => texts[index]?.split(' ') ?? [], rarityOf: () => 1 },
  ).map(({ index }) => index);

describe('taking passages that differ', () => {
  it('passes over copies of what was taken while there is something else', () => {
    const texts = ['pump leak steam', 'pump leak steam', 'pump leak steam', 'valve rust copper'];
    expect(take(texts, [1, 0.99, 0.98, 0.9], 2)).toEqual([0, 3]);
  });

  it('takes the best first, and copies rather than nothing', () => {
    expect(take(['a b', 'a b'], [1, 0.5], 5)).toEqual([0, 1]);
  });

  it('keeps the order of those that have nothing in common', () => {
    expect(take(['a', 'b', 'c', 'd'], [1, 0.9, 0.8, 0.7], 3)).toEqual([0, 1, 2]);
  });

  it('takes each at most once, no more than asked for, and as many as there are', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 5 }).map((words) => words.join(' '));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 20 }), fc.integer({ min: 1, max: 25 }), (texts, limit) => {
        const scores = texts.map((_text, index) => 1 / (index + 1));
        const taken = take(texts, scores, limit);
        expect(new Set(taken).size).toBe(taken.length);
        expect(taken.length).toBe(Math.min(limit, texts.length));
        if (texts.length > 0) expect(taken[0]).toBe(0);
      }),
    );
  });
});
