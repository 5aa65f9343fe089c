import type { SampleMetric } from '@signalbox/contracts';
import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely';
import type { Rollup } from '../series/step.ts';

/**
 * The columns of a sample by the names of its metrics, as SQL: what is rolled up and what is counted from the rows must be
 * the same.
 */
const metricColumns: Readonly<Record<SampleMetric, string>> = {
  requests: '1::float8',
  latency_ms: 'samples.latency_ms',
  throughput: 'samples.throughput',
  error_rate: 'samples.error_rate',
  cpu_usage: 'samples.cpu_usage',
  memory_usage: 'samples.memory_usage',
  gpu_memory: 'samples.gpu_memory',
  time_to_first_token_ms: 'samples.time_to_first_token_ms',
  input_tokens: 'samples.input_tokens::float8',
  output_tokens: 'samples.output_tokens::float8',
  cost_usd: 'samples.cost_nanos / 1e9::float8',
};

/** What has categories and no numbers. A long text is a category by its beginning. */
export const categoryColumns: Readonly<Record<string, string>> = {
  prediction: 'left(samples.prediction, 200)',
  actual: 'left(samples.actual, 200)',
};

/** So many categories of a bucket are counted by name; the rest is what their counts lack of the whole. */
export const categoriesMax = 50;

const rolledMetrics = [...Object.keys(metricColumns), ...Object.keys(categoryColumns)];

/** A sample's value of a metric, and whether it counts: what is no number, or too large for a sum of such, counts nowhere. */
export function measured(metric: string): { value: RawBuilder<unknown>; counts: RawBuilder<unknown> } {
  const value = sql.raw(metricColumns[metric as SampleMetric]);
  return { value, counts: countable(value) };
}

export function countable(value: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`${value} between -1e290 and 1e290`;
}

/** The samples of one model in one bucket. */
export interface DirtyBucket {
  tenantId: string;
  modelId: string;
  bucket: Date;
}

/** Only one process rolls up at a time: true when it is this transaction until its end. */
export async function lockRollups(trx: QueryExecutorProvider): Promise<boolean> {
  const { rows } = await sql<{ locked: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('rollups of monitoring_ingest', 0)) as locked`.execute(trx);
  return rows[0]?.locked === true;
}

/** Takes away the marks of the oldest minutes that began before `before`. What they stand for is visible to the next statement. */
export async function takeDirtyMinutes(
  trx: QueryExecutorProvider,
  { before, minutesMax }: { before: Date; minutesMax: number },
): Promise<DirtyBucket[]> {
  const { rows } = await sql<DirtyBucket>`
    with taken as (
      delete from dirty_minutes where minute in (
        select distinct minute from dirty_minutes where minute < ${before} order by minute limit ${minutesMax}
      )
      returning tenant_id, model_id, minute
    )
    select distinct tenant_id as "tenantId", model_id as "modelId", minute as bucket from taken order by minute`.execute(
    trx,
  );
  return rows;
}

/** As `takeDirtyMinutes`; buckets that begin at `before` or later are not over yet. */
export async function takeDirtyBuckets(
  trx: QueryExecutorProvider,
  resolution: '1h' | '1d',
  { before, bucketsMax }: { before: Date; bucketsMax: number },
): Promise<DirtyBucket[]> {
  const { rows } = await sql<DirtyBucket>`
    with taken as (
      delete from dirty_buckets where resolution = ${resolution} and bucket in (
        select distinct bucket from dirty_buckets
        where resolution = ${resolution} and bucket < ${before} order by bucket limit ${bucketsMax}
      )
      returning tenant_id, model_id, bucket
    )
    select distinct tenant_id as "tenantId", model_id as "modelId", bucket from taken order by bucket`.execute(trx);
  return rows;
}

/** Says that a coarser bucket has not seen what a finer one holds now. */
export async function markDirty(
  trx: QueryExecutorProvider,
  resolution: '1h' | '1d',
  buckets: readonly DirtyBucket[],
): Promise<void> {
  const unit = resolution === '1h' ? 'hour' : 'day';
  await sql`
    insert into dirty_buckets (resolution, tenant_id, model_id, bucket)
    select distinct ${resolution}::text, tenant_id, model_id, date_trunc(${unit}, bucket, 'UTC')
    from unnest(${tenantsOf(buckets)}::text[], ${modelsOf(buckets)}::text[], ${timesOf(buckets)}::timestamptz[])
      as dirty (tenant_id, model_id, bucket)`.execute(trx);
}

/**
 * Rolls one minute of some models up anew, from their rows. A minute whose rows are not kept any more stays as it is.
 */
export async function rollMinute(
  trx: QueryExecutorProvider,
  minute: Date,
  models: readonly DirtyBucket[],
): Promise<void> {
  const end = new Date(minute.getTime() + 60_000);
  const rows = sql`
    samples join unnest(${tenantsOf(models)}::text[], ${modelsOf(models)}::text[]) as dirty (tenant_id, model_id)
      using (tenant_id, model_id)
    where samples.time >= ${minute}::timestamptz and samples.time < ${end}::timestamptz`;
  const cell = sql`tenant_id, model_id, coalesce(samples.model_version, ''), coalesce(samples.environment, '')`;
  // Each metric by itself: to go over the rows again is cheaper than to turn each row into many.
  const bins = Object.keys(metricColumns).map((metric) => {
    const { value, counts } = measured(metric);
    return sql`
      select ${sql.lit(metric)}, ${cell}, sketch_key(${value}) as key, count(*), sum(${value}), min(${value}), max(${value})
      from ${rows} and ${counts} group by ${cell}, key`;
  });
  const categories = Object.entries(categoryColumns).map(
    ([metric, column]) => sql`
      select tenant_id, ${sql.lit(metric)}, model_id, coalesce(samples.model_version, ''),
        coalesce(samples.environment, ''), ${sql.raw(column)} as category, count(*), count(*)
      from ${rows} and ${sql.raw(column)} is not null group by ${cell}, category`,
  );

  await forget(
    trx,
    'rollups_1m',
    minute,
    models,
    sql`
    and exists (
      select from samples where tenant_id = rolled.tenant_id and model_id = rolled.model_id
        and time >= ${minute} and time < ${end}
    )`,
  );
  await sql`
    insert into rollups_1m (tenant_id, metric, bucket, model_id, model_version, environment,
      count, sum, min, max, keys, counts)
    select tenant_id, metric, ${minute}::timestamptz, model_id, model_version, environment,
      sum(n), sum(total), min(low), max(high), array_agg(key order by key), array_agg(n order by key)
    from (${sql.join(bins, sql` union all `)})
      as bins (metric, tenant_id, model_id, model_version, environment, key, n, total, low, high)
    group by tenant_id, metric, model_id, model_version, environment`.execute(trx);
  await sql`
    insert into rollups_1m (tenant_id, metric, bucket, model_id, model_version, environment,
      count, sum, keys, counts, categories)
    ${topCategories(sql.join(categories, sql` union all `), minute)}`.execute(trx);
}

/** Rolls one hour or day of some models up anew, from the next finer rollup. */
export async function rollBucket(
  trx: QueryExecutorProvider,
  resolution: '1h' | '1d',
  bucket: Date,
  models: readonly DirtyBucket[],
): Promise<void> {
  const [table, finer, ms] =
    resolution === '1h'
      ? (['rollups_1h', 'rollups_1m', 3_600_000] as const)
      : (['rollups_1d', 'rollups_1h', 86_400_000] as const);
  const end = new Date(bucket.getTime() + ms);
  const cells = (metrics: readonly string[]) => sql`
    select finer.* from ${sql.id(finer)} as finer
      join unnest(${tenantsOf(models)}::text[], ${modelsOf(models)}::text[]) as dirty (tenant_id, model_id)
        using (tenant_id, model_id)
    where finer.metric = any(${metrics}::text[]) and finer.bucket >= ${bucket} and finer.bucket < ${end}`;
  const cell = sql`tenant_id, metric, model_id, model_version, environment`;

  await forget(trx, table, bucket, models, sql``);
  await sql`
    insert into ${sql.id(table)} (tenant_id, metric, bucket, model_id, model_version, environment,
      count, sum, min, max, keys, counts)
    with cells as materialized (${cells(Object.keys(metricColumns))}),
    sums as (
      select ${cell}, sum(count) as count, sum(sum) as sum, min(min) as min, max(max) as max from cells group by ${cell}
    ),
    sketches as (
      select ${cell}, array_agg(key order by key) as keys, array_agg(n order by key) as counts
      from (
        select ${cell}, key, sum(n)::bigint as n from cells, unnest(keys, counts) as bin (key, n) group by ${cell}, key
      ) as bins
      group by ${cell}
    )
    select tenant_id, metric, ${bucket}::timestamptz, model_id, model_version, environment,
      count, sum, min, max, keys, counts
    from sums join sketches using (${cell})`.execute(trx);
  await sql`
    insert into ${sql.id(table)} (tenant_id, metric, bucket, model_id, model_version, environment,
      count, sum, keys, counts, categories)
    with cells as materialized (${cells(Object.keys(categoryColumns))})
    ${topCategories(
      sql`
        select ${cell}, category, sum(n)::bigint, sum(n)::bigint
        from cells, unnest(categories, counts) as named (category, n) group by ${cell}, category
        union all
        select ${cell}, null, 0, sum(count - (select coalesce(sum(n), 0) from unnest(counts) as n))::bigint
        from cells group by ${cell}`,
      bucket,
    )}`.execute(trx);
}

/** The buckets in a span that a rollup does not show as they are; see `planParts`. */
export async function staleBuckets(
  db: QueryExecutorProvider,
  { tenantId, modelId, from, to }: { tenantId: string; modelId?: string | undefined; from: Date; to: Date },
): Promise<Record<Rollup, Set<number>>> {
  const ofModel = modelId === undefined ? sql`` : sql`and model_id = ${modelId}`;
  // A day begins at most a day before what is asked for in it.
  const { rows } = await sql<{ resolution: Rollup; at: number }>`
    with minutes as (
      select distinct minute from dirty_minutes
      where tenant_id = ${tenantId} ${ofModel} and minute >= ${dayOf(from)} and minute < ${to}
    ),
    hours as (
      select date_trunc('hour', minute, 'UTC') as bucket from minutes
      union
      select bucket from dirty_buckets
      where resolution = '1h' and tenant_id = ${tenantId} ${ofModel} and bucket >= ${dayOf(from)} and bucket < ${to}
    ),
    days as (
      select date_trunc('day', bucket, 'UTC') as bucket from hours
      union
      select bucket from dirty_buckets
      where resolution = '1d' and tenant_id = ${tenantId} ${ofModel} and bucket >= ${dayOf(from)} and bucket < ${to}
    )
    select '1m' as resolution, (extract(epoch from minute) * 1000)::float8 as at from minutes
    union all select '1h', (extract(epoch from bucket) * 1000)::float8 from hours
    union all select '1d', (extract(epoch from bucket) * 1000)::float8 from days`.execute(db);
  const stale: Record<Rollup, Set<number>> = { '1m': new Set(), '1h': new Set(), '1d': new Set() };
  for (const { resolution, at } of rows) stale[resolution].add(at);
  return stale;
}

/** Makes the partitions of these days and drops what is older than is kept. */
export async function keepRollupPartitions(
  db: QueryExecutorProvider,
  kept: { table: 'rollups_1m' | 'rollups_1h'; firstDay: Date; lastDay: Date; dropBefore: Date },
): Promise<{ made: number; dropped: string[] }> {
  const { rows } = await sql<{ made: number; dropped: string[] }>`
    select make_rollup_partitions(${kept.table}, ${isoDay(kept.firstDay)}::date, ${isoDay(kept.lastDay)}::date) as made,
      drop_rollup_partitions(${kept.table}, ${isoDay(kept.dropBefore)}::date) as dropped`.execute(db);
  return rows[0] ?? { made: 0, dropped: [] };
}

async function forget(
  trx: QueryExecutorProvider,
  table: string,
  bucket: Date,
  models: readonly DirtyBucket[],
  only: RawBuilder<unknown>,
): Promise<void> {
  await sql`
    delete from ${sql.id(table)} as rolled
    using unnest(${tenantsOf(models)}::text[], ${modelsOf(models)}::text[]) as dirty (tenant_id, model_id)
    where rolled.tenant_id = dirty.tenant_id and rolled.model_id = dirty.model_id
      and rolled.metric = any(${rolledMetrics}::text[]) and rolled.bucket = ${bucket} ${only}`.execute(trx);
}

/** Of counted categories (cell, category, n, all), the most frequent by name, and the count of all. */
function topCategories(counted: RawBuilder<unknown>, bucket: Date): RawBuilder<unknown> {
  return sql`
    select tenant_id, metric, ${bucket}::timestamptz, model_id, model_version, environment, max(total), 0, '{}'::integer[],
      coalesce(array_agg(n order by rank) filter (where rank <= ${categoriesMax} and category is not null), '{}'),
      coalesce(array_agg(category order by rank) filter (where rank <= ${categoriesMax} and category is not null), '{}')
    from (
      select *, row_number() over (
          partition by tenant_id, metric, model_id, model_version, environment order by n desc, category
        ) as rank, sum(every) over (partition by tenant_id, metric, model_id, model_version, environment) as total
      from (${counted}) as counted (tenant_id, metric, model_id, model_version, environment, category, n, every)
    ) as ranked
    group by tenant_id, metric, model_id, model_version, environment`;
}

function tenantsOf(buckets: readonly DirtyBucket[]): string[] {
  return buckets.map(({ tenantId }) => tenantId);
}

function modelsOf(buckets: readonly DirtyBucket[]): string[] {
  return buckets.map(({ modelId }) => modelId);
}

function timesOf(buckets: readonly DirtyBucket[]): Date[] {
  return buckets.map(({ bucket }) => bucket);
}

function dayOf(at: Date): Date {
  return new Date(Math.floor(at.getTime() / 86_400_000) * 86_400_000);
}

function isoDay(at: Date): string {
  return at.toISOString().slice(0, 10);
}
