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
 * The sentences that stand whole within the passages, each once, with the score of the best passage that it stands in. What
 * is no sentence of prose (headings, menus, tables, fragments, code) is not among them.
 */
export function quotableSentences(evidence: readonly RankedEvidence[]): QuotableSentence[] {
  const bestScore = Math.max(...evidence.map(({ score }) => score), Number.MIN_VALUE);
  const bySource = new Map<Source, { start: number; end: number; score: number }[]>();
  for (const { source, chunk, score } of evidence)
    bySource.set(source, [...(bySource.get(source) ?? []), { start: chunk.start, end: chunk.end, score }]);
  const found: QuotableSentence[] = [];
  for (const [source, passages] of bySource) {
    for (const { start, end } of splitSentences(source.text)) {
      const scores = passages.flatMap((passage) =>
        passage.start <= start && end <= passage.end ? [passage.score] : [],
      );
      if (scores.length === 0) continue;
      const text = source.text.slice(start, end);
      const passageScore = Math.max(0, Math.min(1, Math.max(...scores) / bestScore));
      if (isProse(text)) found.push({ source, start, end, text, passageScore });
    }
  }
  return found;
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
