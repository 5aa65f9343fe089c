import { eventJob, usageRecorded } from '@signalbox/contracts';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import { delivery } from '../intake/delivery.ts';
import type { Intake } from '../intake/group-commit.ts';
import { timeProblem, type TimeWindow } from '../intake/time-window.ts';
import { sampleOfUsage } from './sample-of-usage.ts';

const job = eventJob(usageRecorded, 'monitoring-ingest');

/** Makes samples of what chat-router tells of. However often a message comes, each call is one sample: its id is its key. */
export function startUsageWorker(
  options: Omit<WorkerOptions<typeof job.payload>, 'job' | 'handle'> & {
    intake: Pick<Intake, 'deliver'>;
    now: () => number;
    windowAt: (nowMs: number) => TimeWindow;
  },
): RunningWorker {
  const { intake, now, windowAt, ...rest } = options;
  return startWorker({
    ...rest,
    job,
    handle: async ({ payload, caller }) => {
      const { tenantId } = caller.principal;
      const window = windowAt(now());
      const samples = payload.records
        .filter((record) => record.tenant_id === tenantId)
        .map(sampleOfUsage)
        // A message that waited for longer than raw rows are kept.
        .filter(({ timeMs }) => timeProblem(timeMs, window) === null);
      if (samples.length > 0) await intake.deliver(delivery(tenantId, { samples }));
    },
  });
}
