import type { Database } from '@signalbox/postgres';
import type { Logger } from '@signalbox/telemetry';
import type { Schema } from '../app/schema.ts';
import { IndexAway, type VectorIndex } from './vector-index.ts';
import { takeWaitingVectors } from './waiting-vector-store.ts';

export interface FillIndexDeps {
  database: Pick<Database<Schema>, 'db'>;
  index: Pick<VectorIndex, 'isAway' | 'put'>;
  logger: Logger;
}

const [batchMax, everyMs] = [200, 5_000];

/**
 * Brings vectors that wait to the index, as long as it takes them; tells how many it took. A vector leaves the table in the
 * transaction in which it arrives, so that none is lost, and one that arrives twice is there once.
 */
export async function fillIndex({ database, index, logger }: FillIndexDeps, signal: AbortSignal): Promise<number> {
  let filled = 0;
  while (!index.isAway() && !signal.aborted) {
    const count = await database.db.transaction().execute(async (trx) => {
      const waiting = await takeWaitingVectors(trx, batchMax);
      if (waiting === null) return 0;
      await index.put(waiting.space, waiting.tenantId, waiting.entries, signal);
      return waiting.entries.length;
    });
    if (count === 0) break;
    filled += count;
  }
  if (filled > 0) logger.info('vector_index.filled', { vectors: filled });
  return filled;
}

/** Tries again and again for as long as the process lives. */
export function startFillingIndex(deps: FillIndexDeps): AsyncDisposable {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(async () => {
      try {
        await fillIndex(deps, stopping.signal);
      } catch (error) {
        // Told of by the index itself.
        if (error instanceof IndexAway || stopping.signal.aborted) return;
        deps.logger.error('vector_index.filling_failed', { error });
      }
    });
  }, everyMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
