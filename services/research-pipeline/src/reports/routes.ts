import {
  askResearch,
  createReportLink,
  getReportFile,
  getReportHtml,
  getReportJson,
  getReportMarkdown,
  getReportPdf,
  getSharedReport,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { mountRawRoute, mountRoute, type RouteContext, type Routes } from '@signalbox/http';
import type { IdentityKeys } from '@signalbox/identity';
import type { Storage } from '@signalbox/storage';
import { getJobRow } from '../jobs/job-store.ts';
import { isOver } from '../jobs/job.ts';
import { answerQuestion, type AnswerQuestionDeps } from './answer-question.ts';
import type { ReportFormat } from './keep-report.ts';
import { presentSentence } from './present-sentence.ts';
import { readReportLink, signReportLink } from './report-link.ts';
import { findReport, findSharedReport, type ReportRow } from './report-store.ts';
import { reportHttpPolicy } from './report-style.ts';

export interface ReportRoutesDeps extends AnswerQuestionDeps {
  storage: Pick<Storage, 'get'>;
  identityKeys: IdentityKeys;
  now?: () => Date;
}

const contentTypes: Readonly<Record<ReportFormat, string>> = {
  html: 'text/html; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  json: 'application/json',
  pdf: 'application/pdf',
};
const retryAfterSeconds = 2;

export function mountReportRoutes(routes: Routes, deps: ReportRoutesDeps): void {
  const { db, identityKeys, now = () => new Date() } = deps;

  for (const [contract, format] of [
    [getReportHtml, 'html'],
    [getReportMarkdown, 'md'],
    [getReportJson, 'json'],
    [getReportPdf, 'pdf'],
  ] as const) {
    mountRawRoute(routes, contract, async (context) => {
      await serve(deps, context, await find(context.principal.tenantId, context.params.id), format);
    });
  }

  mountRawRoute(routes, getReportFile, async (context) => {
    const id = context.params.file.slice(0, -'.html'.length);
    await serve(deps, context, await find(context.principal.tenantId, id), 'html');
  });

  mountRawRoute(routes, getSharedReport, async (context) => {
    const link = readReportLink(identityKeys, context.params.link, now());
    if (link === null) throw new AppError('not_found', 'There is no such link, or it has expired.');
    const report = await findSharedReport(db, link.jobId);
    if (report === null) throw new AppError('not_found', 'There is no such link, or it has expired.');
    if (report.expires_at <= now() || report.cleared_at !== null) throw expired();
    await serve(deps, context, report, link.format);
  });

  mountRoute(routes, createReportLink, async ({ principal, params, body }) => {
    const report = await find(principal.tenantId, params.id);
    if (report === 'running') throw new AppError('conflict', 'This research has no report yet.');
    const wanted = now().getTime() + body.expires_in_seconds * 1_000;
    const expiresAt = new Date(Math.floor(Math.min(wanted, report.expires_at.getTime()) / 1_000) * 1_000);
    const link = signReportLink(identityKeys, { jobId: report.job_id, format: body.format, expiresAt });
    return { path: `/reports/shared/${link}`, expires_at: expiresAt.toISOString() };
  });

  mountRoute(routes, askResearch, async ({ principal, requestId, params, body, signal }) => {
    const report = await find(principal.tenantId, params.id);
    if (report === 'running') throw new AppError('conflict', 'This research has no report yet.');
    const answer = await answerQuestion(deps, { principal, requestId, report, question: body.question }, signal);
    return { ...answer, sentences: answer.sentences.map(presentSentence) };
  });

  /** Throws `not_found` for another tenant's as for none, and `gone` for one that has expired. */
  async function find(tenantId: string, jobId: string): Promise<ReportRow | 'running'> {
    const job = await getJobRow(db, tenantId, jobId);
    if (job.expires_at <= now()) throw expired();
    if (!isOver(job.status)) return 'running';
    const report = await findReport(db, tenantId, jobId);
    if (report === null) throw new AppError('not_found', 'This research ended without a report.');
    return report;
  }
}

function expired(): AppError {
  return new AppError('gone', 'This report has expired, and was removed.');
}

async function serve(
  { storage }: Pick<ReportRoutesDeps, 'storage'>,
  { request, response, signal }: Pick<RouteContext, 'request' | 'response' | 'signal'>,
  report: ReportRow | 'running',
  format: ReportFormat,
): Promise<void> {
  if (report === 'running') {
    response.writeHead(202, { 'content-type': 'application/json', 'retry-after': String(retryAfterSeconds) });
    response.end(JSON.stringify({ status: 'running' }));
    return;
  }
  const { key, sha256 } = report.files[format];
  const etag = `"${sha256}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Cache-Control', 'private, no-cache');
  response.setHeader('Content-Security-Policy', format === 'html' ? reportHttpPolicy : "default-src 'none'; sandbox");
  if (request.headers['if-none-match']?.split(',').some((one) => one.trim() === etag) === true) {
    response.writeHead(304).end();
    return;
  }
  const bytes = await storage.get(key, signal);
  if (bytes === null)
    throw new AppError('unavailable', 'The report cannot be read at the moment.', {
      cause: new Error(`there is nothing under ${key}`),
    });
  const disposition = format === 'html' || format === 'pdf' ? 'inline' : 'attachment';
  response.writeHead(200, {
    'content-type': contentTypes[format],
    'content-length': bytes.length,
    'content-disposition': `${disposition}; filename="${report.job_id}.${format}"`,
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}
