import { eventJob, principalRestricted } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';
import { restrict } from './restriction-store.ts';

const job = eventJob(principalRestricted, 'chat-router');

/** Ends what is being done on behalf of somebody who may not ask for it any more. */
export function startRestrictionWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & { database: Database<Schema> },
): RunningWorker {
  const { database, ...rest } = options;
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, caller, jobId }) => {
      const { principal_id: principalId, scopes, at } = payload;
      const restriction = { principalId, scopes, at: new Date(at) };
      await handleOnce(database.db, job.name, jobId, (trx) => restrict(trx, caller.principal.tenantId, restriction));
    },
  });
}
