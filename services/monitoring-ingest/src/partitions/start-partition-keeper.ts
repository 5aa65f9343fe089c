import { AppError } from '@signalbox/errors';
import type { KeptPartitions } from './keep-partitions.ts';

export interface PartitionEvents {
  kept(event: KeptPartitions): void;
  keepingFailed(error: unknown): void;
}

export interface PartitionKeeper extends AsyncDisposable {
  /** Rejects when the partitions of the next day are not there, or rows lie where they should not. */
  probe(): Promise<void>;
}

const keepEveryMs = 600_000;
const retryMs = 10_000;

/** Keeps the partitions once before it resolves, and then every ten minutes; after a failure sooner. */
export async function startPartitionKeeper(
  keep: () => Promise<KeptPartitions>,
  events: PartitionEvents,
): Promise<PartitionKeeper> {
  let last: KeptPartitions | null = null;
  let running: Promise<void> | null = null;
  let closed = false;
  let timer: NodeJS.Timeout;

  async function run(): Promise<void> {
    try {
      last = await keep();
      events.kept(last);
      schedule(keepEveryMs);
    } catch (error) {
      events.keepingFailed(error);
      schedule(retryMs);
    }
  }
  function schedule(ms: number): void {
    if (closed) return;
    timer = setTimeout(() => {
      running = run();
    }, ms).unref();
  }

  await run();
  return {
    probe() {
      if (last === null) return Promise.reject(new AppError('unavailable', 'The partitions have not been kept.'));
      if (last.ahead < 1) return Promise.reject(new AppError('unavailable', 'The next day has no partition.'));
      if (last.strays > 0) return Promise.reject(new AppError('unavailable', 'Rows lie in a default partition.'));
      return Promise.resolve();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      await running;
    },
  };
}
