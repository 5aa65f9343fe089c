import type { Database } from '@signalbox/postgres';
import { sql, type Kysely } from 'kysely';
import type { Schema } from '../src/app/schema.ts';

/** A sample that a test puts into the database itself, as intake does: with the mark of its minute, in one transaction. */
export interface StoredSample {
  time: number;
  model_id: string;
  model_version: string | null;
  environment: string | null;
  latency_ms: number;
  throughput: number | null;
  error_rate: number | null;
  gpu_memory: number | null;
  cost_nanos: number | null;
  prediction: string | null;
  tags: Record<string, string> | null;
}

let stored = 0;

export function aSample(time: number, sample: Partial<StoredSample> = {}): StoredSample {
  return {
    time,
    model_id: 'm',
    model_version: null,
    environment: null,
    latency_ms: 100,
    throughput: null,
    error_rate: null,
    gpu_memory: null,
    cost_nanos: null,
    prediction: null,
    tags: null,
    ...sample,
  };
}

export async function storeSamples(
  { db }: { db: Kysely<Schema> } | Database<Schema>,
  tenantId: string,
  samples: readonly StoredSample[],
): Promise<void> {
  const rows = samples.map((sample) => ({
    ...sample,
    time: new Date(sample.time).toISOString(),
    tenant_id: tenantId,
    request_id: `request-${String((stored += 1))}`,
  }));
  await db.transaction().execute(async (trx) => {
    await sql`
      insert into samples (time, tenant_id, model_id, request_id, model_type, model_version, environment, latency_ms,
        throughput, error_rate, gpu_memory, cost_nanos, prediction, tags, source)
      select time, tenant_id, model_id, request_id, 'llm', model_version, environment, latency_ms, throughput, error_rate,
        gpu_memory, cost_nanos, prediction, tags, 'api'
      from json_populate_recordset(null::samples, ${JSON.stringify(rows)}::json)`.execute(trx);
    await sql`
      insert into dirty_minutes (tenant_id, model_id, minute)
      select distinct tenant_id, model_id, date_trunc('minute', time, 'UTC')
      from json_populate_recordset(null::samples, ${JSON.stringify(rows)}::json)`.execute(trx);
  });
}
