import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import {
  daysAhead,
  dropPartitions,
  forgetBatches,
  forgetReportedDrift,
  forgetSampleKeys,
  makePartitions,
  strayRows,
} from './partition-store.ts';

export interface KeptPartitions {
  made: number;
  dropped: readonly string[];
  ahead: number;
  strays: number;
}

/** So many days have their partitions before they begin. */
const aheadDays = 3;
const dayMs = 86_400_000;
/** A batch that was answered is known for a day. */
const batchMemoryMs = dayMs;
/** What others found is little, and of use for longer than raw rows. */
const reportedDriftMs = 365 * dayMs;

/**
 * Makes the partitions of the days to come, and lets go of those whose days are over. Several replicas may do it at once:
 * they take turns, and the second finds nothing to do.
 */
export async function keepPartitions(
  db: Kysely<Schema>,
  retentionDays: number,
  nowMs: number,
): Promise<KeptPartitions> {
  const oldest = day(nowMs, -retentionDays);
  const made = await makePartitions(db, oldest, day(nowMs, aheadDays));
  const dropped = await dropPartitions(db, oldest);
  // A repeat of a sample that is no longer there is refused for its time, unless it says none.
  await forgetSampleKeys(db, day(nowMs, -retentionDays - 1));
  await forgetBatches(db, new Date(nowMs - batchMemoryMs));
  await forgetReportedDrift(db, new Date(nowMs - reportedDriftMs));
  return { made, dropped, ahead: await daysAhead(db, day(nowMs, 0)), strays: await strayRows(db) };
}

function day(nowMs: number, offset: number): string {
  return new Date(nowMs + offset * dayMs).toISOString().slice(0, 10);
}
