import type { Logger } from '@signalbox/telemetry';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { settledKey } from './bull.ts';

export interface Settler {
  /** Tells the emitter of this job's data, if one waits, that it is settled. A word that gets lost costs one repeat. */
  settled(data: unknown): void;
  /** Resolves when everything told so far has been sent, or could not be. */
  drained(): Promise<void>;
}

const Emitted = z.object({ id: z.string(), emitter: z.string() });

/** So that a service that never comes back does not fill Redis. */
const keptMax = 100_000;

export function createSettler(redis: Redis, prefix: string, logger: Logger): Settler {
  const pending = new Set<Promise<unknown>>();
  return {
    settled(data) {
      const emitted = Emitted.safeParse(data);
      if (!emitted.success) return;
      const { id, emitter } = emitted.data;
      const key = settledKey(prefix, emitter);
      const sent = redis
        .multi()
        .rpush(key, id)
        .ltrim(key, -keptMax, -1)
        .exec()
        .catch((error: unknown) => {
          logger.warn('job.not_reported', { job_id: id, emitter, error });
        })
        .finally(() => {
          pending.delete(sent);
        });
      pending.add(sent);
    },
    async drained() {
      await Promise.all(pending);
    },
  };
}
