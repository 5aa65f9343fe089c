import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';

/** What a step gave when it was done; null: it was not, or with another input. */
export async function findStep(
  db: Kysely<Schema>,
  { jobId, stage, key, inputHash }: { jobId: string; stage: string; key: string; inputHash: string },
): Promise<{ output: object; cost: object } | null> {
  const row = await db
    .selectFrom('research_steps')
    .select(['output', 'cost'])
    .where('job_id', '=', jobId)
    .where('stage', '=', stage)
    .where('key', '=', key)
    .where('input_hash', '=', inputHash)
    .executeTakeFirst();
  return row ?? null;
}

/** Forgets what a job has read and written on its way; the job itself stays. */
export async function deleteSteps(trx: Transaction<Schema>, jobId: string): Promise<void> {
  await trx.deleteFrom('research_steps').where('job_id', '=', jobId).execute();
}
