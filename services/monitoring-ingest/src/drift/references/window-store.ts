import type { DriftRow } from '@signalbox/contracts';
import { sql, type QueryExecutorProvider } from 'kysely';

export interface Window {
  from: Date;
  to: Date;
}

/** So many rows say all that a verdict can use: at ten thousand a difference that matters is certain. */
const rowsKeptMax = 10_000;

interface StoredRow {
  features: DriftRow['features'] | null;
  prediction: string | null;
  score: number | null;
  actual: string | null;
  embedding: number[] | null;
  error_rate: number | null;
}

/**
 * The samples of a window in the order of time: all of them, or ten thousand that the hash of their request's id picks, which
 * picks the same ones each time. `total`: how many there are.
 */
export async function readWindow(
  db: QueryExecutorProvider,
  { tenantId, modelId }: { tenantId: string; modelId: string },
  { from, to }: Window,
): Promise<{ rows: DriftRow[]; total: number }> {
  const where = sql`tenant_id = ${tenantId} and model_id = ${modelId} and time >= ${from} and time < ${to}`;
  const counted = await sql<{ total: string }>`select count(*) as total from samples where ${where}`.execute(db);
  const { rows } = await sql<StoredRow>`
    select features, prediction, score, actual, embedding, error_rate
    from (
      select * from samples where ${where} order by hashtextextended(request_id, 0), request_id limit ${rowsKeptMax}
    ) as picked
    order by time, seq`.execute(db);
  return { rows: rows.map(present), total: Number(counted.rows[0]?.total ?? 0) };
}

function present({ features, prediction, score, actual, embedding, error_rate: errorRate }: StoredRow): DriftRow {
  return {
    ...(features === null ? {} : { features }),
    ...(prediction === null ? {} : { prediction }),
    ...(score === null ? {} : { score }),
    ...(actual === null ? {} : { actual }),
    ...(embedding === null ? {} : { embedding }),
    ...(errorRate === null ? {} : { error_rate: errorRate }),
  };
}
