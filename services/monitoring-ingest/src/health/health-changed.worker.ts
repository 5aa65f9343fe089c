import { eventJob, modelHealthChanged } from '@signalbox/contracts';
import { handleOnce, type Database } from '@signalbox/postgres';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Schema } from '../app/schema.ts';

const job = eventJob(modelHealthChanged, 'monitoring-ingest');

/** Says in one place, once, that a model's health changed. */
export function startHealthWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & { database: Database<Schema> },
): RunningWorker {
  const { database, ...rest } = options;
  const changes = rest.metrics.counter({
    name: 'signalbox_model_health_changes_total',
    help: 'Changes of the health of models, by what they became.',
    labels: ['current'],
  });
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, caller, jobId }) => {
      const outcome = await handleOnce(database.db, job.name, jobId, () => Promise.resolve());
      if (outcome !== 'handled') return;
      changes.inc({ current: payload.current });
      rest.logger.info('model.health_changed', { tenant_id: caller.principal.tenantId, ...payload });
    },
  });
}
