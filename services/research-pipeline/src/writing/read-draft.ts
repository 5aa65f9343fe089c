import { splitSentences, type Span } from '../chunks/split-sentences.ts';
import type { UnjudgedSentence } from '../verification/verify-sentence.ts';
import type { Citation } from './section.ts';
import type { Passage } from './show-passages.ts';
import { likeness, rarityOf, termsOf, vectorOf } from './terms.ts';

export interface Draft {
  sentences: UnjudgedSentence[];
  droppedCitations: number;
  droppedLinks: number;
}

const marker = /\s*\[\s*(\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*)\s*\]/gu;
const link = /\[([^\]]*)\]\((?:[^()\s]|\([^()\s]*\))*\)|<?(?:https?:\/\/|www\.)[^\s<>)\]]+>?/giu;

/**
 * Reads what a model wrote: each sentence with the places that its numbers stand for. Numbers that no passage has and
 * addresses are left out and counted; headings and list marks fall away.
 */
export function readDraft(text: string, passages: readonly Passage[], sentencesMax: number): Draft {
  let droppedLinks = 0;
  const prose = text
    .replaceAll(link, (_found, label: string | undefined) => {
      droppedLinks += 1;
      return label ?? '';
    })
    .replaceAll(/^\s*(?:#{1,6}\s.*|[-*_]{3,}\s*)$/gmu, '')
    .replaceAll(/^\s*(?:[-*+•]|\d{1,2}[.)])\s+/gmu, '')
    .replaceAll(/\*\*|__|`/gu, '')
    // A number behind the stop belongs to the sentence before it.
    .replaceAll(/([.!?…。！？]["'”’)]*)((?:\s*\[[\d\s,;–-]+\])+)/gu, '$2$1');
  let droppedCitations = 0;
  const sentences: UnjudgedSentence[] = [];
  for (const { start, end } of splitSentences(prose)) {
    if (sentences.length === sentencesMax) break;
    const written = prose.slice(start, end);
    const numbers = [...written.matchAll(marker)].flatMap(([, list = '']) => numbersOf(list));
    const bare = written
      .replaceAll(marker, '')
      .replaceAll(/\s+([.,;:!?])/gu, '$1')
      .replaceAll(/\s+/gu, ' ')
      .trim();
    if (!/[\p{L}\p{N}]/u.test(bare)) continue;
    const known = [...new Set(numbers)].filter((number) => passages.some((passage) => passage.number === number));
    droppedCitations += new Set(numbers).size - known.length;
    const citations = known.flatMap((number) => {
      const passage = passages.find((one) => one.number === number);
      return passage === undefined ? [] : citationsOf(bare, passage);
    });
    sentences.push({ text: bare, citations });
  }
  return { sentences, droppedCitations, droppedLinks };
}

/** `2, 4-6` names 2, 4, 5 and 6. */
function numbersOf(list: string): number[] {
  return list.split(/[,;]/u).flatMap((part) => {
    const [from = 0, to = from] = part.split(/[–-]/u).map(Number);
    return to < from || to - from > 20 ? [from] : Array.from({ length: to - from + 1 }, (_, index) => from + index);
  });
}

/** The sentences of the passage that are most like what cites it: where to look, more closely than a whole passage. */
function citationsOf(text: string, { source, start, end }: Passage): Citation[] {
  const sentences = splitSentences(source.text.slice(start, end)).map((span) => ({
    start: start + span.start,
    end: start + span.end,
  }));
  const citation = (span: Span): Citation => ({
    n: source.n,
    sourceSha256: source.sha256,
    start: span.start,
    end: span.end,
  });
  if (sentences.length <= 2) return [citation({ start, end })];
  const terms = sentences.map((span) => termsOf(source.text.slice(span.start, span.end)));
  const rarity = rarityOf(terms);
  const wanted = vectorOf(termsOf(text), rarity);
  const scores = terms.map((of) => likeness(wanted, vectorOf(of, rarity)));
  const best = Math.max(...scores);
  if (best === 0) return [citation({ start, end })];
  // Neighbours that say part of it belong to the place.
  const chosen = scores.flatMap((score, index) => (score >= best * 0.5 ? [index] : []));
  const [first = 0, last = 0] = [chosen[0], chosen.at(-1)];
  return last - first <= 3
    ? [citation({ start: sentences[first]?.start ?? start, end: sentences[last]?.end ?? end })]
    : chosen.slice(0, 4).map((index) => citation(sentences[index] ?? { start, end }));
}
