import { sql, type Kysely } from 'kysely';
import type { Schema, UsageRecordRow } from '../app/schema.ts';

export interface CostFilter {
  model?: string | undefined;
  keyId?: string | undefined;
  system?: string | undefined;
  tag?: { name: string; value: string } | undefined;
}

type CostGrouping = 'model' | 'key' | 'tag' | 'day';

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listCostRecords(
  db: Kysely<Schema>,
  tenantId: string,
  filter: CostFilter,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<UsageRecordRow[]> {
  const { model, keyId, system, tag } = filter;
  return db
    .selectFrom('usage_records')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(model !== undefined, (query) => query.where('model', '=', model ?? ''))
    .$if(keyId !== undefined, (query) => query.where('principal_id', '=', keyId ?? ''))
    .$if(system !== undefined, (query) => query.where('system', '=', system ?? ''))
    .$if(tag !== undefined, (query) => query.where(sql<boolean>`tags ->> ${tag?.name ?? ''} = ${tag?.value ?? ''}`))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

export interface CostSumRow {
  /** Null: the calls without a tag. */
  group: string | null;
  requests: number;
  prompt_tokens: number;
  completion_tokens: number;
  /** A decimal of nine places. */
  cost_usd: string;
  unpriced_requests: number;
  /** Of the calls that were estimated and counted. */
  estimated_tokens: string | null;
  billed_tokens: string | null;
}

/** The sum of the rows between two moments (the later one not included), all together. */
export async function sumCosts(
  db: Kysely<Schema>,
  tenantId: string,
  span: { from: Date; to: Date },
  filter: CostFilter,
): Promise<CostSumRow> {
  const { rows } = await sql<CostSumRow>`
    select null as group, ${sums} from usage_records where ${conditionsOf(tenantId, span, filter)}`.execute(db);
  const [row] = rows;
  if (row === undefined) throw new TypeError('a sum without groups has one row');
  return row;
}

/** The same by group: the dearest first, days by date. */
export async function sumCostsByGroup(
  db: Kysely<Schema>,
  tenantId: string,
  span: { from: Date; to: Date },
  filter: CostFilter,
  { by, groupsMax }: { by: CostGrouping; groupsMax: number },
): Promise<CostSumRow[]> {
  const tags = by === 'tag' ? sql`left join lateral jsonb_each_text(tags) as tag on true` : sql``;
  const order = by === 'day' ? sql`1` : sql`sum(cost_usd) desc nulls last, 1`;
  const { rows } = await sql<CostSumRow>`
    select ${groupings[by]} as group, ${sums}
    from usage_records ${tags}
    where ${conditionsOf(tenantId, span, filter)}
    group by 1 order by ${order} limit ${groupsMax}`.execute(db);
  return rows;
}

const groupings = {
  model: sql`usage_records.model`,
  key: sql`usage_records.principal_id`,
  tag: sql`tag.key || ':' || tag.value`,
  day: sql`(usage_records.at at time zone 'UTC')::date::text`,
} as const;

const counted = sql`estimated_prompt_tokens is not null and prompt_tokens is not null`;

const sums = sql`
  count(*)::float8 as requests,
  coalesce(sum(prompt_tokens), 0)::float8 as prompt_tokens,
  coalesce(sum(completion_tokens), 0)::float8 as completion_tokens,
  coalesce(sum(cost_usd), 0)::numeric(29, 9)::text as cost_usd,
  (count(*) filter (where cost_usd is null))::float8 as unpriced_requests,
  (sum(estimated_prompt_tokens) filter (where ${counted}))::text as estimated_tokens,
  (sum(prompt_tokens) filter (where ${counted}))::text as billed_tokens`;

function conditionsOf(tenantId: string, { from, to }: { from: Date; to: Date }, filter: CostFilter) {
  const { model, keyId, system, tag } = filter;
  return sql.join(
    [
      sql`tenant_id = ${tenantId}`,
      sql`at >= ${from}`,
      sql`at < ${to}`,
      ...(model === undefined ? [] : [sql`model = ${model}`]),
      ...(keyId === undefined ? [] : [sql`principal_id = ${keyId}`]),
      ...(system === undefined ? [] : [sql`system = ${system}`]),
      ...(tag === undefined ? [] : [sql`tags ->> ${tag.name} = ${tag.value}`]),
    ],
    sql` and `,
  );
}
