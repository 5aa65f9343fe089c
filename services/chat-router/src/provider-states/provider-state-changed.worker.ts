import { eventJob, providerStateChanged, type ProviderStateChanged } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';

const job = eventJob(providerStateChanged, 'chat-router');

export interface ProviderStateEvents {
  /** A provider began to rest, tries again, or is well: told once, whichever replica saw it. */
  providerStateChanged(event: ProviderStateChanged): void;
}

export function startProviderStateWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & {
    database: Database<Schema>;
    events: ProviderStateEvents;
  },
): RunningWorker {
  const { database, events, ...rest } = options;
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, jobId }) => {
      const outcome = await handleOnce(database.db, job.name, jobId, () => Promise.resolve());
      if (outcome === 'handled') events.providerStateChanged(payload);
    },
  });
}
