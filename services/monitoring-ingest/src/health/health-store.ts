import { AppError } from '@signalbox/errors';
import type { ModelThresholds } from '@signalbox/contracts';
import { sql, type Kysely, type QueryExecutorProvider, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ModelHealth } from './health-step.ts';
import type { HealthTables } from './health-tables.ts';

export type HealthRow = Selectable<HealthTables['model_health']>;

/** Tenants of which a model was not looked at since `before`. */
export async function tenantsToLookAt(db: QueryExecutorProvider, before: Date): Promise<string[]> {
  const { rows } = await sql<{ tenant_id: string }>`
    select distinct models.tenant_id from models
    left join model_health on model_health.tenant_id = models.tenant_id and model_health.model_id = models.id
    where evaluated_at is null or evaluated_at < ${before} order by 1`.execute(db);
  return rows.map(({ tenant_id: tenantId }) => tenantId);
}

export interface WatchedModel {
  id: string;
  thresholds: Partial<ModelThresholds>;
  /** Of the last hour. */
  lastSampleAt: Date | null;
}

/** The models of a tenant, with their newest samples. */
export async function watchedModels(db: QueryExecutorProvider, tenantId: string, now: Date): Promise<WatchedModel[]> {
  const since = new Date(now.getTime() - 3_600_000);
  const { rows } = await sql<WatchedModel>`
    select id, thresholds, (
        select max(time) from samples where samples.tenant_id = ${tenantId} and model_id = models.id
          and time >= ${since}::timestamptz and time <= ${now}::timestamptz
      ) as "lastSampleAt"
    from models where tenant_id = ${tenantId} order by id`.execute(db);
  return rows;
}

/** How the models of a tenant are, held until the end of the transaction. */
export async function lockHealth(trx: Transaction<Schema>, tenantId: string): Promise<Map<string, HealthRow>> {
  const rows = await trx
    .selectFrom('model_health')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('model_id')
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.model_id, row]));
}

/** Writes how a model is. False: another process was faster to look at it for the first time. */
export async function saveHealth(
  trx: Transaction<Schema>,
  { tenantId, modelId, at }: { tenantId: string; modelId: string; at: Date },
  { status, since, reasons, tending }: ModelHealth,
  isNew: boolean,
): Promise<boolean> {
  const columns = {
    status,
    since: new Date(since),
    reasons: JSON.stringify(reasons),
    tending: tending === null ? null : JSON.stringify(tending),
    evaluated_at: at,
  };
  const key = { tenant_id: tenantId, model_id: modelId };
  if (isNew) {
    const { numInsertedOrUpdatedRows: inserted } = await trx
      .insertInto('model_health')
      .values({ ...key, ...columns })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return (inserted ?? 0n) > 0n;
  }
  await trx
    .updateTable('model_health')
    .set(columns)
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .execute();
  return true;
}

/** Throws `not_found`. */
export async function getHealthRow(db: Kysely<Schema>, tenantId: string, modelId: string): Promise<HealthRow> {
  const row = await db
    .selectFrom('model_health')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .executeTakeFirst();
  if (row === undefined) throw new AppError('not_found', 'There is no such model, or nobody has looked at it yet.');
  return row;
}

export function healthOf({ status, since, reasons, tending }: HealthRow): ModelHealth {
  return { status, since: since.getTime(), reasons, tending };
}
