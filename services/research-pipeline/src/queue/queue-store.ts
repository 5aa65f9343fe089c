import type { ResearchStatus } from '@signalbox/contracts';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { JobRow } from '../jobs/job-store.ts';

export interface QueueState {
  pausedAt: Date | null;
  pausedBy: string | null;
  jobs: ReadonlyMap<ResearchStatus, number>;
  parked: number;
  oldestQueuedAt: Date | null;
  /** Of every tenant: what is in the outbox until it is worked off, and what was given up. */
  messages: number;
  deadLetters: number;
}

export async function readQueue(db: Kysely<Schema>, tenantId: string): Promise<QueueState> {
  const [pause, counts, others] = await Promise.all([
    db.selectFrom('research_pauses').selectAll().where('tenant_id', '=', tenantId).executeTakeFirst(),
    sql<{ status: ResearchStatus; count: number; parked: number; oldest: Date }>`
      select status, count(*)::int as count, (count(*) filter (where parked))::int as parked, min(created_at) as oldest
      from research_jobs where tenant_id = ${tenantId} group by status`.execute(db),
    sql<{ messages: number; letters: number }>`
      select (select count(*) from outbox where name = 'research.run')::int as messages,
        (select count(*) from dead_letters where name = 'research.run')::int as letters`.execute(db),
  ]);
  const queued = counts.rows.find(({ status }) => status === 'queued');
  return {
    pausedAt: pause?.paused_at ?? null,
    pausedBy: pause?.paused_by ?? null,
    jobs: new Map(counts.rows.map(({ status, count }) => [status, count])),
    parked: queued?.parked ?? 0,
    oldestQueuedAt: queued?.oldest ?? null,
    messages: others.rows[0]?.messages ?? 0,
    deadLetters: others.rows[0]?.letters ?? 0,
  };
}

export async function insertPause(trx: Transaction<Schema>, tenantId: string, by: string): Promise<void> {
  await trx
    .insertInto('research_pauses')
    .values({ tenant_id: tenantId, paused_by: by })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}

export async function deletePause(trx: Transaction<Schema>, tenantId: string): Promise<void> {
  await trx.deleteFrom('research_pauses').where('tenant_id', '=', tenantId).execute();
}

/** Those that ended in this way so long ago, held back from anybody else. */
export async function lockEnded(
  trx: Transaction<Schema>,
  tenantId: string,
  { status, olderThanSeconds, limit }: { status: ResearchStatus; olderThanSeconds: number; limit: number },
): Promise<JobRow[]> {
  return trx
    .selectFrom('research_jobs')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('status', '=', status)
    .where('finished_at', '<=', sql<Date>`now() - ${olderThanSeconds} * interval '1 s'`)
    .orderBy('id')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}
