import { judgeDrift } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { startWorker, type RunningWorker, type WorkerOptions } from '@signalbox/queue';
import type { Kysely } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import { getReferenceRow, type ReferenceRow } from '../references/reference-store.ts';
import { judgeDriftOf } from './judge-drift.ts';
import type { VerdictRow } from './verdict-store.ts';

/** Judges the windows that are due, one at a time: it is the processor that it needs. */
export function startDriftWorker(
  options: Omit<WorkerOptions<typeof judgeDrift.payload>, 'job' | 'handle'> & {
    db: Kysely<Schema>;
    judged: (verdict: VerdictRow) => void;
  },
): RunningWorker {
  const { db, judged, ...rest } = options;
  return startWorker({
    ...rest,
    job: judgeDrift,
    handle: async ({ payload, caller, signal }) => {
      const reference = await referenceOf(db, caller.principal.tenantId, payload.reference_id);
      // Superseded or retired while its job waited: a verdict by it would be about nothing any more.
      if (reference?.status !== 'active') return;
      const window = { from: new Date(payload.from), to: new Date(payload.to) };
      judged(await judgeDriftOf(db, reference, window, signal));
    },
  });
}

async function referenceOf(db: Kysely<Schema>, tenantId: string, id: string): Promise<ReferenceRow | null> {
  try {
    return await getReferenceRow(db, tenantId, id);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return null;
    throw error;
  }
}
