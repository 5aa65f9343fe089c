import type { ResearchStage, ResearchStatus, ResearchWarning } from '@signalbox/contracts';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { JobRow } from './job-store.ts';
import type { Amounts, JobFailure, JobMode, StageUnits } from './job-tables.ts';
import { statesBefore, stepJob } from './job.ts';
import { storableJson } from './storable-json.ts';

/** Who may write for a job: whoever holds its last lease, as long as nobody ended it. */
export interface JobLease {
  jobId: string;
  epoch: number;
}

export type Claim =
  | { kind: 'claimed'; lease: JobLease; job: JobRow }
  /** Its tenant has no turn now; it is brought again when there is one. */
  | { kind: 'parked' }
  /** One worker after another went without a word while it had this job. */
  | { kind: 'lost_too_often'; lease: JobLease; job: JobRow }
  /** It has ended, somebody else is at it, or it was never there. */
  | { kind: 'not_ours' };

export interface ClaimOptions {
  jobId: string;
  run: number;
  owner: string;
  leaseMs: number;
  /** Jobs of one tenant at work at once. */
  runningMax: number;
  /** How many workers may go without a word before the job is given up. */
  lostLeasesMax: number;
}

/** Takes a job for `leaseMs`, by the clock of Postgres, unless another worker's lease on it still runs. */
export async function claimJob(db: Kysely<Schema>, options: ClaimOptions): Promise<Claim> {
  const { jobId, run, owner, leaseMs, runningMax, lostLeasesMax } = options;
  return db.transaction().execute(async (trx) => {
    const job = await trx
      .selectFrom('research_jobs')
      .selectAll()
      .select(sql<boolean>`lease_until > now()`.as('is_held'))
      .where('id', '=', jobId)
      .where('run', '=', run)
      .where('status', 'in', statesBefore('claimed'))
      .forUpdate()
      .executeTakeFirst();
    if (job === undefined || job.is_held) return { kind: 'not_ours' };
    if (job.status === 'queued' && !(await hasTurn(trx, job.tenant_id, runningMax))) {
      await trx.updateTable('research_jobs').set({ parked: true }).where('id', '=', jobId).execute();
      return { kind: 'parked' };
    }
    const lost = job.lost_leases + (job.lease_until === null ? 0 : 1);
    const claimed = await trx
      .updateTable('research_jobs')
      .set({
        status: 'running',
        epoch: job.epoch + 1,
        lease_owner: owner,
        lease_until: sql<Date>`now() + ${leaseMs} * interval '1 ms'`,
        lost_leases: lost,
        parked: false,
        started_at: sql<Date>`coalesce(started_at, now())`,
        touched_at: sql<Date>`now()`,
        events: job.events + (job.status === 'queued' ? 1 : 0),
      })
      .where('id', '=', jobId)
      .returningAll()
      .executeTakeFirstOrThrow();
    if (job.status === 'queued') await tell(trx, claimed, 'status', { status: 'running', run });
    const lease = { jobId, epoch: claimed.epoch };
    return { kind: lost > lostLeasesMax ? 'lost_too_often' : 'claimed', lease, job: claimed };
  });
}

/** True where the tenant's jobs are not paused and another one may be at work. Holds back every other claim of the tenant. */
async function hasTurn(trx: Transaction<Schema>, tenantId: string, runningMax: number): Promise<boolean> {
  await sql`select pg_advisory_xact_lock(hashtextextended('research:' || ${tenantId}, 0))`.execute(trx);
  const { rows } = await sql<{ running: number; paused: boolean }>`
    select (select count(*)::int from research_jobs where tenant_id = ${tenantId} and status in ('running', 'cancelling'))
        as running,
      exists (select from research_pauses where tenant_id = ${tenantId}) as paused`.execute(trx);
  const [row] = rows;
  return row !== undefined && !row.paused && row.running < runningMax;
}

/** What the lease's holder is told when it says that it is alive; `lost`: the job is somebody else's, or has ended. */
export async function renewLease(
  db: Kysely<Schema>,
  { jobId, epoch }: JobLease,
  leaseMs: number,
): Promise<'held' | 'cancelling' | 'lost'> {
  const { rows } = await sql<{ status: ResearchStatus }>`
    update research_jobs set lease_until = now() + ${leaseMs} * interval '1 ms', touched_at = now()
    where id = ${jobId} and epoch = ${epoch} and status in ('running', 'cancelling')
    returning status`.execute(db);
  const [row] = rows;
  if (row === undefined) return 'lost';
  return row.status === 'cancelling' ? 'cancelling' : 'held';
}

/** Lets the next worker have the job at once. */
export async function releaseLease(db: Kysely<Schema>, { jobId, epoch }: JobLease): Promise<void> {
  await sql`
    update research_jobs set lease_until = null, touched_at = now()
    where id = ${jobId} and epoch = ${epoch} and status in ('running', 'cancelling')`.execute(db);
}

/** How far a job has come, as its worker knows it. */
export interface JobProgress {
  stage: ResearchStage | null;
  units: StageUnits[];
  spent: Amounts;
  questions: string[] | null;
  mode: JobMode | null;
  degraded: string[];
  warnings: ResearchWarning[];
  partialReason: string | null;
}

export interface DoneStep {
  stage: string;
  key: string;
  inputHash: string;
  output: object;
  cost: object;
}

export interface ToldEvent {
  type: string;
  data: Record<string, unknown>;
}

/** Writes how far a job has come, with the step that brought it there and what is told of it. False: the lease is lost. */
export async function saveProgress(
  db: Kysely<Schema>,
  { jobId, epoch }: JobLease,
  progress: JobProgress,
  { step, events }: { step: DoneStep | null; events: readonly ToldEvent[] },
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const job = await trx
      .updateTable('research_jobs')
      .set(({ eb }) => ({ ...columnsOf(progress), events: eb('events', '+', events.length) }))
      .where('id', '=', jobId)
      .where('epoch', '=', epoch)
      .where('status', '=', 'running')
      .returning(['id', 'events'])
      .executeTakeFirst();
    if (job === undefined) return false;
    if (step !== null) {
      await sql`
        insert into research_steps (job_id, stage, key, input_hash, output, cost)
        values (${jobId}, ${step.stage}, ${step.key}, ${step.inputHash}, ${storableJson(step.output)}::jsonb,
          ${JSON.stringify(step.cost)}::jsonb)
        on conflict (job_id, stage, key) do update set input_hash = excluded.input_hash, output = excluded.output,
          cost = excluded.cost, finished_at = now()`.execute(trx);
    }
    for (const [index, { type, data }] of events.entries())
      await tell(trx, { id: jobId, events: job.events - events.length + index + 1 }, type, data);
    return true;
  });
}

export interface JobEnd {
  event: 'planned' | 'completed' | 'completed_in_part' | 'failed' | 'let_go';
  error: JobFailure | null;
  reportSha256: string | null;
}

/** Ends a job, or this part of it, by the one who holds it. Null: the lease is lost, and somebody else ends it, or has. */
export async function endRun(
  trx: Transaction<Schema>,
  { jobId, epoch }: JobLease,
  progress: JobProgress | null,
  { event, error, reportSha256 }: JobEnd,
): Promise<JobRow | null> {
  const [before] = statesBefore(event);
  const status = before === undefined ? null : stepJob(before, event);
  if (status === null) throw new TypeError(`nothing becomes of ${event}`);
  const isPause = status === 'waiting_for_approval';
  const job = await trx
    .updateTable('research_jobs')
    .set(({ eb }) => ({
      ...(progress === null ? {} : columnsOf(progress)),
      status,
      lease_until: null,
      error: error === null ? null : JSON.stringify(error),
      ...(reportSha256 === null ? {} : { report_sha256: reportSha256 }),
      ...(isPause ? {} : { finished_at: sql<Date>`now()` }),
      events: eb('events', '+', 1),
    }))
    .where('id', '=', jobId)
    .where('epoch', '=', epoch)
    .where('status', 'in', event === 'failed' ? ['running'] : statesBefore(event))
    .returningAll()
    .executeTakeFirst();
  if (job === undefined) return null;
  await tell(trx, job, 'status', { status, ...(error === null ? {} : { error }) });
  return job;
}

export async function tell(
  trx: Kysely<Schema>,
  { id, events }: Pick<JobRow, 'id' | 'events'>,
  type: string,
  data: Record<string, unknown>,
): Promise<void> {
  await trx
    .insertInto('research_events')
    .values({ job_id: id, seq: events, type, data: storableJson(data) })
    .execute();
}

function columnsOf(progress: JobProgress) {
  return {
    stage: progress.stage,
    units: JSON.stringify(progress.units),
    spent: JSON.stringify(progress.spent),
    questions: progress.questions === null ? null : storableJson(progress.questions),
    mode: progress.mode === null ? null : JSON.stringify(progress.mode),
    degraded: storableJson(progress.degraded),
    warnings: storableJson(progress.warnings),
    partial_reason: progress.partialReason,
    touched_at: sql<Date>`now()`,
  };
}
