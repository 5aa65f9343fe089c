import type { JobContract } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity, IdentityKeys } from '@signalbox/identity';
import { childTraceparent, parseTraceparent, runInRequest, type Logger, type Metrics } from '@signalbox/telemetry';
import { DelayedError, Queue, UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq';
import type { z } from 'zod';
import { defaultPrefix, sharedOptions } from './bull.ts';
import { canaryName, startCanary } from './canary.ts';
import { startFailedJobCollector, type DeadLetterSink } from './failed-jobs.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { readMessage } from './read-message.ts';
import { createSettler } from './settler.ts';
import { connectWorker } from './worker-connections.ts';

export interface HandledJob<Payload> {
  payload: Payload;
  /** Who caused it, verified. Its tenant is the job's tenant. */
  caller: CallerIdentity;
  /** The message's id: the key of its effect (`handleOnce`). */
  jobId: string;
  /** 1 for the first. */
  attempt: number;
  /** Aborts when this process must let go of the job: stop, and leave the rest to the one who takes it next. */
  signal: AbortSignal;
}

export interface WorkerOptions<Payload extends z.ZodType> {
  redisUrl: string;
  identityKeys: IdentityKeys;
  /** A job's contract, or `eventJob(event, service)` for a subscriber. */
  job: JobContract<Payload>;
  /** Delivered at least once: make the effect one by `handleOnce` of @signalbox/postgres. */
  handle: (job: HandledJob<z.output<Payload>>) => Promise<void>;
  /** `openDeadLetters` of @signalbox/postgres. */
  deadLetters: DeadLetterSink;
  logger: Logger;
  metrics: Metrics;
  /** Jobs at once, default 1. */
  concurrency?: number;
  /** How long closing lets the jobs at work finish before it hands them to other workers. Default 10 s. */
  graceMs?: number;
  /** As in `createQueues`. */
  prefix?: string;
}

export interface RunningWorker extends AsyncDisposable {
  /** A health probe: rejects with `unavailable` when this worker took no job, not even a canary, for a minute. */
  probe(): Promise<void>;
}

interface ActiveJob {
  controller: AbortController;
  /** Aborts the handler, and shortly after gives it up. */
  release: () => void;
  released: Promise<void>;
}

/** How long a handler has after its signal aborted before the job is handed back without it. */
const letGoMs = 250;
/** Beyond the grace: how long closing waits for Redis to hear how the last jobs ended. */
const farewellMs = 3_000;

/**
 * Works off one queue. A handler that throws is tried again as the contract says and then lies among the dead letters;
 * `unavailable` (a dependency is away) only postpones and uses no attempt up. What cannot be read goes to the dead
 * letters at once. A worker that dies loses its jobs to others within 20 s.
 */
export function startWorker<Payload extends z.ZodType>(options: WorkerOptions<Payload>): RunningWorker {
  const { redisUrl, identityKeys, job: contract, handle, deadLetters, logger, metrics } = options;
  const { concurrency = 1, graceMs = 10_000, prefix = defaultPrefix } = options;
  const observed = observer(metrics, contract.name);
  const connections = connectWorker(redisUrl, contract.name, logger);
  const active = new Map<ActiveJob, Promise<Outcome>>();
  const settler = createSettler(connections.main, prefix, logger);
  const { main: connection } = connections;

  // Untraced: canaries and looking around belong to no request.
  const queue = new Queue(contract.name, { prefix, connection, skipWaitingForReady: true, skipVersionCheck: true });
  queue.on('error', (error) => {
    logger.warn('queue.failed', { job: contract.name, error });
  });
  const collector = startFailedJobCollector({ queue, deadLetters, settler, logger, metrics });
  const canary = startCanary({ queue, metrics });

  const worker = new Worker(contract.name, work, {
    ...sharedOptions(prefix),
    connection,
    concurrency,
    lockDuration: 15_000,
    stalledInterval: 5_000,
    maxStalledCount: 3,
    runRetryDelay: 2_000,
  });
  worker.on('error', (error) => {
    logger.warn('worker.failed', { job: contract.name, error });
  });
  worker.on('completed', (job) => {
    settler.settled(job.data);
  });
  worker.on('failed', () => {
    collector.look();
  });
  worker.on('stalled', (jobId) => {
    logger.warn('job.stalled', { job: contract.name, job_id: jobId });
  });

  async function work(job: Job, token?: string): Promise<void> {
    canary.taken();
    if (job.name === canaryName) return;
    const read = readMessage(contract, identityKeys, job.data);
    if (read.kind === 'poison') throw new UnrecoverableError(read.reason);
    const { message, payload, caller } = read;
    const trace = parseTraceparent(message.traceparent ?? undefined);
    await runInRequest({ requestId: message.request_id, ...(trace === null ? {} : childTraceparent(trace)) }, () =>
      attempt(job, token, { payload, caller, jobId: message.id, attempt: job.attemptsMade + 1 }),
    );
  }

  async function attempt(
    job: Job,
    token: string | undefined,
    handled: Omit<HandledJob<z.output<Payload>>, 'signal'>,
  ): Promise<void> {
    const from = performance.now();
    const entry = letGo();
    const { signal } = entry.controller;
    const ending = outcomeOf(() => handle({ ...handled, signal }), entry.released, signal, job);
    active.set(entry, ending);
    const outcome = await ending;
    active.delete(entry);
    const durationMs = performance.now() - from;
    observed(outcome.kind, durationMs);
    const facts = { job: contract.name, job_id: handled.jobId, attempt: handled.attempt, duration_ms: durationMs };
    switch (outcome.kind) {
      case 'completed':
        logger.debug('job.completed', facts);
        return;
      case 'released':
        logger.info('job.released', facts);
        await job.moveToWait(token);
        throw new WaitingError();
      case 'postponed':
        logger.warn('job.postponed', { ...facts, error: outcome.error });
        await job.moveToDelayed(Date.now() + outcome.delayMs, token);
        throw new DelayedError();
      case 'failed':
        logger.warn('job.failed', { ...facts, error: outcome.error });
        throw new Error(outcome.reason);
    }
  }

  async function close(): Promise<void> {
    canary.stop();
    const collected = collector.stop();
    const grace = setTimeout(() => {
      for (const entry of active.keys()) entry.release();
    }, graceMs);
    const ended = worker.close();
    await Promise.all(active.values());
    // How the last jobs ended is said to a Redis that listens; any other hears it from those who take them next.
    if (connections.isReady()) await Promise.race([ended.then(() => settler.drained()), after(farewellMs)]);
    clearTimeout(grace);
    connections.end();
    await Promise.race([Promise.all([ended, collected]), after(farewellMs)]);
  }

  let closed: Promise<void> | undefined;

  return {
    probe() {
      if (active.size >= concurrency || canary.ageMs() < 60_000) return Promise.resolve();
      const seconds = String(Math.round(canary.ageMs() / 1_000));
      return Promise.reject(
        new AppError('unavailable', `The worker of ${contract.name} took no job for ${seconds} s.`),
      );
    },

    [Symbol.asyncDispose]() {
      closed ??= close();
      return closed;
    },
  };
}

function letGo(): ActiveJob {
  const controller = new AbortController();
  let done: (() => void) | undefined;
  const released = new Promise<void>((resolve) => {
    done = resolve;
  });
  return {
    controller,
    released,
    release() {
      controller.abort(new AppError('unavailable', 'This worker is shutting down.'));
      if (done !== undefined) setTimeout(done, letGoMs);
    },
  };
}

function observer(metrics: Metrics, job: string): (outcome: string, durationMs: number) => void {
  const jobs = metrics.counter({
    name: 'signalbox_jobs_total',
    help: 'Attempts at jobs, by how they ended.',
    labels: ['job', 'outcome'],
  });
  const durations = metrics.histogram({
    name: 'signalbox_job_duration_seconds',
    help: 'How long one attempt at a job took.',
    labels: ['job'],
  });
  return (outcome, durationMs) => {
    jobs.inc({ job, outcome });
    durations.observe({ job }, durationMs / 1000);
  };
}

function after(delayMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, delayMs).unref());
}
