import {
  cleanResearchQueue,
  getResearchQueue,
  pauseResearchQueue,
  resumeResearchQueue,
  type ResearchQueue,
} from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Principal } from '@signalbox/identity';
import type { Kysely, Transaction } from 'kysely';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { Schema } from '../app/schema.ts';
import { deleteJobRow, type JobRow } from '../jobs/job-store.ts';
import { deletePause, insertPause, lockEnded, readQueue } from './queue-store.ts';

export interface QueueRoutesDeps {
  db: Kysely<Schema>;
  tellAudit: TellAudit;
  nudgeRelay: () => void;
  /** To be called when jobs that wait may have their turn. */
  turnIsFree: () => void;
  runningMax: number;
  queuedMax: number;
  /** Deletes what else belongs to a job, in the transaction that deletes it. */
  forget: (trx: Transaction<Schema>, job: JobRow) => Promise<void>;
}

const cleanedMax = 500;
const action = 'research_queue.changed';

/** B-43: the queue of a tenant, for its administrators. */
export function mountQueueRoutes(routes: Routes, deps: QueueRoutesDeps): void {
  const { db, tellAudit, nudgeRelay, turnIsFree } = deps;

  mountRoute(routes, getResearchQueue, ({ principal }) => present(deps, principal));

  mountRoute(routes, pauseResearchQueue, async ({ principal, requestId }) => {
    const { tenantId, principalId } = principal;
    await db.transaction().execute(async (trx) => {
      await insertPause(trx, tenantId, principalId);
      await tellAudit(trx, { action, target: tenantId, principal, requestId, details: { change: 'paused' } });
    });
    nudgeRelay();
    return present(deps, principal);
  });

  mountRoute(routes, resumeResearchQueue, async ({ principal, requestId }) => {
    const { tenantId } = principal;
    await db.transaction().execute(async (trx) => {
      await deletePause(trx, tenantId);
      await tellAudit(trx, { action, target: tenantId, principal, requestId, details: { change: 'resumed' } });
    });
    nudgeRelay();
    turnIsFree();
    return present(deps, principal);
  });

  mountRoute(routes, cleanResearchQueue, async ({ principal, requestId, body }) => {
    const { tenantId } = principal;
    const { status, older_than_seconds: olderThanSeconds } = body;
    const deleted = await db.transaction().execute(async (trx) => {
      const jobs = await lockEnded(trx, tenantId, { status, olderThanSeconds, limit: cleanedMax });
      for (const job of jobs) {
        await deps.forget(trx, job);
        await deleteJobRow(trx, tenantId, job.id);
      }
      const details = { change: 'cleaned', status, older_than_seconds: olderThanSeconds, deleted: jobs.length };
      await tellAudit(trx, { action, target: tenantId, principal, requestId, details });
      return jobs.length;
    });
    nudgeRelay();
    return { deleted };
  });
}

async function present(
  { db, runningMax, queuedMax }: QueueRoutesDeps,
  { tenantId }: Principal,
): Promise<ResearchQueue> {
  const queue = await readQueue(db, tenantId);
  const count = (status: keyof ResearchQueue['jobs']): number => queue.jobs.get(status) ?? 0;
  return {
    paused: queue.pausedAt !== null,
    paused_at: queue.pausedAt?.toISOString() ?? null,
    paused_by: queue.pausedBy,
    jobs: {
      queued: count('queued'),
      running: count('running'),
      waiting_for_approval: count('waiting_for_approval'),
      cancelling: count('cancelling'),
      cancelled: count('cancelled'),
      completed: count('completed'),
      completed_partial: count('completed_partial'),
      failed: count('failed'),
    },
    waiting_for_turn: queue.parked,
    running_max: runningMax,
    queued_max: queuedMax,
    oldest_queued_at: queue.oldestQueuedAt?.toISOString() ?? null,
    messages: queue.messages,
    dead_letters: queue.deadLetters,
  };
}
