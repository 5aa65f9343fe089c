import { randomUUID } from 'node:crypto';
import type { JobContract, JobMessage, ServiceName } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity, IdentityKeys } from '@signalbox/identity';
import { connectRedis } from '@signalbox/redis';
import type { Logger, Metrics } from '@signalbox/telemetry';
import { Queue, type JobsOptions } from 'bullmq';
import type { z } from 'zod';
import { defaultPrefix, keptJobs, memoryKey, settledKey, sharedOptions } from './bull.ts';
import { toMessage, type OutgoingMessage } from './emitter.ts';
import { toJobId } from './job-id.ts';

export interface QueuesOptions {
  redisUrl: string;
  service: ServiceName;
  identityKeys: IdentityKeys;
  logger: Logger;
  metrics: Metrics;
  /** What the deployment's keys begin with, default `signalbox`; on a cluster with a hash tag: `{signalbox}`. */
  prefix?: string;
}

/** The sending end of every queue. It fails fast: while Redis is away every call rejects soon with `unavailable`. */
export interface Queues extends AsyncDisposable {
  /**
   * Puts a job straight into Redis, for what may be lost with it; all else goes through the outbox. A job of a `jobId`
   * that is still known is the same job.
   */
  enqueue<Payload extends z.ZodType>(
    job: JobContract<Payload>,
    payload: z.input<Payload>,
    caller: CallerIdentity,
    options?: { jobId?: string; delayMs?: number },
  ): Promise<{ jobId: string }>;
  /** For `startOutboxRelay`: puts rows into their queues; one that is there already stays one. */
  readonly publish: (rows: readonly OutgoingMessage[]) => Promise<void>;
  /** For `startOutboxRelay`: which rows are settled since the last call, and whether Redis has lost its memory meanwhile. */
  readonly takeSettled: () => Promise<{ ids: string[]; forgot: boolean }>;
  /** Resolves when Redis answers; rejects with `unavailable`, or when `signal` aborts. */
  ping(signal?: AbortSignal): Promise<void>;
}

const settledMax = 1_000;

export function createQueues({
  redisUrl,
  service,
  identityKeys,
  logger,
  metrics,
  prefix = defaultPrefix,
}: QueuesOptions): Queues {
  const redis = connectRedis({ url: redisUrl, name: `${service} queues`, use: 'queue', logger });
  const queues = new Map<string, Queue>();
  const enqueued = metrics.counter({
    name: 'signalbox_jobs_enqueued_total',
    help: 'Jobs put into a queue, repeats included.',
    labels: ['job'],
  });

  function queueOf(name: string): Queue {
    const known = queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, {
      ...sharedOptions(prefix),
      connection: redis,
      defaultJobOptions: keptJobs,
      // Each of these would make the first call wait for Redis, and remember for ever that it was away.
      skipWaitingForReady: true,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    });
    queue.on('error', (error) => {
      logger.warn('queue.failed', { job: name, error });
    });
    queues.set(name, queue);
    return queue;
  }

  async function add(name: string, jobs: { id: string; data: unknown; options: JobsOptions }[]): Promise<void> {
    await orUnavailable(
      queueOf(name).addBulk(
        jobs.map(({ id, data, options }) => ({ name, data, opts: { ...options, jobId: toJobId(id) } })),
      ),
    );
    enqueued.inc({ job: name }, jobs.length);
  }

  return {
    async enqueue(job, payload, caller, { jobId, delayMs } = {}) {
      const message = toMessage(job, job.payload.parse(payload), caller, identityKeys, jobId);
      const options = { ...optionsOf(message), ...(delayMs === undefined ? {} : { delay: delayMs }) };
      await add(job.name, [{ id: message.id, data: message, options }]);
      return { jobId: message.id };
    },

    async publish(rows) {
      const names = new Set(rows.map(({ name }) => name));
      await Promise.all(
        [...names].map(async (name) => {
          const jobs = rows
            .filter((row) => row.name === name)
            .map(({ id, message }) => {
              // A replayed dead letter may be anything; the worker judges it, as it did before.
              const data: unknown = JSON.parse(message);
              return isMessage(data)
                ? { id, data: { ...data, emitter: service }, options: optionsOf(data) }
                : { id, data, options: {} };
            });
          await add(name, jobs);
        }),
      );
    },

    async takeSettled() {
      const [ids, set] = await orUnavailable(
        Promise.all([
          redis.lpop(settledKey(prefix, service), settledMax),
          redis.set(memoryKey(prefix, service), randomUUID(), 'NX'),
        ]),
      );
      return { ids: ids ?? [], forgot: set === 'OK' };
    },

    async ping(signal) {
      signal?.throwIfAborted();
      await orUnavailable(redis.ping());
      signal?.throwIfAborted();
    },

    async [Symbol.asyncDispose]() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
      redis.disconnect();
    },
  };
}

function isMessage(data: unknown): data is JobMessage {
  return typeof data === 'object' && data !== null && 'attempts' in data && 'backoff_ms' in data;
}

function optionsOf({ attempts, backoff_ms: delay, traceparent }: JobMessage): JobsOptions {
  return {
    attempts,
    backoff: { type: 'exponential', delay, jitter: 0.5 },
    // bullmq-otel's own format: the worker's span becomes a child of the one that emitted, not of the relay's.
    ...(traceparent === null ? {} : { telemetry: { metadata: JSON.stringify({ traceparent }) } }),
  };
}

/** Away, out of memory, read-only after a failover: to the caller it is all the same. */
async function orUnavailable<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (cause) {
    throw new AppError('unavailable', 'The queue is not available at the moment.', { cause, retryAfterMs: 1_000 });
  }
}
