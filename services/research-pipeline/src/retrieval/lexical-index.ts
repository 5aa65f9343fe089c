import { analyseQuestion, analyseTexts } from './analyse-text.ts';

/** BM25's constants as its authors give them: how soon a word's repetition stops counting, and how much length does. */
const [k1, b] = [1.2, 0.75];

/** One text of those that were given, by its place among them. */
export interface Ranked {
  index: number;
  score: number;
}

/** Texts to be searched by words. */
export interface LexicalIndex {
  /** Those that have a word of the question, the best first; of equals the one that was given first. */
  search: (question: string) => Ranked[];
  /** How much more a term says than one that stands everywhere. */
  rarityOf: (term: string) => number;
  /** The terms by which a question is searched. */
  termsOf: (question: string) => readonly string[];
  /** The terms of a text, by its place. */
  termsAt: (index: number) => readonly string[];
}

/** Indexes texts for BM25 (Robertson and Zaragoza, 2009), with the rarity that is never below zero (as Lucene's). */
export async function createLexicalIndex(texts: readonly string[]): Promise<LexicalIndex> {
  const analysed = await analyseTexts(texts);
  const postings = new Map<string, Map<number, number>>();
  let total = 0;
  analysed.forEach(({ terms }, index) => {
    total += terms.length;
    for (const term of terms) {
      const posting = postings.get(term) ?? new Map<number, number>();
      if (posting.size === 0) postings.set(term, posting);
      posting.set(index, (posting.get(index) ?? 0) + 1);
    }
  });
  const lengthMean = Math.max(1, total / Math.max(1, texts.length));

  function rarityOf(term: string): number {
    const holding = postings.get(term)?.size ?? 0;
    return Math.log(1 + (texts.length - holding + 0.5) / (holding + 0.5));
  }

  const termsOf = (question: string): string[] => analyseQuestion(question, analysed);

  return {
    rarityOf,
    termsOf,
    termsAt: (index) => analysed[index]?.terms ?? [],
    search(question) {
      const scores = new Map<number, number>();
      for (const term of termsOf(question)) {
        const rarity = rarityOf(term);
        for (const [index, count] of postings.get(term) ?? []) {
          const length = (analysed[index]?.terms.length ?? 0) / lengthMean;
          const weight = (rarity * count * (k1 + 1)) / (count + k1 * (1 - b + b * length));
          scores.set(index, (scores.get(index) ?? 0) + weight);
        }
      }
      return [...scores]
        .map(([index, score]) => ({ index, score }))
        .sort((one, other) => other.score - one.score || one.index - other.index);
    },
  };
}
