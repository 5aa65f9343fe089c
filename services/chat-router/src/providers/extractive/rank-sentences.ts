import { isQuestion, splitSentences, wordsOf } from './sentence.ts';
import { stopWords } from './stop-words.ts';

export interface Quotes {
  /** `matched`: they share words with the question. `central`: a summary was asked for. `none`: nothing fits. */
  kind: 'matched' | 'central' | 'none';
  /** Verbatim, in the order in which they stand in the material, none twice. */
  sentences: readonly string[];
}

/** BM25 with the constants of its authors; a sentence is a document, the material the collection. */
const [k1, b] = [1.2, 0.75];
const matchedMax = 5;
const centralMax = 3;
/** What scores below this part of the best one is not worth quoting. */
const scoreShareMin = 0.35;

const summaryWish =
  /\b(?:summar|sum up|tl;?\s?dr|abstract|overview|gist|key points|main points|zusammenfass|fass\w*\b.*\bzusammen|überblick|résum|resum|riassum|samenvat|streszc|sammanfatt|kort om)|要約|要点|总结|總結|摘要|概括|요약|резюм|кратк|обобщ|ملخص|لخص/iu;

/** Ranks the sentences of the material by what they have in common with the question and gives the best of them. */
export function rankSentences(question: string, material: readonly string[]): Quotes {
  const candidates = candidatesOf(material);
  if (question === '' || summaryWish.test(question)) {
    return { kind: 'central', sentences: pick(candidates, centrality(candidates), centralMax) };
  }
  const asked = new Set(termsOf(question));
  const sentences = pick(candidates, relevance(candidates, asked), matchedMax);
  return { kind: sentences.length === 0 ? 'none' : 'matched', sentences };
}

interface Candidate {
  text: string;
  terms: readonly string[];
}

function candidatesOf(material: readonly string[]): Candidate[] {
  const seen = new Set<string>();
  const candidates: Candidate[] = [];
  for (const text of material) {
    for (const sentence of splitSentences(text)) {
      // A question is no evidence, least of all one that the user asked before.
      if (isQuestion(sentence.text) || seen.has(sentence.text)) continue;
      seen.add(sentence.text);
      candidates.push({ text: sentence.text, terms: termsOf(sentence.text) });
    }
  }
  return candidates;
}

/**
 * The words that bear meaning, folded so that forms of one word meet: lower case, no diacritics, the first six letters
 * (which serves as a stemmer for most languages that inflect at the end).
 */
function termsOf(text: string): string[] {
  const terms: string[] = [];
  for (const word of wordsOf(text)) {
    const lower = word.toLowerCase();
    if (stopWords.has(lower)) continue;
    const folded = lower.normalize('NFKD').replaceAll(/\p{M}/gu, '');
    terms.push(/^[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}]+$/u.test(folded) ? stem(folded) : folded);
  }
  return terms;
}

function stem(word: string): string {
  const singular = word.length > 3 && word.endsWith('s') && !word.endsWith('ss') ? word.slice(0, -1) : word;
  return singular.slice(0, 6);
}

function relevance(candidates: readonly Candidate[], asked: ReadonlySet<string>): number[] {
  const frequency = new Map<string, number>();
  let length = 0;
  for (const { terms } of candidates) {
    length += terms.length;
    for (const term of new Set(terms)) if (asked.has(term)) frequency.set(term, (frequency.get(term) ?? 0) + 1);
  }
  const lengthMean = Math.max(1, length / Math.max(1, candidates.length));
  return candidates.map(({ terms }) => {
    const counts = new Map<string, number>();
    for (const term of terms) if (asked.has(term)) counts.set(term, (counts.get(term) ?? 0) + 1);
    let score = 0;
    for (const [term, count] of counts) {
      const documents = frequency.get(term) ?? 0;
      const rarity = Math.log(1 + (candidates.length - documents + 0.5) / (documents + 0.5));
      score += (rarity * count * (k1 + 1)) / (count + k1 * (1 - b + (b * terms.length) / lengthMean));
    }
    return score;
  });
}

/** How much a sentence speaks of what the whole material speaks of: the mean share of its terms (as in SumBasic). */
function centrality(candidates: readonly Candidate[]): number[] {
  const counts = new Map<string, number>();
  let total = 0;
  for (const term of candidates.flatMap((candidate) => candidate.terms)) {
    counts.set(term, (counts.get(term) ?? 0) + 1);
    total += 1;
  }
  return candidates.map(({ terms }) => {
    const distinct = new Set(terms);
    // Headings and scraps of few words would win by their mean alone.
    if (distinct.size < 4) return distinct.size / (total * 10);
    let share = 0;
    for (const term of distinct) share += (counts.get(term) ?? 0) / total;
    return share / distinct.size;
  });
}

function pick(candidates: readonly Candidate[], scores: readonly number[], countMax: number): string[] {
  const ranked = scores
    .map((score, index) => ({ score, index }))
    .filter(({ score }) => score > 0)
    .sort((one, other) => other.score - one.score || one.index - other.index);
  const best = ranked[0]?.score ?? 0;
  return ranked
    .slice(0, countMax)
    .filter(({ score }) => score >= best * scoreShareMin)
    .sort((one, other) => one.index - other.index)
    .map(({ index }) => candidates[index]?.text ?? '');
}
