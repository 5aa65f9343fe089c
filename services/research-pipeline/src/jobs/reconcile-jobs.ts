import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { bring } from './change-job.ts';
import { callerOf, tellFinished } from './finish-job.ts';
import type { JobRow } from './job-store.ts';
import { tell } from './lease-store.ts';

export interface ReconcilerDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  nudgeRelay: () => void;
  runningMax: number;
  logger: Logger;
  everyMs?: number;
}

export interface Reconciler extends AsyncDisposable {
  /** Looks soon instead of at the next turn. */
  look(): void;
}

const batchMax = 50;

/**
 * Brings every job that has not ended to somebody: those whose worker went without a word, those whose message is nowhere
 * any more, and those whose turn has come. Ends the cancelled ones that nobody holds. Any number of replicas may do so.
 */
export function startReconciler(deps: ReconcilerDeps): Reconciler {
  const { everyMs = 2_000, logger } = deps;
  let failing = false;
  let turn: Promise<void> | null = null;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function wakeIn(delayMs: number): void {
    if (stopped || turn !== null) return;
    clearTimeout(timer);
    timer = setTimeout(run, delayMs);
  }

  function run(): void {
    again = false;
    turn = reconcileJobs(deps)
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing && !stopped) logger.warn('research.not_reconciled', { error });
          failing = true;
        },
      )
      .finally(() => {
        turn = null;
        wakeIn(again ? 20 : everyMs);
      });
  }

  wakeIn(everyMs);
  return {
    look() {
      again = true;
      wakeIn(20);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}

/** One look at everything. */
export async function reconcileJobs({ db, emitter, nudgeRelay, runningMax }: ReconcilerDeps): Promise<void> {
  const brought = await db.transaction().execute(async (trx) => {
    const cancelled = await takeCancelled(trx);
    for (const job of cancelled) {
      await tell(trx, job, 'status', { status: 'cancelled' });
      await tellFinished(trx, emitter, job);
    }
    const stray = [...(await takeStray(trx)), ...(await takeWaiting(trx, runningMax))];
    for (const job of stray) await bring(trx, emitter, job, callerOf(job));
    return cancelled.length + stray.length;
  });
  if (brought > 0) nudgeRelay();
}

async function takeCancelled(trx: Transaction<Schema>): Promise<JobRow[]> {
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
async function takeStray(trx: Transaction<Schema>): Promise<JobRow[]> {
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
async function takeWaiting(trx: Transaction<Schema>, runningMax: number): Promise<JobRow[]> {
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
