import type { UsageRecord } from '@signalbox/contracts';
import { fromDatabaseError, type Database } from '@signalbox/postgres';
import { sql, type Kysely, type QueryExecutorProvider } from 'kysely';
import type { Schema, UsageRecordRow } from '../app/schema.ts';

// Prepared once per connection: this statement runs for every request. A record that stands there already is not told of
// again, so that the statement may be repeated when nobody knows whether it was committed.
const insertRecords = {
  name: 'insert-usage-records',
  text: `
    with recorded as (
      insert into usage_records
      select * from json_populate_recordset(null::usage_records, $1::json)
      on conflict (id) do nothing
      returning id
    )
    insert into usage_untold (record_id, traceparent)
    select id, traceparent from recorded join unnest($2::text[], $3::text[]) as trace (id, traceparent) using (id)`,
};

/** A record, and the place in a trace of the request that it comes from. */
export interface TracedRecord {
  record: UsageRecord;
  traceparent: string;
}

/** Puts records into the ledger in one statement. Doing it again with the same records changes nothing. */
export async function insertUsageRecords(
  pool: Database<Schema>['pool'],
  records: readonly TracedRecord[],
): Promise<void> {
  const values = [
    JSON.stringify(records.map(({ record }) => record)),
    records.map(({ record }) => record.id),
    records.map(({ traceparent }) => traceparent),
  ];
  try {
    await pool.query({ ...insertRecords, values });
  } catch (thrown) {
    throw fromDatabaseError(thrown);
  }
}

/** Takes some of the records that nobody has been told of, the oldest first. They are given back if `trx` is rolled back. */
export async function takeUntold(trx: QueryExecutorProvider, countMax: number): Promise<TracedRecord[]> {
  const { rows } = await sql<UsageRecordRow & { traceparent: string }>`
    with taken as (
      delete from usage_untold where record_id in (
        select record_id from usage_untold order by record_id limit ${countMax} for update skip locked
      )
      returning record_id, traceparent
    )
    select usage_records.*, taken.traceparent from taken join usage_records on id = record_id order by id`.execute(trx);
  return rows.map(({ traceparent, ...row }) => ({ traceparent, record: toRecord(row) }));
}

export function toRecord(row: UsageRecordRow): UsageRecord {
  return {
    ...row,
    at: row.at.toISOString(),
    charged_tokens: row.charged_tokens === null ? null : Number(row.charged_tokens),
  };
}

/** The stretch of a list that a page shows: after (or, backwards, before) the key where one is given. */
export interface Stretch<Key> {
  after: Key | null;
  backwards: boolean;
  limit: number;
}

export async function listUsageRecords(
  db: Kysely<Schema>,
  tenantId: string,
  filter: { model?: string | undefined; requestId?: string | undefined },
  { after, backwards, limit }: Stretch<string>,
): Promise<UsageRecordRow[]> {
  return db
    .selectFrom('usage_records')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(filter.model !== undefined, (query) => query.where('model', '=', filter.model ?? ''))
    .$if(filter.requestId !== undefined, (query) => query.where('request_id', '=', filter.requestId ?? ''))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

export interface DailyUsageRow {
  day: string;
  model: string;
  requests: number;
  prompt_tokens: number;
  completion_tokens: number;
}

/** The newest day first, its models by name. */
export async function listUsageByDay(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: Stretch<{ day: string; model: string }>,
): Promise<DailyUsageRow[]> {
  const place = { day: after?.day ?? '', model: after?.model ?? '' };
  const beyond =
    after === null
      ? sql`true`
      : backwards
        ? sql`(day::text > ${place.day} or (day::text = ${place.day} and model < ${place.model}))`
        : sql`(day::text < ${place.day} or (day::text = ${place.day} and model > ${place.model}))`;
  const order = backwards ? sql`usage_by_day.day asc, model desc` : sql`usage_by_day.day desc, model asc`;
  const { rows } = await sql<DailyUsageRow>`
    select day::text as day, model, requests::float8 as requests, prompt_tokens::float8 as prompt_tokens,
      completion_tokens::float8 as completion_tokens
    from usage_by_day
    where tenant_id = ${tenantId} and ${beyond}
    order by ${order}
    limit ${limit}`.execute(db);
  return rows;
}

/** Adds records to the sums of their days (UTC). To be called once for each record: see the inbox. */
export async function addToUsageByDay(trx: QueryExecutorProvider, records: readonly UsageRecord[]): Promise<void> {
  // In the order of the key, so that two workers cannot wait for each other.
  await sql`
    insert into usage_by_day (tenant_id, day, model, requests, prompt_tokens, completion_tokens)
    select tenant_id, (at at time zone 'UTC')::date as day, model, count(*),
      coalesce(sum(prompt_tokens) filter (where outcome <> 'cache_hit'), 0),
      coalesce(sum(completion_tokens) filter (where outcome <> 'cache_hit'), 0)
    from json_populate_recordset(null::usage_records, ${JSON.stringify(records)}::json)
    group by tenant_id, (at at time zone 'UTC')::date, model
    order by tenant_id, day, model
    on conflict (tenant_id, day, model) do update set
      requests = usage_by_day.requests + excluded.requests,
      prompt_tokens = usage_by_day.prompt_tokens + excluded.prompt_tokens,
      completion_tokens = usage_by_day.completion_tokens + excluded.completion_tokens`.execute(trx);
}
