import { researchFinished } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { JobRow } from './job-store.ts';
import { isOver } from './job.ts';

/** Tells of the end of a job in the transaction that makes it true. */
export async function tellFinished(trx: Transaction<Schema>, emitter: Emitter, job: JobRow): Promise<void> {
  if (!isOver(job.status)) return;
  const status = job.status === 'failed' || job.status === 'cancelled' ? job.status : 'completed';
  await emit(
    trx,
    emitter.outboxRows(
      researchFinished,
      {
        job_id: job.id,
        tenant_id: job.tenant_id,
        status,
        topic: job.request.topic,
        error: job.error?.message ?? null,
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
