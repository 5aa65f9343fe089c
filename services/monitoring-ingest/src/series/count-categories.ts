import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { staleBuckets } from '../rollups/rollup-store.ts';
import { groupBy } from './group-by.ts';
import { planParts } from './plan-parts.ts';
import { isoTime } from './present-series.ts';
import type { BucketGrid } from './query-series.ts';
import type { SampleFilter } from './sample-filter.ts';
import { readCategories } from './series-store.ts';
import { resolutionOf, type Resolution } from './step.ts';

export interface CategoryBucket {
  time: string;
  count: number;
  categories: { category: string; count: number }[];
  other: number;
}

/** Counts what was said in each bucket, in one snapshot. */
export async function countCategories(
  db: Kysely<Schema>,
  { filter, field, span, stepMs, times }: BucketGrid & { filter: SampleFilter; field: 'prediction' | 'actual' },
): Promise<{ resolution: Resolution; buckets: CategoryBucket[] }> {
  const resolution = resolutionOf(stepMs);
  const cells = await db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const stale = await staleBuckets(trx, {
        tenantId: filter.tenantId,
        modelId: filter.modelId,
        from: new Date(span.from),
        to: new Date(span.to),
      });
      return readCategories(trx, { filter, field, stepMs, parts: planParts({ span, coarsest: resolution, stale }) });
    });
  const byTime = groupBy(cells, ({ at }) => at);
  const buckets = times.map((at) => {
    const ofBucket = byTime.get(at) ?? [];
    const total = ofBucket.find(({ category }) => category === null)?.count ?? 0;
    const categories = ofBucket.flatMap(({ category, count }) => (category === null ? [] : [{ category, count }]));
    const named = categories.reduce((sum, { count }) => sum + count, 0);
    return { time: isoTime(at), count: total, categories, other: total - named };
  });
  return { resolution, buckets };
}
