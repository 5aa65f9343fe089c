import type { Analysis } from '../analysis/analysis.ts';
import type { SearchOutcome } from '../sources/source.ts';
import type { Verdict, VerdictName } from '../writing/section.ts';

/** What was at work, in the words that the job uses as well. */
export interface ReportMode {
  search: string[];
  /** `extractive`, or the model that wrote. */
  synthesis: string;
  embeddings: string;
  verification: string;
  note: string;
}

/** A place in a source, with what stands there. */
export interface ReportCitation {
  n: number;
  sourceSha256: string;
  start: number;
  end: number;
  /** On which pages of the source; empty where it has none. */
  pages: number[];
  quote: string;
  quoteSha256: string;
}

export interface ReportSentence extends Verdict {
  text: string;
  citations: ReportCitation[];
}

export interface ReportSection {
  heading: string;
  question: string;
  sentences: ReportSentence[];
}

export interface ReportSource {
  n: number;
  provider: string;
  url: string | null;
  documentId: string | null;
  title: string;
  contentType: string;
  sha256: string;
  snapshot: string;
  characters: number;
  language: string | null;
  publishedAt: string | null;
  fetchedAt: string;
  /** How many citations point at it. */
  cited: number;
}

/** Named amounts: sources, bytes, tokens, US dollars, seconds. */
export type Amounts = Readonly<Record<string, number>>;

export interface ReportWarning {
  code: string;
  message: string;
  subject: string | null;
}

/**
 * A report as data: everything that is shown anywhere, and what proves it. It holds no markup and no clock: the same research
 * makes the same report, byte for byte.
 */
export interface Report {
  version: 1;
  jobId: string;
  topic: string;
  title: string;
  language: string | null;
  /** The moment that the research is about, which is when it was asked for. */
  asOf: string;
  status: 'complete' | 'partial';
  partialReason: string | null;
  mode: ReportMode;
  /** What the verdicts cannot see. */
  limits: string[];
  /** Said in place of sections where nothing was found. */
  notice: string | null;
  sections: ReportSection[];
  analysis: Analysis | null;
  sources: ReportSource[];
  searches: SearchOutcome[];
  warnings: ReportWarning[];
  degraded: string[];
  budget: Amounts;
  spent: Amounts;
  counts: {
    sentences: number;
    verdicts: Record<VerdictName, number>;
    citations: number;
    droppedCitations: number;
    droppedLinks: number;
  };
}
