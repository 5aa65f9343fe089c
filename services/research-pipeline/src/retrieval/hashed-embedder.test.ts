import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHashedEmbedder, hashedEmbedderName } from './hashed-embedder.ts';

const embedder = createHashedEmbedder();
const options = {
  signal: AbortSignal.timeout(60_000),
  idempotencyKey: 'test',
  spending: {
    reserving: () => Promise.reject(new Error('nothing is to be spent')),
    onUsage: () => {
      throw new Error('nothing is to be spent');
    },
  },
};
const embed = (...texts: string[]) => embedder.embed(texts, options);
const cosine = (one: number[] = [], other: number[] = []) =>
  one.reduce((sum, value, at) => sum + value * (other[at] ?? 0), 0);

describe('the embedder that goes by words', () => {
  it('says by its name what it is, costs nothing and gives vectors of one length, 2,048 numbers each', async () => {
    expect(embedder.name).toBe(hashedEmbedderName);
    expect(embedder.name).toMatch(/^hashed-lexical-/);
    const vectors = await embed('A pump leaked.', '');
    expect(vectors.map(({ length }) => length)).toEqual([2_048, 2_048]);
    expect(cosine(vectors[0], vectors[0])).toBeCloseTo(1, 4);
    expect(vectors[1]?.every((value) => value === 0)).toBe(true);
  });

  it('gives a text the same vector whichever texts are embedded with it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.array(fc.lorem(), { maxLength: 5 }), async (text, others) => {
        expect((await embed(...others, text)).at(-1)).toEqual((await embed(text))[0]);
      }),
      { numRuns: 50 },
    );
  });

  it('puts texts that share words near one another, and others far from them', async () => {
    const [one, like, unlike] = await embed(
      'The copper pump was leaking steam.',
      'Steam leaks out of pumps of copper.',
      'Whales sing in the deep ocean at night.',
    );
    expect(cosine(one, like)).toBeGreaterThan(0.7);
    expect(Math.abs(cosine(one, unlike))).toBeLessThan(0.2);
  });

  it('weighs the words of a question by how rare they are', async () => {
    const rarityOf = (term: string) => (term === 'pump' ? 0.1 : 5);
    const vector = await embedder.embedQuestion('pump whale', {
      ...options,
      termsOf: () => ['pump', 'whale'],
      rarityOf,
    });
    const [pump, whale] = await embed('pump', 'whale');
    expect(cosine(vector, whale)).toBeGreaterThan(10 * cosine(vector, pump));
  });
});
