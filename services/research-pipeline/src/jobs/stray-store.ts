import { sql, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { JobRow } from './job-store.ts';

const batchMax = 50;

/** Ends the cancelled jobs that nobody holds. */
export async function takeCancelled(trx: Transaction<Schema>): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`
    update research_jobs set status = 'cancelled', finished_at = now(), touched_at = now(), events = events + 1
    where id in (
      select id from research_jobs where status = 'cancelling' and (lease_until is null or lease_until < now())
      limit ${batchMax} for update skip locked)
    returning *`.execute(trx);
  return rows;
}

/**
 * A lease that ended by itself is a worker that died. Without a lease and without a message in the outbox, where each stays
 * until it is worked off, nobody would ever come; the grace is for one that is just being settled.
 */
export async function takeStray(trx: Transaction<Schema>): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`
    update research_jobs set turn = turn + 1, touched_at = now()
    where id in (
      select id from research_jobs
      where status in ('queued', 'running') and not parked and touched_at < now() - interval '5 s'
        and (lease_until < now() or (lease_until is null and not exists (
          select from outbox where outbox.id = research_jobs.id || '.' || run || '.' || turn)))
      limit ${batchMax} for update skip locked)
    returning *`.execute(trx);
  return rows;
}

/** The oldest that wait for their turn, as many of each tenant as have room. */
export async function takeWaiting(trx: Transaction<Schema>, runningMax: number): Promise<JobRow[]> {
  const { rows } = await sql<JobRow>`
    update research_jobs set turn = turn + 1, touched_at = now(), parked = false
    where id in (
      select id from (
        select id, tenant_id, row_number() over (partition by tenant_id order by id) as place
        from research_jobs where status = 'queued' and parked
      ) waiting
      where place <= ${runningMax} - (
          select count(*) from research_jobs busy
          where busy.tenant_id = waiting.tenant_id
            and (busy.status in ('running', 'cancelling') or (busy.status = 'queued' and not busy.parked)))
        and not exists (select from research_pauses where research_pauses.tenant_id = waiting.tenant_id)
      limit ${batchMax})
    and status = 'queued' and parked
    returning *`.execute(trx);
  return rows;
}
