import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { groupBy } from '../series/group-by.ts';
import {
  lockRollups,
  markDirty,
  rollBucket,
  rollMinute,
  takeDirtyBuckets,
  takeDirtyMinutes,
  type DirtyBucket,
} from './rollup-store.ts';

/** So many are rolled up in one transaction, and given back together when it fails. */
const bucketsPerRound = 20;
/** A minute is rolled up when it has been over for so long: most of what belongs to it has come by then. */
const settleMs = 2_000;

/**
 * Rolls up what came since the last time and is over: minutes, then the hours and days that hold them. Late rows have their
 * own minute rolled up again and no other. Gives how many buckets it rolled; 0 also when another process is at it.
 */
export async function rollUp(db: Kysely<Schema>, now: Date): Promise<number> {
  const settled = now.getTime() - settleMs;
  const before = (ms: number) => new Date(Math.floor(settled / ms) * ms);
  return db.transaction().execute(async (trx) => {
    if (!(await lockRollups(trx))) return 0;
    const minutes = await takeDirtyMinutes(trx, { before: before(60_000), minutesMax: bucketsPerRound });
    for (const [bucket, models] of byBucket(minutes)) await rollMinute(trx, bucket, models);
    if (minutes.length > 0) await markDirty(trx, '1h', minutes);

    const hours = await takeDirtyBuckets(trx, '1h', { before: before(3_600_000), bucketsMax: bucketsPerRound });
    for (const [bucket, models] of byBucket(hours)) await rollBucket(trx, '1h', bucket, models);
    if (hours.length > 0) await markDirty(trx, '1d', hours);

    const days = await takeDirtyBuckets(trx, '1d', { before: before(86_400_000), bucketsMax: bucketsPerRound });
    for (const [bucket, models] of byBucket(days)) await rollBucket(trx, '1d', bucket, models);
    return minutes.length + hours.length + days.length;
  });
}

function byBucket(dirty: readonly DirtyBucket[]): Map<Date, DirtyBucket[]> {
  const groups = groupBy(dirty, ({ bucket }) => bucket.getTime());
  return new Map([...groups].map(([at, models]) => [new Date(at), models]));
}
