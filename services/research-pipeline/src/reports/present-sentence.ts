import type { ResearchAnswer } from '@signalbox/contracts';
import type { ReportSentence } from './report.ts';

/** A sentence as the API shows it. */
export function presentSentence({
  text,
  verdict,
  reason,
  method,
  citations,
}: ReportSentence): ResearchAnswer['sentences'][number] {
  return {
    text,
    verdict,
    reason,
    method,
    citations: citations.map(({ sourceSha256, quoteSha256, ...rest }) => ({
      ...rest,
      source_sha256: sourceSha256,
      quote_sha256: quoteSha256,
    })),
  };
}
