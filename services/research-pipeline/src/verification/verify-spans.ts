import type { Source } from '../sources/source.ts';
import type { Citation, Sentence, Verdict } from '../writing/section.ts';

/** The text of a source that is cited. */
export type CitedSource = Pick<Source, 'n' | 'sha256' | 'text'>;

/** The text that a citation points at; null where the source is not there, is another text, or has no such place. */
export function citedText(citation: Citation, sources: readonly CitedSource[]): string | null {
  const source = sources.find(({ n }) => n === citation.n);
  const { start, end } = citation;
  if (source?.sha256 !== citation.sourceSha256 || start < 0 || start >= end || end > source.text.length) return null;
  return source.text.slice(start, end);
}

/** `quoted` when some cited place holds exactly this sentence, letter by letter; else `unsupported`, and why. */
export function verifySpans(
  { text, citations }: Pick<Sentence, 'text' | 'citations'>,
  sources: readonly CitedSource[],
): Verdict {
  if (citations.some((citation) => citedText(citation, sources) === text))
    return { verdict: 'quoted', reason: 'It stands in the source word for word.', method: 'span' };
  const lost = citations.filter((citation) => citedText(citation, sources) === null);
  const reason =
    citations.length === 0
      ? 'It cites nothing.'
      : lost.length === citations.length
        ? 'What it cites is not in the sources of this report.'
        : 'It does not stand in the cited place word for word.';
  return { verdict: 'unsupported', reason, method: 'span' };
}
