import {
  approveResearch,
  cancelResearch,
  createResearch,
  deleteResearch,
  getResearch,
  listResearch,
  retryResearch,
  streamResearchEvents,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRawRoute, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { approveJob, cancelJob, deleteJob, retryJob, type ChangeJobDeps } from './change-job.ts';
import { getJobRow, listEvents, listJobRows, type JobRow } from './job-store.ts';
import { isOver } from './job.ts';
import { presentEvent, presentJob } from './present-job.ts';
import { streamJobEvents } from './stream-job-events.ts';
import { submitResearch, type SubmitDeps } from './submit-research.ts';
import type { JobWatch } from './watch-jobs.ts';

export interface JobRoutesDeps extends SubmitDeps, ChangeJobDeps {
  watch: JobWatch;
  /** Deletes what else belongs to a job, in the transaction that deletes it. */
  forget: (trx: Transaction<Schema>, job: JobRow) => Promise<void>;
}

const eventsPerPage = 500;

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

  mountRoute(routes, deleteResearch, async ({ principal, requestId, params }) => {
    await deleteJob(deps, { principal, requestId }, params.id, deps.forget);
    return null;
  });

  mountRoute(routes, cancelResearch, async ({ principal, requestId, params }) =>
    presentJob(await cancelJob(deps, { principal, requestId }, params.id)),
  );

  mountRoute(routes, retryResearch, async ({ principal, requestId, params }) =>
    presentJob(await retryJob(deps, { principal, requestId }, params.id)),
  );

  mountRoute(routes, approveResearch, async ({ principal, requestId, params }) =>
    presentJob(await approveJob(deps, { principal, requestId }, params.id)),
  );

  mountEvents(routes, deps);
}

function mountEvents(routes: Routes, { db, watch }: JobRoutesDeps): void {
  mountRawRoute(routes, streamResearchEvents, async (context) => {
    const { principal, params, query, request, response, signal, onDrain } = context;
    const after = query.after ?? placeOf(request.headers['last-event-id']);
    const { tenantId } = principal;
    const job = await getJobRow(db, tenantId, params.id);
    if (request.headers.accept?.includes('text/event-stream') !== true) {
      const events = await listEvents(db, job.id, after, eventsPerPage);
      const isAll = job.events <= (events.at(-1)?.seq ?? after);
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ data: events.map(presentEvent), is_over: isOver(job.status) && isAll }));
      return;
    }
    const draining = new AbortController();
    onDrain(() => {
      draining.abort();
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      // For proxies in front that would collect the stream before they pass it on.
      'x-accel-buffering': 'no',
    });
    const leaving = AbortSignal.any([signal, draining.signal]);
    await streamJobEvents({ db, watch, tenantId, jobId: job.id, after, response, signal: leaving });
  });
}

function placeOf(header: string | string[] | undefined): number {
  if (header === undefined || header === '') return 0;
  const place = Number(header);
  if (Number.isInteger(place) && place >= 0 && place < 2 ** 31) return place;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'Last-Event-ID', message: 'Expected the id of an event of this stream.' }],
  });
}

function idempotencyKeyOf(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  const key = String(header);
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'Idempotency-Key', message: 'Expected 1 to 255 visible ASCII characters.' }],
  });
}
