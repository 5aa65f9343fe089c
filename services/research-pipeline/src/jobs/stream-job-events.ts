import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { findJobState, listEvents, type EventRow } from './job-store.ts';
import { isOver } from './job.ts';
import { presentEvent } from './present-job.ts';
import type { JobWatch } from './watch-jobs.ts';

export interface JobStream {
  db: Kysely<Schema>;
  watch: JobWatch;
  tenantId: string;
  jobId: string;
  /** The last event that the client has seen. */
  after: number;
  response: ServerResponse;
  /** Fires when the client has left, or the process is about to end. */
  signal: AbortSignal;
  heartbeatMs?: number;
}

const eventsPerLook = 200;
const stalledMsMax = 30_000;

/** Tells a job's events from a place on, as server-sent events, until the one after which nothing follows has been told. */
export async function streamJobEvents(stream: JobStream): Promise<void> {
  const { db, watch, tenantId, jobId, response, signal, heartbeatMs = 15_000 } = stream;
  let seen = stream.after;
  await write(response, 'retry: 2000\n\n', signal);
  const state = await findJobState(db, tenantId, jobId);
  if (state !== null && seen > state.events) {
    const data = JSON.stringify({ last_event_id: state.events, see: `/api/v1/research/${jobId}` });
    seen = state.events;
    await write(response, `id: ${String(seen)}\nevent: gap\ndata: ${data}\n\n`, signal);
  }
  while (!signal.aborted && !response.destroyed) {
    const events = await listEvents(db, jobId, seen, eventsPerLook);
    const last = events.at(-1);
    if (last !== undefined) {
      seen = last.seq;
      await write(response, events.map(textOf).join(''), signal);
      continue;
    }
    const now = await findJobState(db, tenantId, jobId);
    // Deleted meanwhile, or over and all is told: a retry later begins a stream of its own.
    if (now === null || (isOver(now.status) && seen >= now.events)) break;
    const beat = AbortSignal.timeout(heartbeatMs);
    await watch.changed(jobId, seen, AbortSignal.any([signal, beat]));
    if (beat.aborted) await write(response, ': waiting\n\n', signal);
  }
  response.end();
}

function textOf(event: EventRow): string {
  const shown = presentEvent(event);
  return `id: ${String(shown.id)}\nevent: ${shown.type}\ndata: ${JSON.stringify({ ...shown.data, at: shown.at })}\n\n`;
}

/** A client that takes nothing for too long is let go of; it goes on from its last event when it comes again. */
async function write(response: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  const tooLong = AbortSignal.any([signal, AbortSignal.timeout(stalledMsMax)]);
  await once(response, 'drain', { signal: tooLong }).catch(() => response.destroy());
}
