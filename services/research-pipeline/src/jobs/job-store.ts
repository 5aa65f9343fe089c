import { createHash } from 'node:crypto';
import type { ResearchInput, ResearchStatus } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { Principal } from '@signalbox/identity';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { nothingSpent } from './budget.ts';
import type { Amounts, JobTables } from './job-tables.ts';

export type JobRow = Selectable<JobTables['research_jobs']>;
export type EventRow = Selectable<JobTables['research_events']>;

export interface NewJob {
  id: string;
  principal: Principal;
  request: ResearchInput & { topic: string };
  idempotencyKey: string | null;
  budget: Amounts;
  keptForDays: number;
}

/** One message for each turn of a job: a second one of the same id is the same message. */
export function messageIdOf({ id, run, turn }: Pick<JobRow, 'id' | 'run' | 'turn'>): string {
  return `${id}.${String(run)}.${String(turn)}`;
}

export function hashRequest(request: ResearchInput): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

/** Null: the key is taken. */
export async function insertJob(trx: Transaction<Schema>, job: NewJob): Promise<JobRow | null> {
  const row = await trx
    .insertInto('research_jobs')
    .values({
      id: job.id,
      tenant_id: job.principal.tenantId,
      principal: JSON.stringify(job.principal),
      request: JSON.stringify(job.request),
      request_hash: hashRequest(job.request),
      idempotency_key: job.idempotencyKey,
      status: 'queued',
      budget: JSON.stringify(job.budget),
      spent: JSON.stringify(nothingSpent),
      units: '[]',
      degraded: '[]',
      warnings: '[]',
      expires_at: sql<Date>`now() + ${job.keptForDays} * interval '1 day'`,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'idempotency_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) return null;
  await trx
    .insertInto('research_events')
    .values({ job_id: job.id, seq: 1, type: 'status', data: JSON.stringify({ status: 'queued' }) })
    .execute();
  return row;
}

export async function findJobByKey(db: Kysely<Schema>, tenantId: string, key: string): Promise<JobRow | null> {
  const row = await jobs(db, tenantId).where('idempotency_key', '=', key).executeTakeFirst();
  return row ?? null;
}

/** Another tenant's job is as absent as one that never was. Throws `not_found`. */
export async function getJobRow(db: Kysely<Schema>, tenantId: string, id: string): Promise<JobRow> {
  const row = await jobs(db, tenantId).where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw noJob();
  return row;
}

/** The newest first. */
export async function listJobRows(
  db: Kysely<Schema>,
  tenantId: string,
  status: ResearchStatus | null,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<JobRow[]> {
  return jobs(db, tenantId)
    .$if(status !== null, (query) => query.where('status', '=', status ?? 'queued'))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

/** How many of a tenant's jobs have not begun. */
export async function countQueued(db: Kysely<Schema>, tenantId: string): Promise<number> {
  const { count } = await db
    .selectFrom('research_jobs')
    .select(({ fn }) => fn.countAll<string>().as('count'))
    .where('tenant_id', '=', tenantId)
    .where('status', '=', 'queued')
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** False: there is none of that id that has ended. */
export async function deleteJobRow(trx: Transaction<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('research_jobs')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', 'in', ['cancelled', 'completed', 'completed_partial', 'failed'])
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

/** The events of a job after a place, in order. */
export async function listEvents(db: Kysely<Schema>, jobId: string, after: number, limit: number): Promise<EventRow[]> {
  return db
    .selectFrom('research_events')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
}

/** How far the events of these jobs have come; one that is gone is not among them. */
export async function countEvents(db: Kysely<Schema>, ids: readonly string[]): Promise<Map<string, number>> {
  const rows = await db.selectFrom('research_jobs').select(['id', 'events']).where('id', 'in', ids).execute();
  return new Map(rows.map((row) => [row.id, row.events]));
}

/** Null where there is no such job, or none of this tenant. */
export async function findJobState(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
): Promise<Pick<JobRow, 'events' | 'status'> | null> {
  const row = await db
    .selectFrom('research_jobs')
    .select(['events', 'status'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row ?? null;
}

export function noJob(): AppError {
  return new AppError('not_found', 'There is no such research.');
}

function jobs(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('research_jobs').selectAll().where('tenant_id', '=', tenantId);
}
