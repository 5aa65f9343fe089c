import { runResearch, type AuditAction } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Kysely, Transaction } from 'kysely';
import type { TellAudit } from '../audit/tell-audit.ts';
import type { Schema } from '../app/schema.ts';
import { callerOf, tellFinished } from './finish-job.ts';
import { approveJobRow, cancelJobRow, lockJob, requeueJobRow } from './job-change-store.ts';
import { deleteJobRow, messageIdOf, type JobRow } from './job-store.ts';
import { isOver, stepJob, type JobEvent } from './job.ts';

export interface ChangeJobDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  tellAudit: TellAudit;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
}

/** Asks for the end of a job: at once where nobody works on it, else `cancelling` until its worker has let go. */
export async function cancelJob(deps: ChangeJobDeps, caller: CallerIdentity, id: string): Promise<JobRow> {
  return change(deps, caller, { id, event: 'cancel_asked', action: 'research.cancelled' }, async (trx, job) => {
    if (job.status === 'cancelled' || job.status === 'cancelling') return job;
    const cancelled = await cancelJobRow(trx, job, stepJob(job.status, 'cancel_asked') ?? job.status);
    await tellFinished(trx, deps.emitter, cancelled);
    return cancelled;
  });
}

/** Takes a job up again from its last step that was done. What an earlier worker still wants to write is refused. */
export async function retryJob(deps: ChangeJobDeps, caller: CallerIdentity, id: string): Promise<JobRow> {
  return change(deps, caller, { id, event: 'retried', action: 'research.retried' }, async (trx, job) => {
    const queued = await requeueJobRow(trx, job);
    await bring(trx, deps.emitter, queued, caller);
    return queued;
  });
}

/** Lets a job that waits with its plan go on. */
export async function approveJob(deps: ChangeJobDeps, caller: CallerIdentity, id: string): Promise<JobRow> {
  return change(deps, caller, { id, event: 'approved', action: 'research.approved' }, async (trx, job) => {
    const queued = await approveJobRow(trx, job);
    await bring(trx, deps.emitter, queued, callerOf(job));
    return queued;
  });
}

/** Deletes a job that has ended, and all that was remembered of it. */
export async function deleteJob(
  deps: ChangeJobDeps,
  { principal, requestId }: CallerIdentity,
  id: string,
  /** Deletes what else belongs to the job, in the same transaction. */
  forget: (trx: Transaction<Schema>, job: JobRow) => Promise<void>,
): Promise<void> {
  await deps.db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, principal.tenantId, id);
    if (!isOver(job.status)) throw conflict(job, 'deleted');
    await forget(trx, job);
    await deleteJobRow(trx, principal.tenantId, id);
    await deps.tellAudit(trx, { action: 'research.deleted', target: id, principal, requestId, details: {} });
  });
  deps.nudgeRelay();
}

/** Puts the message of a job's present turn into the outbox. */
export async function bring(
  trx: Transaction<Schema>,
  emitter: Emitter,
  job: JobRow,
  caller: CallerIdentity,
): Promise<void> {
  const payload = { job_id: job.id, run: job.run };
  await emit(trx, emitter.outboxRows(runResearch, payload, caller, { id: messageIdOf(job) }));
}

async function change(
  { db, tellAudit, nudgeRelay }: ChangeJobDeps,
  { principal, requestId }: CallerIdentity,
  { id, event, action }: { id: string; event: JobEvent; action: AuditAction },
  work: (trx: Transaction<Schema>, job: JobRow) => Promise<JobRow>,
): Promise<JobRow> {
  const changed = await db.transaction().execute(async (trx) => {
    const job = await lockJob(trx, principal.tenantId, id);
    if (stepJob(job.status, event) === null) throw conflict(job, doneBy[event] ?? event);
    const now = await work(trx, job);
    await tellAudit(trx, { action, target: id, principal, requestId, details: { from: job.status, to: now.status } });
    return now;
  });
  nudgeRelay();
  return changed;
}

const doneBy: Partial<Record<JobEvent, string>> = {
  cancel_asked: 'cancelled',
  retried: 'taken up again',
  approved: 'approved',
};

function conflict({ status }: JobRow, done: string): AppError {
  return new AppError('conflict', `Research that is ${status} cannot be ${done}.`, { details: { status } });
}
