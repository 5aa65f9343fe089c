import { eventJob, usageRecorded } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';
import { addToUsageByDay } from './usage-store.ts';

const job = eventJob(usageRecorded, 'chat-router');

/** Keeps the sums by day up to date with the ledger. However often a message comes, its records count once. */
export function startUsageWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & { database: Database<Schema> },
): RunningWorker {
  const { database, ...rest } = options;
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, caller, jobId }) => {
      const records = payload.records.filter((record) => record.tenant_id === caller.principal.tenantId);
      await handleOnce(database.db, job.name, jobId, (trx) => addToUsageByDay(trx, records));
    },
  });
}
