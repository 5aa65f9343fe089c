import { alertFired, alertResolved, eventJob, type AlertFired, type AlertResolved } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';

const fired = eventJob(alertFired, 'chat-router');
const resolved = eventJob(alertResolved, 'chat-router');

export interface AlertEvents {
  /** An alert began: told once for each episode, whichever replica heard of it. */
  alertFired(event: AlertFired): void;
  alertResolved(event: AlertResolved): void;
}

/** Says in the words of this service, once, what alerting has seen of the models that it routes to. */
export function startAlertWorkers(
  options: Omit<WorkerOptions<typeof fired.payload>, 'job' | 'handle'> & {
    database: Database<Schema>;
    events: AlertEvents;
  },
): RunningWorker[] {
  const { database, events, ...rest } = options;
  const once = (job: string, jobId: string) => handleOnce(database.db, job, jobId, () => Promise.resolve());
  return [
    startWorker({
      ...rest,
      job: fired,
      handle: async ({ payload, jobId }) => {
        if ((await once(fired.name, jobId)) === 'handled') events.alertFired(payload);
      },
    }),
    startWorker({
      ...rest,
      job: resolved,
      handle: async ({ payload, jobId }) => {
        if ((await once(resolved.name, jobId)) === 'handled') events.alertResolved(payload);
      },
    }),
  ];
}
