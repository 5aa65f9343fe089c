import type { Database } from '@signalbox/postgres';
import type { Logger } from '@signalbox/telemetry';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { takeForgottenSources } from './forgotten-source-store.ts';
import { IndexAway, type VectorIndex } from './vector-index.ts';
import { takeWaitingVectors } from './waiting-vector-store.ts';

export interface TendIndexDeps {
  database: Pick<Database<Schema>, 'db'>;
  index: Pick<VectorIndex, 'isAway' | 'put' | 'forget'>;
  logger: Logger;
}

export interface TendedIndex {
  /** Vectors that were put into the index. */
  filled: number;
  /** Sources that it was made to forget. */
  forgotten: number;
}

const [batchMax, everyMs] = [200, 5_000];

/**
 * Does what waited for the index, as long as it answers: first what it has to forget, then what it has to hold. What waits leaves
 * its table in the transaction in which it is done, so that nothing is lost, and what is done twice is as if done once.
 */
export async function tendIndex(deps: TendIndexDeps, signal: AbortSignal): Promise<TendedIndex> {
  const { index, logger } = deps;
  const forgotten = await again(deps, signal, async (trx) => {
    const taken = await takeForgottenSources(trx, batchMax);
    if (taken === null) return 0;
    await index.forget(taken.tenantId, taken.sources, signal);
    return taken.sources.length;
  });
  const filled = await again(deps, signal, async (trx) => {
    const waiting = await takeWaitingVectors(trx, batchMax);
    if (waiting === null) return 0;
    await index.put(waiting.space, waiting.tenantId, waiting.entries, signal);
    return waiting.entries.length;
  });
  if (filled > 0 || forgotten > 0) logger.info('vector_index.tended', { filled, forgotten });
  return { filled, forgotten };
}

async function again(
  { database, index }: TendIndexDeps,
  signal: AbortSignal,
  batch: (trx: Transaction<Schema>) => Promise<number>,
): Promise<number> {
  let total = 0;
  while (!index.isAway() && !signal.aborted) {
    const count = await database.db.transaction().execute(batch);
    if (count === 0) break;
    total += count;
  }
  return total;
}

/** Tries again and again for as long as the process lives. */
export function startTendingIndex(deps: TendIndexDeps): AsyncDisposable {
  const stopping = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const tend = async (): Promise<void> => {
    try {
      await tendIndex(deps, stopping.signal);
    } catch (error) {
      // Told of by the index itself.
      if (error instanceof IndexAway || stopping.signal.aborted) return;
      deps.logger.error('vector_index.tending_failed', { error });
    }
  };
  const timer = setInterval(() => {
    running = running.then(tend);
  }, everyMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
