import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { bring } from './change-job.ts';
import { callerOf, tellFinished } from './finish-job.ts';
import { tell } from './lease-store.ts';
import { takeCancelled, takeStray, takeWaiting } from './stray-store.ts';

export interface ReconcilerDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  nudgeRelay: () => void;
  runningMax: number;
  logger: Logger;
  everyMs?: number;
}

export interface Reconciler extends AsyncDisposable {
  /** Looks soon instead of at the next turn. */
  look(): void;
}

/**
 * Brings every job that has not ended to somebody: those whose worker went without a word, those whose message is nowhere
 * any more, and those whose turn has come. Ends the cancelled ones that nobody holds. Any number of replicas may do so.
 */
export function startReconciler(deps: ReconcilerDeps): Reconciler {
  const { everyMs = 2_000, logger } = deps;
  let failing = false;
  let turn: Promise<void> | null = null;
  let again = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  function wakeIn(delayMs: number): void {
    if (stopped || turn !== null) return;
    clearTimeout(timer);
    timer = setTimeout(run, delayMs);
  }

  function run(): void {
    again = false;
    turn = reconcileJobs(deps)
      .then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing && !stopped) logger.warn('research.not_reconciled', { error });
          failing = true;
        },
      )
      .finally(() => {
        turn = null;
        wakeIn(again ? 20 : everyMs);
      });
  }

  wakeIn(everyMs);
  return {
    look() {
      again = true;
      wakeIn(20);
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await turn;
    },
  };
}

/** One look at everything. */
async function reconcileJobs({ db, emitter, nudgeRelay, runningMax }: ReconcilerDeps): Promise<void> {
  const brought = await db.transaction().execute(async (trx) => {
    const cancelled = await takeCancelled(trx);
    for (const job of cancelled) {
      await tell(trx, job, 'status', { status: 'cancelled' });
      await tellFinished(trx, emitter, job);
    }
    const stray = [...(await takeStray(trx)), ...(await takeWaiting(trx, runningMax))];
    for (const job of stray) await bring(trx, emitter, job, callerOf(job));
    return cancelled.length + stray.length;
  });
  if (brought > 0) nudgeRelay();
}
