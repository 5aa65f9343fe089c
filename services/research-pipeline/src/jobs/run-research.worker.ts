import { runResearch } from '@signalbox/contracts';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import { attemptsMax, workOffJob, type WorkOffDeps } from './work-off-job.ts';

/** Works research off, several jobs at once: they mostly wait for others. */
export function startResearchWorker(
  options: Omit<WorkerOptions<typeof runResearch.payload>, 'job' | 'handle'> & { deps: WorkOffDeps },
): RunningWorker {
  const { deps, ...rest } = options;
  return startWorker({
    ...rest,
    job: runResearch,
    handle: ({ payload, caller, attempt, signal }) =>
      workOffJob(
        deps,
        { jobId: payload.job_id, run: payload.run, caller, isLastAttempt: attempt >= attemptsMax },
        signal,
      ),
  });
}
