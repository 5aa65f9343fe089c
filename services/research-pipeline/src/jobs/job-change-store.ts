import type { ResearchStatus } from '@signalbox/contracts';
import { sql, type Transaction, type UpdateObject } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { noJob, type JobRow } from './job-store.ts';
import type { JobTables } from './job-tables.ts';
import { isOver } from './job.ts';
import { tell } from './lease-store.ts';

const now = sql<Date>`now()`;

/** A job that nobody else changes until the transaction ends. Throws `not_found`. */
export async function lockJob(trx: Transaction<Schema>, tenantId: string, id: string): Promise<JobRow> {
  const job = await trx
    .selectFrom('research_jobs')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (job === undefined) throw noJob();
  return job;
}

/** Notes that the end of a job was asked for; `status` is where that leads. */
export async function cancelJobRow(trx: Transaction<Schema>, job: JobRow, status: ResearchStatus): Promise<JobRow> {
  const ending = isOver(status) ? { finished_at: now } : {};
  return change(trx, job, { status, parked: false, cancel_requested_at: now, ...ending }, { status });
}

/** Puts a job that has ended back to its beginning, with all its steps. The new epoch shuts out an earlier worker. */
export async function requeueJobRow(trx: Transaction<Schema>, job: JobRow): Promise<JobRow> {
  const run = job.run + 1;
  const anew = { error: null, partial_reason: null, cancel_requested_at: null, finished_at: null };
  const columns = { status: 'queued' as const, run, turn: 0, epoch: job.epoch + 1, lost_leases: 0, ...anew };
  return change(trx, job, columns, { status: 'queued', run });
}

/** Lets a job that waits with its plan into the queue. */
export async function approveJobRow(trx: Transaction<Schema>, job: JobRow): Promise<JobRow> {
  const columns = { status: 'queued' as const, turn: job.turn + 1, approved_at: now };
  return change(trx, job, columns, { status: 'queued', approved: true });
}

async function change(
  trx: Transaction<Schema>,
  { id, events }: JobRow,
  columns: UpdateObject<JobTables, 'research_jobs'>,
  told: Record<string, unknown>,
): Promise<JobRow> {
  const changed = await trx
    .updateTable('research_jobs')
    .set({ ...columns, touched_at: now, events: events + 1 })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow();
  await tell(trx, changed, 'status', told);
  return changed;
}
