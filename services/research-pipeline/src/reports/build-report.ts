import { createHash } from 'node:crypto';
import type { Analysis } from '../analysis/analysis.ts';
import type { SearchOutcome, Source } from '../sources/source.ts';
import { verificationLimits } from '../verification/verify-sentence.ts';
import { citedText } from '../verification/verify-spans.ts';
import type { Citation, Section, Sentence, VerdictName } from '../writing/section.ts';
import type {
  Amounts,
  Report,
  ReportCitation,
  ReportMode,
  ReportSentence,
  ReportSource,
  ReportWarning,
} from './report.ts';

export interface BuildReportInput {
  jobId: string;
  topic: string;
  language: string | null;
  asOf: Date;
  mode: ReportMode;
  sections: readonly Section[];
  analysis: Analysis | null;
  sources: readonly Source[];
  searches: readonly SearchOutcome[];
  warnings: readonly ReportWarning[];
  degraded: readonly string[];
  budget: Amounts;
  spent: Amounts;
  /** Why it is finished before its time; null: it is whole. */
  partialReason: string | null;
}

const nothingFound = 'No sources found. Nothing was written, since there is nothing to write from.';

/**
 * Puts a report together. Each citation gets what stands at its place, out of the source itself; one that points at no place of
 * any source is left out and counted, and its sentence is judged anew for it.
 */
export function buildReport(input: BuildReportInput): Report {
  const { sources } = input;
  let droppedCitations = input.sections.reduce((sum, section) => sum + section.droppedCitations, 0);
  const cited = new Map<number, number>();
  const sections = input.sections
    .filter(({ sentences }) => sentences.length > 0)
    .map(({ heading, question, sentences }) => ({
      heading,
      question,
      sentences: sentences.map((sentence) => {
        const shown = reportSentence(sentence, sources);
        droppedCitations += sentence.citations.length - shown.citations.length;
        for (const { n } of shown.citations) cited.set(n, (cited.get(n) ?? 0) + 1);
        return shown;
      }),
    }));
  const sentences = sections.flatMap((section) => section.sentences);
  const methods = new Set(sentences.map(({ method }) => method));
  return {
    version: 1,
    jobId: input.jobId,
    topic: input.topic,
    title: titleOf(input.topic),
    language: input.language,
    asOf: input.asOf.toISOString(),
    status: input.partialReason === null ? 'complete' : 'partial',
    partialReason: input.partialReason,
    mode: input.mode,
    limits: (['span', 'lexical', 'model'] as const)
      .filter((one) => methods.has(one))
      .map((one) => verificationLimits[one]),
    notice: noticeOf(sources, sections.length),
    sections,
    analysis: sources.length === 0 ? null : input.analysis,
    sources: sources.map((source) => reportSource(source, cited.get(source.n) ?? 0)),
    searches: [...input.searches],
    warnings: [...input.warnings],
    degraded: [...input.degraded],
    budget: input.budget,
    spent: input.spent,
    counts: {
      sentences: sentences.length,
      verdicts: countVerdicts(sentences),
      citations: [...cited.values()].reduce((sum, count) => sum + count, 0),
      droppedCitations,
      droppedLinks: input.sections.reduce((sum, section) => sum + section.droppedLinks, 0),
    },
  };
}

/** A citation with what stands at its place; null where it has none. */
function locateCitation(citation: Citation, sources: readonly Source[]): ReportCitation | null {
  const quote = citedText(citation, sources);
  const source = sources.find(({ n }) => n === citation.n);
  if (quote === null || source === undefined) return null;
  const { n, sourceSha256, start, end } = citation;
  const pages = source.pages.filter((page) => page.start < end && start < page.end).map(({ page }) => page);
  return { n, sourceSha256, start, end, pages, quote, quoteSha256: createHash('sha256').update(quote).digest('hex') };
}

/** A sentence with what stands at the places that it cites. */
export function reportSentence(sentence: Sentence, sources: readonly Source[]): ReportSentence {
  const citations = sentence.citations.flatMap((citation) => locateCitation(citation, sources) ?? []);
  const { text, verdict, reason, method } = sentence;
  // Whatever was thought of it before: what cites nothing that is there is not supported by it.
  if (citations.length === 0 && verdict !== 'unsupported')
    return { text, citations, verdict: 'unsupported', reason: 'It cites nothing.', method: 'span' };
  return { text, citations, verdict, reason, method };
}

function noticeOf(sources: readonly Source[], sections: number): string | null {
  if (sources.length === 0) return nothingFound;
  return sections === 0 ? 'Sources were found, but no sentence in them answers any of the questions.' : null;
}

function reportSource(source: Source, cited: number): ReportSource {
  const { text, pages: _pages, ...facts } = source;
  return { ...facts, characters: text.length, cited };
}

function countVerdicts(sentences: readonly ReportSentence[]): Record<VerdictName, number> {
  const count = (name: VerdictName): number => sentences.filter(({ verdict }) => verdict === name).length;
  return {
    quoted: count('quoted'),
    supported: count('supported'),
    unsupported: count('unsupported'),
    'cannot judge': count('cannot judge'),
  };
}

function titleOf(topic: string): string {
  const line = topic.replaceAll(/\s+/gu, ' ').trim();
  return line.charAt(0).toUpperCase() + line.slice(1);
}
