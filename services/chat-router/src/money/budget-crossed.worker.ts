import { budgetCrossed, eventJob, type BudgetCrossed } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';

const job = eventJob(budgetCrossed, 'chat-router');

export interface BudgetEvents {
  /** A limit of a budget was crossed. Told by one replica alone. */
  budgetCrossed(event: BudgetCrossed): void;
}

/** Says in one place, once, what crossed a limit: the replicas that saw it each saw a part. */
export function startBudgetWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & {
    database: Database<Schema>;
    events: BudgetEvents;
  },
): RunningWorker {
  const { database, events, ...rest } = options;
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, jobId }) => {
      const outcome = await handleOnce(database.db, job.name, jobId, () => Promise.resolve());
      if (outcome === 'handled') events.budgetCrossed(payload);
    },
  });
}
