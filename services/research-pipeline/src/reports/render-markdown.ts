import type { Analysis, Finding, Located } from '../analysis/analysis.ts';
import { readable, webAddress } from './markup.ts';
import type { Report, ReportSentence } from './report.ts';

/** The report as Markdown. Whatever comes from elsewhere is text: no markup, link or picture of its own comes through. */
export function renderMarkdown(report: Report): Buffer {
  const { title, mode, notice, partialReason, analysis, sections, sources, limits, warnings, searches, counts } =
    report;
  const lines = [
    `# ${plain(title)}`,
    `Research of ${report.asOf.slice(0, 10)}. ${plain(mode.note)}`,
    ...(partialReason === null ? [] : [`**Partial report.** ${plain(partialReason)}`]),
    ...(notice === null ? [] : [`**${plain(notice)}**`]),
    ...sections.flatMap(({ heading, sentences }) => [`## ${plain(heading)}`, ...sentences.map(sentenceLine)]),
    ...(analysis === null ? [] : analysisLines(analysis)),
    ...(sources.length === 0 ? [] : ['## Sources']),
    sources
      .map(({ n, title: name, url, documentId, sha256, publishedAt }) => {
        const address = webAddress(url);
        const place =
          address === null ? (documentId === null ? '' : ` document ${plain(documentId)}`) : ` <${address}>`;
        const date = publishedAt === null ? '' : ` (${plain(publishedAt.slice(0, 10))})`;
        return `- \\[${String(n)}\\] ${plain(name)}${date}${place} sha256 ${sha256}`;
      })
      .join('\n'),
    '## How this report came about',
    [
      `- Search: ${plain(mode.search.join(', '))}`,
      `- Written by: ${plain(mode.synthesis)}`,
      `- Embeddings: ${plain(mode.embeddings)}`,
      `- Verification: ${plain(mode.verification)}`,
      ...Object.entries(counts.verdicts).map(([name, count]) => `- Sentences ${name}: ${String(count)}`),
      `- Left out: ${String(counts.droppedCitations)} citations of nothing, ${String(counts.droppedLinks)} addresses that a model wrote`,
      ...limits.map((limit) => `- ${plain(limit)}`),
      ...warnings.map(
        ({ subject, message }) => `- Warning: ${plain(subject === null ? message : `${subject}: ${message}`)}`,
      ),
      ...searches.map(
        ({ provider, query, status, hits, reason }) =>
          `- Searched ${plain(provider)} for “${plain(query)}”: ${plain(reason ?? `${status}, ${String(hits)} found`)}`,
      ),
    ].join('\n'),
  ];
  return Buffer.from(`${lines.filter((line) => line !== '').join('\n\n')}\n`);
}

function sentenceLine({ text, verdict, citations }: ReportSentence): string {
  return `${plain(text)} ${marks(citations)} *(${verdict})*`;
}

function analysisLines(analysis: Analysis): string[] {
  return [
    '## Analysis',
    ...part('Summary', analysis.summary, (one) => `${plain(one.text)} ${marks(one.citations)}`),
    ...part(
      'Names',
      analysis.entities,
      (one) => `${plain(one.name)}${one.type === null ? '' : ` (${one.type})`} ${marks(one.citations)}`,
    ),
    ...part('Topics', analysis.topics, (one) => `${plain(one.name)} ${marks(one.citations)}`),
    ...part('Timeline', analysis.timeline, (one) => `${plain(one.date)}: ${plain(one.text)} ${marks(one.citations)}`),
    ...part(
      'Relations',
      analysis.relations,
      (one) =>
        `${plain(one.from)} ${plain(one.predicate ?? 'is named together with')} ${plain(one.to)} ${marks(one.citations)}`,
    ),
    ...part('Tone', analysis.sentiment, (one) => `${one.label} (${one.score.toFixed(2)}) ${marks(one.citations)}`),
    ...part(
      'Questions that follow',
      analysis.relatedQuestions,
      (one) => `${plain(one.question)} ${marks(one.citations)}`,
    ),
  ];
}

function part<Item>(title: string, finding: Finding<Item[]>, line: (item: Item) => string): string[] {
  if (finding.status === 'absent') return [`### ${title}`, `Absent: ${plain(finding.reason)}`];
  return [`### ${title}`, finding.items.map((item) => `- ${line(item)}`).join('\n')];
}

function marks(citations: Located['citations']): string {
  return [...new Set(citations.map(({ n }) => n))].map((n) => `\\[${String(n)}\\]`).join('');
}

/** A text on one line, in which nothing means anything to a reader of Markdown or HTML. */
function plain(text: string): string {
  return (
    readable(text)
      .replaceAll(/\s+/gu, ' ')
      .trim()
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll(/[\\`*_{}[\]()#+!|~$^]/gu, (mark) => `\\${mark}`)
      // Addresses become links by themselves in many readers.
      .replaceAll(/\b(https?|ftp|mailto|www)(?=[:.])/giu, '$1&#8203;')
      .replace(/^(\s*)([-=]|\d+[.)])/u, '$1\\$2')
  );
}
