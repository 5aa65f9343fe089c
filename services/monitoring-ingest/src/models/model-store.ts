import {
  defaultThresholds,
  type FeatureSpec,
  type ModelChanges,
  type ModelRevision,
  type ModelType,
  type MonitoredModel,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ModelTables } from './model-tables.ts';

export type ModelRow = Selectable<ModelTables['models']>;
export type ModelVersionRow = Selectable<ModelTables['model_versions']>;

interface Stretch<Key> {
  /** The key to go on after; null at the beginning. */
  after: Key | null;
  backwards: boolean;
  limit: number;
}

export interface ModelFilters {
  modelType?: ModelType | undefined;
  environment?: 'dev' | 'staging' | 'prod' | undefined;
  registered?: boolean | undefined;
}

/** Registers a model, also one that was only seen so far. Throws `conflict` for one that is registered. */
export async function insertModel(
  db: Kysely<Schema>,
  tenantId: string,
  principalId: string,
  { id, ...changes }: ModelChanges & { id: string },
): Promise<ModelRow> {
  return db.transaction().execute(async (trx) => {
    const columns = columnsOf(changes);
    const row = await trx
      .insertInto('models')
      .values({ tenant_id: tenantId, id, ...columns, revision: 1 })
      .onConflict((conflict) =>
        conflict
          .columns(['tenant_id', 'id'])
          .doUpdateSet({ ...columns, revision: sql<number>`models.revision + 1`, updated_at: sql<Date>`now()` })
          .where('models.registered', '=', false),
      )
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw new AppError('conflict', 'A model with that id is registered already.');
    await remember(trx, row, principalId);
    return row;
  });
}

/** Throws `not_found`. */
export async function changeModel(
  db: Kysely<Schema>,
  { tenantId, principalId }: { tenantId: string; principalId: string },
  id: string,
  changes: ModelChanges,
): Promise<ModelRow> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .updateTable('models')
      .set({ ...columnsOf(changes), revision: sql<number>`revision + 1`, updated_at: sql<Date>`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (row === undefined) throw noModel();
    await remember(trx, row, principalId);
    return row;
  });
}

async function remember(trx: Transaction<Schema>, row: ModelRow, principalId: string): Promise<void> {
  const { name, model_type, version, environment, thresholds, features } = row;
  await trx
    .insertInto('model_versions')
    .values({
      tenant_id: row.tenant_id,
      model_id: row.id,
      revision: row.revision,
      spec: JSON.stringify({ name, model_type, version, environment, thresholds, features }),
      created_by: principalId,
    })
    .execute();
}

function columnsOf({ name, model_type, version, environment, thresholds, features }: ModelChanges) {
  return {
    registered: true,
    name,
    model_type,
    version,
    environment,
    thresholds: JSON.stringify(said(thresholds ?? {})),
    features: JSON.stringify(features ?? {}),
  };
}

/** Null says as much as nothing: the default is in force. */
function said(thresholds: object): object {
  return Object.fromEntries(Object.entries(thresholds).filter(([, value]) => value !== null));
}

/** Throws `not_found`. */
export async function getModelRow(db: Kysely<Schema>, tenantId: string, id: string): Promise<ModelRow> {
  const row = await db
    .selectFrom('models')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noModel();
  return row;
}

/** By id. */
export async function listModelRows(
  db: Kysely<Schema>,
  tenantId: string,
  { modelType, environment, registered }: ModelFilters,
  { after, backwards, limit }: Stretch<string>,
): Promise<ModelRow[]> {
  let query = db.selectFrom('models').selectAll().where('tenant_id', '=', tenantId);
  if (modelType !== undefined) query = query.where('model_type', '=', modelType);
  if (environment !== undefined) query = query.where('environment', '=', environment);
  if (registered !== undefined) query = query.where('registered', '=', registered);
  if (after !== null) query = query.where('id', backwards ? '<' : '>', after);
  return query
    .orderBy('id', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

/** Its revisions go with it; measurements stay. False where there was none. */
export async function removeModel(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { numDeletedRows } = await trx
      .deleteFrom('models')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .executeTakeFirst();
    await trx.deleteFrom('model_versions').where('tenant_id', '=', tenantId).where('model_id', '=', id).execute();
    return numDeletedRows === 1n;
  });
}

/** The newest first. */
export async function listModelVersionRows(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { after, backwards, limit }: Stretch<number>,
): Promise<ModelVersionRow[]> {
  let query = db.selectFrom('model_versions').selectAll().where('tenant_id', '=', tenantId).where('model_id', '=', id);
  if (after !== null) query = query.where('revision', backwards ? '>' : '<', after);
  return query
    .orderBy('revision', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

export function presentModel(row: ModelRow): MonitoredModel {
  return {
    id: row.id,
    registered: row.registered,
    name: row.name,
    model_type: row.model_type,
    version: row.version,
    environment: row.environment,
    thresholds: { ...defaultThresholds, ...row.thresholds },
    features: row.features,
    revision: row.revision,
    first_seen_at: row.first_seen_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

export function presentRevision({ revision, spec, created_at, created_by }: ModelVersionRow): ModelRevision {
  return {
    revision,
    ...spec,
    thresholds: { ...defaultThresholds, ...spec.thresholds },
    created_at: created_at.toISOString(),
    created_by,
  };
}

function noModel(): AppError {
  return new AppError('not_found', 'There is no such model.');
}

/** What the model's schema says of its features; nothing of a model that has none. */
export async function findFeatureSchema(
  db: Kysely<Schema>,
  tenantId: string,
  modelId: string,
): Promise<Record<string, FeatureSpec>> {
  const row = await db
    .selectFrom('models')
    .select('features')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', modelId)
    .executeTakeFirst();
  return row?.features ?? {};
}
