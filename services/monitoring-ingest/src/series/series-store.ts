import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely';
import { categoriesMax, categoryColumns, countable, measured } from '../rollups/rollup-store.ts';
import { pointValues } from './point-values-store.ts';
import type { Part } from './plan-parts.ts';
import type { SampleFilter } from './sample-filter.ts';
import type { Rollup, Span } from './step.ts';

/** What makes a line of its own: a column, or a tag by its name. */
export type Segmentation = 'model_id' | 'model_version' | 'environment' | { tag: string };

export interface CellRequest {
  filter: SampleFilter;
  metrics: readonly string[];
  /** Whether these are metrics of points, of which there are no rollups. */
  ofPoints?: boolean;
  parts: readonly Part[];
  /** Null: everything in one cell. */
  stepMs: number | null;
  segmentBy?: Segmentation | undefined;
  segmentsMax?: number;
  /** Whether the quantiles are wanted, which cost more than the rest. */
  quantiles?: boolean;
  /** Of these metrics alone; absent: of all. */
  quantilesOf?: readonly string[];
  /** Counts apart what has at most this key; see `rollups/sketch.ts`. */
  atMostKey?: number;
}

/** What was measured of one metric, in one bucket and segment. */
export interface Cell {
  metric: string;
  at: number;
  /** `''`: what does not say. */
  segment: string;
  count: number;
  sum: number;
  min: number;
  max: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  atMost: number | null;
}

/** More branches than these are one with a condition: every stretch of rows wants to be found by its own bounds. */
const branchesMax = 8;

const rollupTables: Readonly<Record<Rollup, string>> = { '1m': 'rollups_1m', '1h': 'rollups_1h', '1d': 'rollups_1d' };

/**
 * Counts what the parts hold, by metric, bucket and segment; what holds nothing is not there. With `segmentsMax`, those segments
 * with the most values are given. Quantiles come as keys.
 */
export async function readCells(db: QueryExecutorProvider, request: CellRequest): Promise<Cell[]> {
  const { quantiles = false, atMostKey, segmentsMax = 1 } = request;
  const keyed = quantiles || atMostKey !== undefined;
  const binnedMetrics = request.quantilesOf ?? request.metrics;
  const group = sql`metric, at, segment`;
  const bins = sql`
    bins as (
      select ${group}, key, sum(n) as n
      from (
        select ${group}, bin.key, bin.n from rolled, unnest(keys, counts) as bin (key, n)
        where metric = any(${binnedMetrics}::text[])
        union all
        select ${group}, key, count from raw where metric = any(${binnedMetrics}::text[])
      ) as parts
      group by ${group}, key
    ),
    ranked as (
      select *, sum(n) over (partition by ${group} order by key) as upto, sum(n) over (partition by ${group}) as total
      from bins
    ),
    quantiles as (
      select ${group},
        min(key) filter (where upto >= ceil(total * 0.50)) as p50,
        min(key) filter (where upto >= ceil(total * 0.95)) as p95,
        min(key) filter (where upto >= ceil(total * 0.99)) as p99,
        (coalesce(sum(n) filter (where key <= ${atMostKey ?? 0}), 0))::float8 as at_most
      from ranked group by ${group}
    )`;
  const { rows } = await sql<Cell>`
    with raw as (${rawCells(request, keyed)}),
    rolled as (${rolledCells(request)}),
    totals as (
      select ${group}, sum(count)::float8 as count, sum(sum) as sum, min(min) as min, max(max) as max
      from (
        select ${group}, count, sum, min, max from rolled
        union all
        select ${group}, count, sum, min, max from raw
      ) as parts
      group by ${group}
    ),
    most as (select segment from totals group by segment order by sum(count) desc, segment limit ${segmentsMax})
    ${keyed ? sql`, ${bins}` : sql``}
    select ${group}, (extract(epoch from at) * 1000)::float8 as at, count, sum, min, max,
      ${keyed ? sql`p50, p95, p99, at_most as "atMost"` : sql`null as p50, null as p95, null as p99, null as "atMost"`}
    from totals join most using (segment) ${keyed ? sql`left join quantiles using (metric, at, segment)` : sql``}
    order by metric, segment, totals.at`.execute(db);
  return rows;
}

function rolledCells(request: CellRequest): RawBuilder<unknown> {
  const { metrics } = request;
  const columns = sql`metric, ${binned(request, 'bucket')} as at, ${segmentOf(request, 'column')} as segment,
    count, sum, min, max, keys, counts`;
  const branches = request.parts.flatMap(({ resolution, spans }) =>
    resolution === 'raw'
      ? []
      : [
          sql`
            select ${columns} from ${sql.id(rollupTables[resolution])}
            where metric = any(${metrics}::text[]) and ${within(spans, 'bucket')} and ${fits(request.filter)}`,
        ],
  );
  return unionOf(
    branches,
    sql`
    null::text as metric, null::timestamptz as at, null::text as segment, null::bigint as count, null::float8 as sum,
    null::float8 as min, null::float8 as max, null::integer[] as keys, null::bigint[] as counts`,
  );
}

function rawCells(request: CellRequest, keyed: boolean): RawBuilder<unknown> {
  const { metrics, filter } = request;
  const spans = request.parts.find(({ resolution }) => resolution === 'raw')?.spans ?? [];
  const place = sql`${binned(request, 'time')} as at, ${segmentOf(request, 'tags')} as segment`;
  const keyOf = (value: RawBuilder<unknown>, metric: string) => {
    const isBinned = keyed && (request.quantilesOf ?? metrics).includes(metric);
    return sql`${isBinned ? sql`sketch_key(${value})` : sql`0`} as key`;
  };
  const ofPoints = (metric: string) =>
    spans.map((span) => {
      const value = sql`measured.value`;
      return sql`
        select metric, ${place}, ${keyOf(value, metric)}, sum(n)::bigint as count, sum(total) as sum, min(${value}) as min,
          max(${value}) as max
        from ${pointValues(filter, metric, span)} as measured where ${countable(value)} group by metric, at, segment, key`;
    });
  const ofSamples = (metric: string) =>
    stretchesOf(spans).map((stretch) => {
      const { value, counts } = measured(metric);
      return sql`
        select ${sql.lit(metric)} as metric, ${place}, ${keyOf(value, metric)}, count(*) as count, sum(${value}) as sum,
          min(${value}) as min, max(${value}) as max
        from samples where ${within(stretch, 'time')} and ${fits(filter)} and ${tagFits(filter)} and ${counts}
        group by at, segment, key`;
    });
  // Each metric by itself: to go over the rows again is cheaper than to turn each row into many.
  return unionOf(
    metrics.flatMap(request.ofPoints === true ? ofPoints : ofSamples),
    sql`
    null::text as metric, null::timestamptz as at, null::text as segment, 0 as key, 0::bigint as count,
    null::float8 as sum, null::float8 as min, null::float8 as max`,
  );
}

function stretchesOf(spans: readonly Span[]): readonly (readonly Span[])[] {
  return spans.length > branchesMax ? [spans] : spans.map((span) => [span]);
}

/** How often a category was said in a bucket; with `category` null, how often any was. */
export interface CategoryCell {
  at: number;
  category: string | null;
  count: number;
}

/** Counts categories: of each bucket those that are most frequent, and the whole. */
export async function readCategories(
  db: QueryExecutorProvider,
  request: Pick<CellRequest, 'filter' | 'parts' | 'stepMs'> & { field: 'prediction' | 'actual' },
): Promise<CategoryCell[]> {
  const { filter, field } = request;
  const branches = request.parts.flatMap(({ resolution, spans }) => {
    if (resolution === 'raw') {
      const value = sql.raw(categoryColumns[field] ?? 'null');
      return stretchesOf(spans).map(
        (stretch) => sql`
          select ${binned(request, 'time')} as at, ${value} as category, count(*) as n, count(*) as every from samples
          where ${within(stretch, 'time')} and ${fits(filter)} and ${value} is not null group by 1, 2`,
      );
    }
    const cells = sql`from ${sql.id(rollupTables[resolution])}`;
    const at = sql`${binned(request, 'bucket')} as at`;
    const where = sql`where metric = ${field} and ${within(spans, 'bucket')} and ${fits(filter)}`;
    return [
      sql`select ${at}, category, n, 0::bigint as every ${cells}, unnest(categories, counts) as named (category, n) ${where}`,
      sql`select ${at}, null as category, 0::bigint as n, count as every ${cells} ${where}`,
    ];
  });
  const { rows } = await sql<CategoryCell>`
    with parts as (
      ${unionOf(branches, sql`null::timestamptz as at, null::text as category, 0::bigint as n, 0::bigint as every`)}
    ),
    named as (
      select at, category, sum(n) as n, row_number() over (partition by at order by sum(n) desc, category) as rank
      from parts where category is not null group by at, category
    )
    select (extract(epoch from at) * 1000)::float8 as at, category, n::float8 as count
    from named where rank <= ${categoriesMax}
    union all
    select (extract(epoch from at) * 1000)::float8, null, sum(every)::float8 from parts group by parts.at
    order by at, count desc, category`.execute(db);
  return rows;
}

function fits({ tenantId, modelId, modelVersion, environment }: SampleFilter): RawBuilder<unknown> {
  const conditions = [
    sql`tenant_id = ${tenantId}`,
    ...(modelId === undefined ? [] : [sql`model_id = ${modelId}`]),
    ...(modelVersion === undefined ? [] : [sql`model_version = ${modelVersion}`]),
    ...(environment === undefined ? [] : [sql`environment = ${environment}`]),
  ];
  return sql.join(conditions, sql` and `);
}

function tagFits({ tag }: SampleFilter): RawBuilder<unknown> {
  return tag === undefined ? sql`true` : sql`tags ->> ${tag.name} = ${tag.value}`;
}

/** By its outer bounds, for indexes and partitions, and by each stretch where there are several. */
function within(spans: readonly Span[], column: string): RawBuilder<unknown> {
  const { from, to } = outerOf(spans);
  const bounds = sql`${sql.id(column)} >= ${new Date(from)}::timestamptz and ${sql.id(column)} < ${new Date(to)}::timestamptz`;
  if (spans.length === 1) return bounds;
  const stretches = spans.map((span) => `[${new Date(span.from).toISOString()},${new Date(span.to).toISOString()})`);
  return sql`${bounds} and ${sql.id(column)} <@ ${`{${stretches.join(',')}}`}::tstzmultirange`;
}

function outerOf(spans: readonly Span[]): Span {
  return { from: spans[0]?.from ?? 0, to: spans.at(-1)?.to ?? 0 };
}

function binned({ stepMs }: Pick<CellRequest, 'stepMs'>, column: string): RawBuilder<unknown> {
  if (stepMs === null) return sql`'epoch'::timestamptz`;
  return sql`date_bin(make_interval(secs => ${stepMs / 1_000}), ${sql.id(column)}, 'epoch'::timestamptz)`;
}

function segmentOf({ segmentBy }: CellRequest, tags: 'column' | 'tags'): RawBuilder<unknown> {
  if (segmentBy === undefined) return sql`''`;
  if (typeof segmentBy === 'string') return sql`coalesce(${sql.id(segmentBy)}, '')`;
  // A rollup keeps no tags; nothing of one is read then.
  return tags === 'tags' ? sql`coalesce(tags ->> ${segmentBy.tag}, '')` : sql`''`;
}

function unionOf(branches: readonly RawBuilder<unknown>[], nothing: RawBuilder<unknown>): RawBuilder<unknown> {
  return branches.length === 0 ? sql`select ${nothing} where false` : sql.join(branches, sql` union all `);
}
