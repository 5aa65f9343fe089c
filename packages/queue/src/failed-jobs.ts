import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Job, Queue } from 'bullmq';
import { z } from 'zod';
import type { Settler } from './settler.ts';

/** Where dead letters are kept; `openDeadLetters` of @signalbox/postgres is one. */
export interface DeadLetterSink {
  /** Keeps it durably; the same id may come again. */
  record(letter: { id: string; name: string; message: unknown; reason: string; attempts: number }): Promise<void>;
}

export interface FailedJobCollector {
  /** Looks soon instead of at the next turn. */
  look(): void;
  /** Resolves when the turn that is under way has ended: with Redis away, when its connection is closed. */
  stop(): Promise<void>;
}

const everyMs = 5_000;
const soonMs = 50;
const batchMax = 50;
const Identified = z.object({ id: z.string().min(1) });

/**
 * Carries failed jobs from Redis to the dead letters and only then removes them, so that a letter is kept even if the
 * database was away, or the worker died, when the job failed. Measures the queue while it is there.
 */
export function startFailedJobCollector(options: {
  queue: Queue;
  deadLetters: DeadLetterSink;
  settler: Settler;
  logger: Logger;
  metrics: Metrics;
}): FailedJobCollector {
  const { queue, deadLetters, settler, logger, metrics } = options;
  const observed = observer(metrics, queue.name);
  let timer: NodeJS.Timeout | undefined;
  let turn: Promise<void> | null = null;
  let again = false;
  let failing = false;
  let stopped = false;

  function wakeIn(delayMs: number): void {
    if (stopped || turn !== null) return;
    clearTimeout(timer);
    timer = setTimeout(run, delayMs);
  }

  function run(): void {
    again = false;
    turn = collect()
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing && !stopped) logger.warn('queue.not_collected', { job: queue.name, error });
          failing = true;
        },
      )
      .finally(() => {
        turn = null;
        wakeIn(again && !failing ? soonMs : everyMs);
      });
  }

  async function collect(): Promise<void> {
    const counts = await queue.getJobCounts('waiting', 'prioritized', 'delayed', 'active', 'failed');
    observed.jobs(counts);
    for (let left = counts['failed'] ?? 0; left > 0 && !stopped; left -= batchMax) {
      for (const job of await queue.getFailed(0, batchMax - 1)) await bury(job);
    }
  }

  async function bury(job: Job): Promise<void> {
    const data: unknown = job.data;
    const identified = Identified.safeParse(data);
    const id = identified.success ? identified.data.id : `${queue.name}/${String(job.id)}`;
    const reason = job.failedReason;
    await deadLetters.record({ id, name: queue.name, message: data, reason, attempts: job.attemptsMade });
    settler.settled(data);
    await job.remove();
    observed.buried();
    logger.error('job.dead_lettered', { job: queue.name, job_id: id, reason, attempts: job.attemptsMade });
  }

  wakeIn(soonMs);

  return {
    look() {
      again = true;
      wakeIn(soonMs);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}

function observer(metrics: Metrics, job: string) {
  const jobs = metrics.gauge({
    name: 'signalbox_queue_jobs',
    help: 'Jobs in the queue, by state.',
    labels: ['job', 'state'],
  });
  const deadLetters = metrics.counter({
    name: 'signalbox_dead_letters_total',
    help: 'Jobs that were given up.',
    labels: ['job'],
  });
  return {
    jobs: (counts: Record<string, number>) => {
      for (const [state, count] of Object.entries(counts)) jobs.set({ job, state }, count);
    },
    buried: () => {
      deadLetters.inc({ job });
    },
  };
}
