import { splitSentences } from '../chunks/split-sentences.ts';
import type { Source } from '../sources/source.ts';
import type { RankableSentence } from './rank-sentences.ts';
import type { RankedEvidence } from './section.ts';

/** A sentence of a source, at its place. */
export interface QuotableSentence extends RankableSentence {
  source: Source;
  start: number;
  end: number;
}

const [charactersMin, charactersMax] = [25, 600];

/**
 * The sentences of the passages, each once, with the score of the best passage that it stands in. What is no sentence of prose
 * (headings, menus, tables, fragments, code) is not among them.
 */
export function quotableSentences(evidence: readonly RankedEvidence[]): QuotableSentence[] {
  const bestScore = Math.max(...evidence.map(({ score }) => score), Number.MIN_VALUE);
  const found = new Map<string, QuotableSentence>();
  for (const { source, chunk, score } of evidence) {
    const passageScore = Math.max(0, Math.min(1, score / bestScore));
    // A passage is of whole sentences, and short: a source may be a book.
    for (const span of splitSentences(chunk.text)) {
      const [start, end] = [chunk.start + span.start, chunk.start + span.end];
      const text = source.text.slice(start, end);
      const key = `${source.sha256}:${start}-${end}`;
      const known = found.get(key);
      if (known === undefined ? isProse(text) : known.passageScore < passageScore)
        found.set(key, { source, start, end, text, passageScore });
    }
  }
  const order = new Map([...new Set(evidence.map(({ source }) => source))].map((source, index) => [source, index]));
  return [...found.values()].sort(
    (one, other) =>
      (order.get(one.source) ?? 0) - (order.get(other.source) ?? 0) || one.start - other.start || one.end - other.end,
  );
}

/** True for what reads as a statement: long enough, ended, and of words for the most part. */
export function isProse(text: string): boolean {
  const plain = text.replaceAll(/\s+/gu, ' ').trim();
  if (plain.length > charactersMax) return false;
  const isWide = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(plain);
  if (plain.length < (isWide ? 8 : charactersMin)) return false;
  if (!/[.!?…。！？؟।][\p{Pe}\p{Pf}"'”’\]\d]*$/u.test(plain)) return false;
  if (/[{}<>|=]{2,}|https?:\/\/\S+$|^\W*(?:table|figure|fig\.) \d/iu.test(plain)) return false;
  const letters = plain.match(/[\p{L}\p{M}]/gu)?.length ?? 0;
  if (letters / plain.length < 0.6) return false;
  return isWide || (plain.match(/[\p{L}\p{M}'’-]+/gu)?.length ?? 0) >= 5;
}
