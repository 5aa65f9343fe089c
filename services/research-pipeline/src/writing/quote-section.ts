import { verifySpans } from '../verification/verify-spans.ts';
import { quotableSentences, type QuotableSentence } from './quotable-sentences.ts';
import { pickDiverse, rankSentences } from './rank-sentences.ts';
import type { RankedEvidence, Section, Sentence } from './section.ts';
import { likeness, termsOf } from './terms.ts';

export interface QuoteSectionInput {
  heading: string;
  question: string;
  evidence: readonly RankedEvidence[];
  /** How many sentences at most. */
  sentencesMax: number;
  /** What other sections said already: hashes and places, as `quoteKey` makes them. */
  taken?: ReadonlySet<string>;
}

/**
 * A section out of the sources' own sentences: those that say most to the question, none of them twice, and those of one
 * source together, in the order in which they stand there. Every sentence is `source.text.slice(start, end)` and nothing else.
 */
export function quoteSection({
  heading,
  question,
  evidence,
  sentencesMax,
  taken = new Set(),
}: QuoteSectionInput): Section {
  const candidates = distinct(quotableSentences(evidence)).filter((sentence) => !taken.has(quoteKey(sentence)));
  const asked = new Set(termsOf(`${heading} ${question}`));
  const ranked = rankSentences(`${heading} ${question}`, candidates).filter(
    ({ vector }) => asked.size === 0 || likeness(new Map([...asked].map((term) => [term, 1])), vector) > 0,
  );
  const picked = pickDiverse(ranked, { count: sentencesMax });
  const sourceOrder = new Map<QuotableSentence['source'], number>();
  for (const { sentence } of picked)
    if (!sourceOrder.has(sentence.source)) sourceOrder.set(sentence.source, sourceOrder.size);
  const sentences = picked
    .map(({ sentence }) => sentence)
    .sort(
      (one, other) =>
        (sourceOrder.get(one.source) ?? 0) - (sourceOrder.get(other.source) ?? 0) || one.start - other.start,
    )
    .map(quoteOf);
  return { heading, question, sentences, droppedCitations: 0, droppedLinks: 0 };
}

/** One place in one text, as a text. */
function quoteKey({ source, start, end }: Pick<QuotableSentence, 'source' | 'start' | 'end'>): string {
  return `${source.sha256}:${start}-${end}`;
}

/** A sentence of a source as a sentence of the report. */
function quoteOf({ source, start, end, text }: QuotableSentence): Sentence {
  const citations = [{ n: source.n, sourceSha256: source.sha256, start, end }];
  return { text, citations, ...verifySpans({ text, citations }, [source]) };
}

/** Each wording once: what two sources share is quoted from the first of them. */
function distinct(sentences: readonly QuotableSentence[]): QuotableSentence[] {
  const seen = new Set<string>();
  return sentences.filter(({ text }) => {
    const key = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}]+/gu, ' ')
      .trim();
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}
