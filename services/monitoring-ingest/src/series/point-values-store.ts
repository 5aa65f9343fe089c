import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely';
import type { SampleFilter } from './sample-filter.ts';
import type { Span } from './step.ts';

/** How far before a span the last value of a counter is looked for, from which it goes on. */
const counterLookbackMs = 900_000;

/**
 * The values of one metric that is no sample's, as rows of `metric`, `time`, `value` and what they can be told apart by. A
 * model, version or environment is what a label of that name says. A counter's values are what was added since its last one;
 * where it is less than it was it began anew, from zero.
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
  const first = new Date(from - counterLookbackMs);
  const conditions = sql.join(
    [
      sql`tenant_id = ${tenantId}`,
      sql`metric = ${metric}`,
      sql`time >= ${first}::timestamptz and time < ${new Date(to)}::timestamptz`,
      sql`(kind = 'counter' or time >= ${new Date(from)}::timestamptz)`,
      ...labelled,
    ],
    sql` and `,
  );
  return sql`(
    select metric, time, case
        when kind <> 'counter' then value
        when value < before then value
        else value - before
      end as value, labels as tags, labels ->> 'model_id' as model_id,
      labels ->> 'model_version' as model_version, labels ->> 'environment' as environment
    from (
      select *, case when kind = 'counter' then lag(value) over (partition by labels, kind order by time, seq) end as before
      from points where ${conditions}
    ) as ordered
    where time >= ${new Date(from)}::timestamptz
  )`;
}

/** What kind of metric it is, by its newest point. Null: there is none of that name. */
export async function pointKind(db: QueryExecutorProvider, tenantId: string, metric: string): Promise<string | null> {
  const { rows } = await sql<{ kind: string }>`
    select kind from points where tenant_id = ${tenantId} and metric = ${metric} order by time desc limit 1`.execute(
    db,
  );
  return rows[0]?.kind ?? null;
}
