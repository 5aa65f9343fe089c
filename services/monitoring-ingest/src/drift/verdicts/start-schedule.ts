import { judgeDrift } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit, type Database } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Logger } from '@signalbox/telemetry';
import type { Schema } from '../../app/schema.ts';
import { setNextRun, takeDueReferences } from '../references/reference-store.ts';
import { planRun } from './schedule.ts';

export interface ScheduleOptions {
  database: Database<Schema>;
  emitter: Emitter;
  nudgeRelay: () => void;
  logger: Logger;
  /** How often it looks for windows that are over. */
  lookMs?: number;
}

const takenMax = 50;

/**
 * Queues each window that is over, for as long as it is open. What is due stands in Postgres, and the job and the next due
 * time are one transaction; the job's id is the window's, so that queueing it twice is queueing it once.
 */
export function startDriftSchedule({
  database,
  emitter,
  nudgeRelay,
  logger,
  lookMs = 5_000,
}: ScheduleOptions): AsyncDisposable {
  let round: Promise<void> | null = null;
  let closed = false;

  async function look(): Promise<void> {
    try {
      for (let taken = takenMax; taken === takenMax && !closed;) {
        taken = await queueDueWindows({ database, emitter }, new Date());
        if (taken > 0) nudgeRelay();
      }
    } catch (error) {
      logger.warn('drift.scheduling_failed', { error });
    }
    round = null;
  }

  const timer = setInterval(() => {
    round ??= look();
  }, lookMs);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      closed = true;
      await round;
    },
  };
}

/** Queues the window of each reference that is due, at most fifty; gives how many those were. */
export async function queueDueWindows(
  { database, emitter }: Pick<ScheduleOptions, 'database' | 'emitter'>,
  now: Date,
): Promise<number> {
  return database.db.transaction().execute(async (trx) => {
    const due = await takeDueReferences(trx, now, takenMax);
    for (const reference of due) {
      const { window, nextRunAt } = planRun(
        { nextRunAt: reference.next_run_at, windowMinutes: reference.window_minutes },
        now,
      );
      const payload = { reference_id: reference.id, from: window.from.toISOString(), to: window.to.toISOString() };
      const principal = {
        kind: 'service',
        principalId: 'monitoring-ingest',
        tenantId: reference.tenant_id,
        scopes: [],
      } as const;
      const id = `drift.${reference.id}.${String(window.to.getTime())}`;
      await emit(trx, emitter.outboxRows(judgeDrift, payload, { principal, requestId: newId('req') }, { id }));
      await setNextRun(trx, reference, nextRunAt);
    }
    return due.length;
  });
}
