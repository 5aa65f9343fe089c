import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Storage } from '@signalbox/storage';
import type { Source } from '../sources/source.ts';
import { renderHtml } from './render-html.ts';
import { renderJson } from './render-json.ts';
import { renderMarkdown } from './render-markdown.ts';
import { renderPdf } from './render-pdf.ts';
import type { Report } from './report.ts';

export const reportFormats = ['html', 'md', 'json', 'pdf'] as const;
export type ReportFormat = (typeof reportFormats)[number];

export interface KeptFile {
  key: string;
  sha256: string;
  bytes: number;
}
export type KeptFiles = Record<ReportFormat, KeptFile>;

/** Where the files of a report lie; plain data, so that a step can remember it. */
export interface KeptReport {
  jobId: string;
  tenantId: string;
  /** Of the report as JSON: what names the report as a whole. */
  sha256: string;
  files: KeptFiles;
  evidenceKey: string;
}

const compress = promisify(gzip);

/**
 * Renders a report in every format and keeps the files, and the texts that it was written from. Doing it again keeps the same
 * files; nobody can read them before the report is published.
 */
export async function keepReport(
  storage: Pick<Storage, 'put'>,
  { report, sources, tenantId }: { report: Report; sources: readonly Source[]; tenantId: string },
  signal: AbortSignal,
): Promise<KeptReport> {
  const rendered: Record<ReportFormat, Buffer> = {
    html: renderHtml(report),
    md: renderMarkdown(report),
    json: renderJson(report),
    pdf: await renderPdf(report),
  };
  const owner = { tenantId, use: 'reports' } as const;
  const keep = async (bytes: Buffer): Promise<KeptFile> => ({
    key: await storage.put(owner, bytes, signal),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    bytes: bytes.length,
  });
  const files = {
    html: await keep(rendered.html),
    md: await keep(rendered.md),
    json: await keep(rendered.json),
    pdf: await keep(rendered.pdf),
  };
  const evidence = await compress(JSON.stringify({ jobId: report.jobId, sources }));
  return {
    jobId: report.jobId,
    tenantId,
    sha256: files.json.sha256,
    files,
    evidenceKey: await storage.put(owner, evidence, signal),
  };
}
