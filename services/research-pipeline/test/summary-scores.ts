import { judgeSentences } from '../src/verification/verify-sentence.ts';
import { rankSentences } from '../src/writing/rank-sentences.ts';
import type { VerdictName } from '../src/writing/section.ts';
import { aSource } from './report-fixture.ts';
import { bestRouge, type Rouge } from './rouge.ts';

/** An abstract in sentences, its title, and what people wrote to sum it up in a sentence. */
export interface Abstract {
  title: string;
  sentences: readonly string[];
  summaries: readonly string[];
}

export const pickers = {
  first: ({ sentences: [first = ''] }: Abstract) => first,
  'most like the title (cosine)': ({ title, sentences }: Abstract) => byPlainCosine(title, sentences),
  'as sections are written': ({ title, sentences }: Abstract) =>
    rankSentences(
      title,
      sentences.map((text) => ({ text, passageScore: 0 })),
    )[0]?.sentence.text ?? '',
  'best possible': ({ sentences, summaries }: Abstract) => bestOf(sentences, (text) => bestRouge(text, summaries).one),
} as const;

/** The mean of each ROUGE over all abstracts, in percent. */
export function scorePicker(abstracts: readonly Abstract[], pick: (abstract: Abstract) => string): Rouge {
  const scores = abstracts.map((abstract) => bestRouge(pick(abstract), abstract.summaries));
  return {
    one: mean(scores.map(({ one }) => one)),
    two: mean(scores.map(({ two }) => two)),
    longest: mean(scores.map(({ longest }) => longest)),
  };
}

/** The share of each verdict, in percent, over sentences and what they cite. */
export async function shareVerdicts(
  pairs: readonly { sentence: string; cited: string }[],
): Promise<Record<VerdictName, number>> {
  const shares: Record<VerdictName, number> = { quoted: 0, supported: 0, unsupported: 0, 'cannot judge': 0 };
  for (const { sentence, cited } of pairs) {
    const source = aSource(1, 'An abstract', cited);
    const citation = { n: 1, sourceSha256: source.sha256, start: 0, end: cited.length };
    const [{ verdict } = { verdict: 'cannot judge' as const }] = await judgeSentences({
      sentences: [{ text: sentence, citations: [citation] }],
      sources: [source],
      model: null,
      idempotencyKey: 'bench',
      signal: new AbortController().signal,
    });
    shares[verdict] += 100 / pairs.length;
  }
  return shares;
}

/** The sentence with its first figure changed; null where it has none. */
export function withOtherFigure(sentence: string): string | null {
  const changed = sentence.replace(/(?<![\p{L}\d.,-])\d+(?![\p{L}\d])/u, (figure) => String(Number(figure) + 7));
  return changed === sentence ? null : changed;
}

/** The sentence with its first verb negated, as far as a rule can; null where it cannot. */
export function withNegation(sentence: string): string | null {
  const changed = sentence.replace(/\b(is|are|was|were|can|will|does|do|has been|have been)\b(?! not)/u, '$1 not');
  return changed === sentence ? null : changed;
}

function byPlainCosine(title: string, sentences: readonly string[]): string {
  const words = (text: string): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const word of text.toLowerCase().match(/[a-z0-9]+/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    return counts;
  };
  const wanted = words(title);
  const length = (counts: ReadonlyMap<string, number>): number => Math.hypot(...counts.values()) || 1;
  return bestOf(sentences, (text) => {
    const counts = words(text);
    const shared = [...counts].reduce((sum, [word, count]) => sum + count * (wanted.get(word) ?? 0), 0);
    return shared / length(counts) / length(wanted);
  });
}

function bestOf(sentences: readonly string[], score: (text: string) => number): string {
  const scores = sentences.map(score);
  return sentences[scores.indexOf(Math.max(...scores))] ?? '';
}

function mean(values: readonly number[]): number {
  return (values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)) * 100;
}
