import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { countEvents } from './job-store.ts';

/** Wakes those who follow jobs, however many they are, at the cost of one query at a time. */
export interface JobWatch extends AsyncDisposable {
  /** Resolves when the job has told more than `seen` events, when it is gone, or when `signal` aborts. */
  changed(jobId: string, seen: number, signal: AbortSignal): Promise<void>;
}

interface Watcher {
  jobId: string;
  seen: number;
  wake: () => void;
}

const lookMs = 250;

export function startJobWatch({ db, logger }: { db: Kysely<Schema>; logger: Logger }): JobWatch {
  const watchers = new Set<Watcher>();
  let timer: NodeJS.Timeout | null = null;
  let looking: Promise<void> | null = null;
  let failing = false;
  let stopped = false;

  async function look(): Promise<void> {
    const ids = [...new Set([...watchers].map(({ jobId }) => jobId))];
    const events = await countEvents(db, ids);
    for (const watcher of watchers) if ((events.get(watcher.jobId) ?? Infinity) > watcher.seen) watcher.wake();
  }

  function lookLater(): void {
    if (timer !== null || looking !== null || watchers.size === 0 || stopped) return;
    timer = setTimeout(() => {
      timer = null;
      looking = look()
        .then(
          () => {
            failing = false;
          },
          (error: unknown) => {
            if (!failing) logger.warn('research.not_watched', { error });
            failing = true;
          },
        )
        .finally(() => {
          looking = null;
          lookLater();
        });
    }, lookMs);
  }

  return {
    async changed(jobId, seen, signal) {
      if (signal.aborted || stopped) return;
      await new Promise<void>((resolve) => {
        const watcher: Watcher = { jobId, seen, wake: over };
        function over(): void {
          watchers.delete(watcher);
          signal.removeEventListener('abort', over);
          resolve();
        }
        watchers.add(watcher);
        signal.addEventListener('abort', over, { once: true });
        lookLater();
      });
    },

    async [Symbol.asyncDispose]() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
      await looking;
      for (const { wake } of watchers) wake();
    },
  };
}
