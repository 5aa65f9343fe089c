import { createResearch, getResearch, listResearch } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import { getJobRow, listJobRows } from './job-store.ts';
import { presentJob } from './present-job.ts';
import { submitResearch, type SubmitDeps } from './submit-research.ts';

export type JobRoutesDeps = SubmitDeps;

export function mountJobRoutes(routes: Routes, deps: JobRoutesDeps): void {
  const { db } = deps;

  mountRoute(routes, createResearch, async ({ principal, requestId, body, request }) => {
    const idempotencyKey = idempotencyKeyOf(request.headers['idempotency-key']);
    const { job, isNew } = await submitResearch(deps, { principal, requestId }, { input: body, idempotencyKey });
    return reply(presentJob(job), {
      headers: { Location: `/api/v1/research/${job.id}`, ...(isNew ? {} : { 'Idempotent-Replayed': 'true' }) },
    });
  });

  mountRoute(routes, listResearch, async ({ principal: { tenantId }, query }) => {
    const list = listResearch.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listJobRows(db, tenantId, query.status ?? null, stretch);
    return keysetPage({ list, start, rows, keyOf: (job) => [job.id], present: presentJob });
  });

  mountRoute(routes, getResearch, async ({ principal, params }) =>
    presentJob(await getJobRow(db, principal.tenantId, params.id)),
  );
}

function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header);
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'Idempotency-Key', message: 'Expected 1 to 255 visible ASCII characters.' }],
  });
}
