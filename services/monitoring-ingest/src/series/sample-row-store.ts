import { sql, type QueryExecutorProvider, type RawBuilder } from 'kysely';
import type { SampleFilter } from './sample-filter.ts';

/** One sample as it lies in Postgres; the driver gives bigints as text. */
export interface SampleRecord {
  time: Date;
  seq: string;
  model_id: string;
  request_id: string;
  model_type: string;
  model_version: string | null;
  environment: string | null;
  latency_ms: number;
  throughput: number | null;
  error_rate: number | null;
  cpu_usage: number | null;
  memory_usage: number | null;
  gpu_memory: number | null;
  time_to_first_token_ms: number | null;
  input_tokens: string | null;
  output_tokens: string | null;
  cost_nanos: string | null;
  score: number | null;
  prediction: string | null;
  actual: string | null;
  features: Record<string, string | number | boolean | null> | null;
  embedding: number[] | null;
  tags: Record<string, string> | null;
  source: string;
}

export interface RowPlace {
  time: Date;
  seq: string;
}

export interface SampleStretch {
  filter: SampleFilter;
  from: Date;
  /** Null: there is no end. */
  to: Date | null;
  after: RowPlace | null;
  limit: number;
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listSampleRows(
  db: QueryExecutorProvider,
  stretch: SampleStretch & { backwards: boolean },
): Promise<SampleRecord[]> {
  const direction = stretch.backwards ? sql`asc` : sql`desc`;
  return readRows(db, stretch, stretch.backwards ? sql`>` : sql`<`, sql`order by time ${direction}, seq ${direction}`);
}

/** Oldest first, from after `after`. */
export async function nextSampleRows(db: QueryExecutorProvider, stretch: SampleStretch): Promise<SampleRecord[]> {
  return readRows(db, stretch, sql`>`, sql`order by time, seq`);
}

async function readRows(
  db: QueryExecutorProvider,
  { filter, from, to, after, limit }: SampleStretch,
  beyond: RawBuilder<unknown>,
  order: RawBuilder<unknown>,
): Promise<SampleRecord[]> {
  const { tenantId, modelId, modelVersion, environment, tag } = filter;
  const conditions = [
    sql`tenant_id = ${tenantId}`,
    sql`time >= ${from}::timestamptz`,
    ...(to === null ? [] : [sql`time < ${to}::timestamptz`]),
    ...(after === null ? [] : [sql`(time, seq) ${beyond} (${after.time}::timestamptz, ${after.seq}::bigint)`]),
    ...(modelId === undefined ? [] : [sql`model_id = ${modelId}`]),
    ...(modelVersion === undefined ? [] : [sql`model_version = ${modelVersion}`]),
    ...(environment === undefined ? [] : [sql`environment = ${environment}`]),
    ...(tag === undefined ? [] : [sql`tags ->> ${tag.name} = ${tag.value}`]),
  ];
  const { rows } = await sql<SampleRecord>`
    select time, seq, model_id, request_id, model_type, model_version, environment, latency_ms, throughput, error_rate,
      cpu_usage, memory_usage, gpu_memory, time_to_first_token_ms, input_tokens, output_tokens, cost_nanos, score, prediction,
      actual, features, embedding, tags, source
    from samples where ${sql.join(conditions, sql` and `)} ${order} limit ${limit}`.execute(db);
  return rows;
}

export interface DriftRecord {
  id: string;
  time: Date;
  model_id: string;
  drift_type: string;
  severity: string;
  confidence: number;
  feature: string | null;
  tags: Record<string, string>;
}

/** What others reported, newest first; `backwards` gives them oldest first. */
export async function listDriftRows(
  db: QueryExecutorProvider,
  stretch: {
    tenantId: string;
    modelId?: string | undefined;
    from: Date;
    to: Date | null;
    after: { time: Date; id: string } | null;
    backwards: boolean;
    limit: number;
  },
): Promise<DriftRecord[]> {
  const { tenantId, modelId, from, to, after, backwards, limit } = stretch;
  const direction = backwards ? sql`asc` : sql`desc`;
  const conditions = [
    sql`tenant_id = ${tenantId}`,
    sql`time >= ${from}::timestamptz`,
    ...(to === null ? [] : [sql`time < ${to}::timestamptz`]),
    ...(modelId === undefined ? [] : [sql`model_id = ${modelId}`]),
    ...(after === null
      ? []
      : [sql`(time, id) ${backwards ? sql`>` : sql`<`} (${after.time}::timestamptz, ${after.id}::text)`]),
  ];
  const { rows } = await sql<DriftRecord>`
    select id, time, model_id, drift_type, severity, confidence, feature, tags from reported_drift
    where ${sql.join(conditions, sql` and `)} order by time ${direction}, id ${direction} limit ${limit}`.execute(db);
  return rows;
}
