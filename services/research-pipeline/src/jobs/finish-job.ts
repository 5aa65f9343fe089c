import { researchFinished } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { JobRow } from './job-store.ts';

/** Tells of the end of a job in the transaction that makes it true. */
export async function tellFinished(trx: Transaction<Schema>, emitter: Emitter, job: JobRow): Promise<void> {
  const { status } = job;
  if (status !== 'completed' && status !== 'completed_partial' && status !== 'failed' && status !== 'cancelled') return;
  const now = new Date();
  await emit(
    trx,
    emitter.outboxRows(
      researchFinished,
      {
        job_id: job.id,
        topic: job.request.topic,
        status,
        error_code: job.error?.code ?? null,
        sources_failed: job.warnings.filter(({ code }) => code === 'source_failed').length,
        duration_ms: now.getTime() - (job.started_at ?? job.created_at).getTime(),
        usd: job.spent.usd,
        at: now.toISOString(),
      },
      callerOf(job),
      { id: `${job.id}.${String(job.run)}.finished` },
    ),
  );
}

/** By whose authority a job is worked on, when nobody asks at the moment. */
export function callerOf({ principal }: Pick<JobRow, 'principal'>): CallerIdentity {
  return { principal, requestId: newId('req') };
}
