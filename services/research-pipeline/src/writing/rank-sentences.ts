import { likeness, rarityOf, termsOf, vectorOf, type TermVector } from './terms.ts';

export interface RankableSentence {
  text: string;
  /** How well the passage fits that it stands in, from 0 to 1. */
  passageScore: number;
}

export interface RankedSentence<Given extends RankableSentence> {
  sentence: Given;
  score: number;
  vector: TermVector;
}

/** How much of the score each sign makes; `npm run bench -- summaries` shows what comes of it. */
const weights = { question: 1, centre: 0.5, passage: 0.15, claim: 0.15, leaning: -0.1 };
/** A sentence that says what its text does, or what was found, is more worth than one that leads up to it. */
const claim =
  /\b(?:(?:we|this (?:paper|work|article|report|study)|the (?:paper|authors|report|study))\s+(?:\w+ )?(?:propos|present|introduc|show|demonstrat|describ|develop|find|found|prov|investigat|stud|report|argu|establish)\w*|results? (?:show|indicate|suggest)|in (?:summary|conclusion))\b/iu;

/** A sentence that goes on from the one before says less when it stands alone. */
const leaning =
  /^(?:such|this|these|those|it|its|they|their|he|his|she|her|however|but|and|or|so|therefore|thus|hence|also|moreover|furthermore|additionally|instead|then|here|dies|diese|dieser|dieses|sie|er|es|doch|aber|daher)\b/iu;

/**
 * Orders sentences by how much they say to a question: the words they share with it, weighted by rarity; how near they are to
 * what all of the sentences are about; how well their passage fits; whether they state something; and whether they stand alone. The best first; of
 * equals the one that was given first.
 */
export function rankSentences<Given extends RankableSentence>(
  question: string,
  sentences: readonly Given[],
): RankedSentence<Given>[] {
  const asked = termsOf(question);
  const terms = sentences.map(({ text }) => termsOf(text));
  const rarity = rarityOf([...terms, asked]);
  const wanted = vectorOf(asked, rarity);
  const vectors = terms.map((of) => vectorOf(of, rarity));
  const centre = centreOf(vectors);
  return sentences
    .map((sentence, index) => {
      const vector = vectors[index] ?? new Map<string, number>();
      const score =
        weights.question * likeness(wanted, vector) +
        weights.centre * likeness(centre, vector) +
        weights.passage * sentence.passageScore +
        signOf(sentence.text);
      return { sentence, score, vector, index };
    })
    .sort((one, other) => other.score - one.score || one.index - other.index)
    .map(({ sentence, score, vector }) => ({ sentence, score, vector }));
}

function signOf(text: string): number {
  if (claim.test(text)) return weights.claim;
  return leaning.test(text) ? weights.leaning : 0;
}

/** What all of the vectors have in common, of length 1. */
function centreOf(vectors: readonly TermVector[]): TermVector {
  const sum = new Map<string, number>();
  for (const vector of vectors) for (const [term, weight] of vector) sum.set(term, (sum.get(term) ?? 0) + weight);
  const length = Math.sqrt([...sum.values()].reduce((total, weight) => total + weight * weight, 0));
  return new Map(length === 0 ? [] : [...sum].map(([term, weight]) => [term, weight / length] as const));
}

/**
 * Takes so many of the ranked ones, each time the one that is best and least like those that were taken before: a report that
 * says a thing twice says it once too often.
 */
export function pickDiverse<Given extends RankableSentence>(
  ranked: readonly RankedSentence<Given>[],
  { count, likenessMax = 0.7 }: { count: number; likenessMax?: number },
): RankedSentence<Given>[] {
  const waiting = [...ranked];
  const taken: RankedSentence<Given>[] = [];
  while (taken.length < count && waiting.length > 0) {
    let best = 0;
    let bestWorth = -Infinity;
    waiting.forEach(({ score, vector }, index) => {
      const nearest = Math.max(0, ...taken.map((one) => likeness(one.vector, vector)));
      const worth = nearest > likenessMax ? -1 : score - 0.5 * nearest;
      if (worth > bestWorth) [best, bestWorth] = [index, worth];
    });
    const [chosen] = waiting.splice(best, 1);
    if (chosen === undefined || bestWorth === -1) break;
    taken.push(chosen);
  }
  return taken;
}
