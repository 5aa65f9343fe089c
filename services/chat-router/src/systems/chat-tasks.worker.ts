import { runTask } from '@signalbox/contracts';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import { failLostTasks } from './task-store.ts';
import { workOffTask, type WorkOffDeps } from './work-off-task.ts';

/** So long after the last sign of life of any worker a task is lost: longer than a queue takes to bring it again. */
const untouchedMsMax = 15 * 60_000;
const sweepMs = 60_000;

/** Works tasks off, several at once: they mostly wait for models. */
export function startTaskWorker(
  options: Omit<WorkerOptions<typeof runTask.payload>, 'job' | 'handle'> & { deps: WorkOffDeps },
): RunningWorker {
  const { deps, ...rest } = options;
  const worker = startWorker({
    concurrency: 8,
    ...rest,
    job: runTask,
    handle: ({ payload, caller, attempt, signal }) =>
      workOffTask(deps, { taskId: payload.task_id, caller, isLastAttempt: attempt >= runTask.attempts }, signal),
  });
  const sweeper = setInterval(() => {
    failLostTasks(deps.db, untouchedMsMax).catch((error: unknown) => {
      options.logger.warn('tasks.sweeping_failed', { error });
    });
  }, sweepMs);
  return {
    probe: () => worker.probe(),
    async [Symbol.asyncDispose]() {
      clearInterval(sweeper);
      await worker[Symbol.asyncDispose]();
    },
  };
}
