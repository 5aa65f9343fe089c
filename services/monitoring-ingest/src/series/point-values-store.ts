import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely';
import type { SampleFilter } from './sample-filter.ts';
import type { Span } from './step.ts';

/** How far before a span the last value of a counter is looked for, from which it goes on. */
const counterLookbackMs = 900_000;

/**
 * The values of one metric that is no sample's, as rows of `metric`, `time`, `value`, how many there were (`n`), what they are
 * together (`total`), and what they can be told apart by. A model, version or environment is what a label of that name says.
 *
 * A counter's value is what was added since its last one; where it is less than that it began anew, from zero. So with
 * histograms that count since some beginning. A histogram's values are taken to lie in the middle of their buckets, and to
 * have its own mean.
 */
export function pointValues(
  { tenantId, modelId, modelVersion, environment, tag }: SampleFilter,
  metric: string,
  { from, to }: Span,
): RawBuilder<unknown> {
  const labelled = [
    { name: 'model_id', value: modelId },
    { name: 'model_version', value: modelVersion },
    { name: 'environment', value: environment },
    ...(tag === undefined ? [] : [tag]),
  ].flatMap(({ name, value }) => (value === undefined ? [] : [sql`labels ->> ${name} = ${value}`]));
  const begin = sql`${new Date(from)}::timestamptz`;
  const conditions = sql.join(
    [
      sql`tenant_id = ${tenantId}`,
      sql`metric = ${metric}`,
      sql`time >= ${new Date(from - counterLookbackMs)}::timestamptz and time < ${new Date(to)}::timestamptz`,
      sql`(${accumulates} or time >= ${begin})`,
      ...labelled,
    ],
    sql` and `,
  );
  return sql`(
    select metric, time, labels as tags, labels ->> 'model_id' as model_id,
      labels ->> 'model_version' as model_version, labels ->> 'environment' as environment, n, value, total
    from (
      select metric, time, labels, kind, value as told, histogram,
        case when ${accumulates} then lag(value) over series end as before,
        case when ${accumulates} then lag(histogram) over series end as shape_before
      from points where ${conditions}
      window series as (partition by labels, kind order by time, seq)
    ) as points, lateral (${singleValue} union all ${bucketValues}) as measured
    where time >= ${begin} and n > 0
  )`;
}

const accumulates = sql`(kind = 'counter' or (kind = 'histogram' and histogram ->> 'temporality' = 'cumulative'))`;

/** Of anything but a histogram with buckets. */
const singleValue = sql`
  select 1 as n, value, value as total
  from (
    select case when kind <> 'counter' then told when told < before then told else told - before end as value
  ) as one
  where kind <> 'histogram'`;

const bucketValues = sql`
  select n, middle as value, n * coalesce(mean, middle) as total
  from (
    select case when began then null else shape_before end as since
    from (
      select coalesce((histogram ->> 'count')::float8 < (shape_before ->> 'count')::float8, true) as began
    ) as beginning
    -- Of the first of a series nobody knows when it began.
    where not ${accumulates} or shape_before is not null
  ) as base,
  lateral (
    select ((histogram ->> 'sum')::float8 - coalesce((since ->> 'sum')::float8, 0))
      / nullif((histogram ->> 'count')::float8 - coalesce((since ->> 'count')::float8, 0), 0) as mean
  ) as means,
  lateral (
    select counted::float8 - coalesce((since -> 'counts' ->> (place - 1)::integer)::float8, 0) as n,
      (histogram -> 'bounds' ->> (place - 1)::integer)::float8 as upper,
      case when place > 1 then (histogram -> 'bounds' ->> (place - 2)::integer)::float8 end as lower
    from jsonb_array_elements_text(histogram -> 'counts') with ordinality as counts (counted, place)
    union all
    select (histogram ->> 'count')::float8 - coalesce((since ->> 'count')::float8, 0), null, null
    where histogram -> 'counts' is null
  ) as buckets,
  lateral (
    select case
      when lower is null and upper is null then coalesce(mean, told)
      when lower is null then least(upper, upper / 2)
      when upper is null then coalesce((histogram ->> 'max')::float8, lower)
      else (lower + upper) / 2
    end as middle
  ) as middles
  where kind = 'histogram'`;

/** What kind of metric it is, by its newest point. Null: there is none of that name. */
export async function pointKind(db: QueryExecutorProvider, tenantId: string, metric: string): Promise<string | null> {
  const { rows } = await sql<{ kind: string }>`
    select kind from points where tenant_id = ${tenantId} and metric = ${metric} order by time desc limit 1`.execute(
    db,
  );
  return rows[0]?.kind ?? null;
}
