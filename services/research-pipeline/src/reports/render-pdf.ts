import { createRequire } from 'node:module';
import PDFDocument from 'pdfkit';
import { readable, webAddress } from './markup.ts';
import type { Report, ReportSentence, ReportSource } from './report.ts';

const require = createRequire(import.meta.url);
const fonts = {
  plain: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf'),
  bold: require.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'),
} as const;
const [inkColour, faintColour, linkColour] = ['#1b1f24', '#5c6672', '#2463a8'];
const tones: Readonly<Record<ReportSentence['verdict'], string>> = {
  quoted: '#1a7f4b',
  supported: '#2463a8',
  unsupported: '#b3261e',
  'cannot judge': '#8a6100',
};

/** Letters of scripts that the fonts do not have. */
const shapeless =
  /(?=\p{L})[^\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Armenian}\p{Script=Georgian}\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Common}]/gu;

type Pdf = InstanceType<typeof PDFDocument>;

/** The report as PDF, with the fonts in it. The same report is the same bytes: its date is that of the research. */
export async function renderPdf(report: Report): Promise<Buffer> {
  const asOf = new Date(report.asOf);
  const pdf = new PDFDocument({
    size: 'A4',
    margin: 56,
    lang: report.language ?? 'en',
    displayTitle: true,
    info: {
      Title: plain(report.title),
      Producer: 'Signalbox',
      Creator: 'Signalbox',
      CreationDate: asOf,
      ModDate: asOf,
    },
  });
  const chunks: Buffer[] = [];
  const whole = new Promise<Buffer>((resolve, reject) => {
    pdf.on('data', (chunk: Buffer) => chunks.push(chunk));
    pdf.on('end', () => {
      resolve(Buffer.concat(chunks));
    });
    pdf.on('error', reject);
  });
  pdf.registerFont('plain', fonts.plain);
  pdf.registerFont('bold', fonts.bold);
  write(pdf, report);
  pdf.end();
  return whole;
}

function write(pdf: Pdf, report: Report): void {
  const { title, mode, partialReason, notice, sections, sources, limits, counts, warnings } = report;
  heading(pdf, title, 18);
  paragraph(pdf, `Research of ${report.asOf.slice(0, 10)}, ${report.jobId}. ${mode.note}`, faintColour);
  if (partialReason !== null) paragraph(pdf, `Partial report. ${partialReason}`, tones['cannot judge']);
  if (notice !== null) paragraph(pdf, notice, tones['cannot judge']);
  for (const section of sections) {
    heading(pdf, section.heading, 14);
    section.sentences.forEach((sentence) => {
      writeSentence(pdf, sentence);
    });
  }
  if (report.analysis !== null) writeAnalysis(pdf, report.analysis);
  if (sources.length > 0) heading(pdf, 'Sources', 14);
  for (const source of sources) writeSource(pdf, source);
  heading(pdf, 'How this report came about', 14);
  for (const line of [
    `Search: ${mode.search.join(', ')}`,
    `Written by: ${mode.synthesis}`,
    `Embeddings: ${mode.embeddings}`,
    `Verification: ${mode.verification}`,
    ...Object.entries(counts.verdicts).map(([name, count]) => `Sentences ${name}: ${String(count)}`),
    ...limits,
    ...warnings.map(({ subject, message }) => `Warning: ${subject === null ? message : `${subject}: ${message}`}`),
  ])
    paragraph(pdf, line);
  const missing = withoutShape(report);
  if (missing > 0)
    paragraph(
      pdf,
      `${String(missing)} letters have no shape in the font of this file; the other formats have them.`,
      faintColour,
    );
}

function writeSentence(pdf: Pdf, { text, verdict, citations }: ReportSentence): void {
  const marks = [...new Set(citations.map(({ n }) => n))].map((n) => `[${String(n)}]`).join('');
  pdf
    .font('plain')
    .fontSize(10.5)
    .fillColor(inkColour)
    .text(`${plain(text)} ${marks} `, { continued: true });
  pdf.fontSize(8).fillColor(tones[verdict]).text(verdict, { continued: false });
  pdf.moveDown(0.4);
}

function writeAnalysis(pdf: Pdf, { summary, topics, timeline, entities }: NonNullable<Report['analysis']>): void {
  heading(pdf, 'Analysis', 14);
  const part = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    heading(pdf, title, 11);
    for (const line of lines) paragraph(pdf, line);
  };
  const marks = (citations: readonly { n: number }[]): string =>
    [...new Set(citations.map(({ n }) => n))].map((n) => `[${String(n)}]`).join('');
  if (summary.status === 'present')
    part(
      'Summary',
      summary.items.map(({ text, citations }) => `${text} ${marks(citations)}`),
    );
  if (topics.status === 'present')
    part(
      'Topics',
      topics.items.map(({ name, weight, citations }) => `${name}, ${(weight * 100).toFixed(0)} % ${marks(citations)}`),
    );
  if (entities.status === 'present')
    part(
      'Names',
      entities.items.map(
        ({ name, type, citations }) => `${name}${type === null ? '' : ` (${type})`} ${marks(citations)}`,
      ),
    );
  if (timeline.status === 'present')
    part(
      'Timeline',
      timeline.items.map(({ date, text, citations }) => `${date}: ${text} ${marks(citations)}`),
    );
}

function writeSource(pdf: Pdf, { n, title, url, documentId, sha256 }: ReportSource): void {
  const address = webAddress(url);
  pdf
    .font('plain')
    .fontSize(9.5)
    .fillColor(inkColour)
    .text(`[${String(n)}] ${plain(title)}`);
  if (address !== null) pdf.fontSize(8).fillColor(linkColour).text(address, { link: address, underline: false });
  pdf
    .fontSize(8)
    .fillColor(faintColour)
    .text(`${documentId === null ? '' : `document ${plain(documentId)}, `}sha256 ${sha256}`);
  pdf.moveDown(0.4);
}

function heading(pdf: Pdf, text: string, size: number): void {
  pdf.moveDown(0.6);
  // A heading at the foot of a page belongs to the next one.
  if (pdf.y > pdf.page.height - pdf.page.margins.bottom - size * 4) pdf.addPage();
  pdf.font('bold').fontSize(size).fillColor(inkColour).text(plain(text));
  pdf.moveDown(0.3);
}

function paragraph(pdf: Pdf, text: string, colour: string = inkColour): void {
  pdf.font('plain').fontSize(9.5).fillColor(colour).text(plain(text));
  pdf.moveDown(0.3);
}

function plain(text: string): string {
  return readable(text).replaceAll(/\s+/gu, ' ').trim();
}

/** How many letters of the title and the sections the font has no shape for. */
function withoutShape({ sections, title }: Report): number {
  const texts = [
    title,
    ...sections.flatMap(({ heading: of, sentences }) => [of, ...sentences.map(({ text }) => text)]),
  ];
  return texts.join('').match(shapeless)?.length ?? 0;
}
