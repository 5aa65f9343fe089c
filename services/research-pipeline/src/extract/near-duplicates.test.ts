import { describe, expect, it } from '@jest/globals';
import { nearDuplicates } from './near-duplicates.ts';

/** Words that depend on a seed alone. */
function words(count: number, seed: number): string[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return `w${(state >>> 8) % 5_000}`;
  });
}

const groupsOf = (...texts: string[]): number[][] => {
  const sources = texts.map((text, place) => ({ text, place }));
  return nearDuplicates(sources).map((group) => group.map(({ place }) => place));
};

describe('near-duplicates', () => {
  const article = words(800, 1);

  it('are texts that differ in a few words, in case, in punctuation, or in a line around them', () => {
    const edited = article.map((word, place) => (place % 200 === 7 ? 'other' : word));
    expect(
      groupsOf(
        article.join(' '),
        words(800, 2).join(' '),
        edited.join(' '),
        article.join(', ').toUpperCase(),
        `Home | News\n\n${article.join(' ')}\n\nAll rights reserved`,
      ),
    ).toEqual([[0, 2, 3, 4], [1]]);
  });

  it('are not texts that share a subject, a paragraph or their words in another order', () => {
    const half = [...article.slice(0, 400), ...words(400, 3)];
    const shuffled = [...article].sort();
    expect(groupsOf(article.join(' '), half.join(' '), shuffled.join(' '))).toEqual([[0], [1], [2]]);
  });

  it('are told in languages that set no words apart', () => {
    const text =
      '海冰在十一个冬天里由站上的人员测量，他们用手记下了每一个读数，屋顶修好时这些书完整地被发现了。'.repeat(3);
    const same = text.replaceAll('，', ' ');
    const other = '春天来了，河里的水慢慢变暖，鱼儿开始游向上游，孩子们在岸边放风筝，老人坐在树下谈论往事。'.repeat(3);
    expect(groupsOf(text, same, other)).toEqual([[0, 1], [2]]);
  });

  it('are short texts only when they are the same, and never texts without words', () => {
    expect(groupsOf('one two', 'one two!', 'one three', '', '…')).toEqual([[0, 1], [2], [3], [4]]);
  });

  it('every text is in exactly one group, whatever it is', () => {
    const texts = ['', ' ', 'a', 'a', 'ab', '\ud800', '漢', '漢字', '1 2 3 4 5 6', '1 2 3 4 5 6 7'];
    expect(
      groupsOf(...texts)
        .flat()
        .sort((a, b) => a - b),
    ).toEqual(texts.map((_, place) => place));
  });
});
