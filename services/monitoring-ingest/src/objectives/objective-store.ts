import { AppError } from '@signalbox/errors';
import { isUniqueViolation } from '@signalbox/postgres';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { ObjectiveTables } from './objective-tables.ts';

export type ObjectiveRow = Selectable<ObjectiveTables['objectives']>;
type Queries = Kysely<Schema> | Transaction<Schema>;

/** So many a tenant may have: each is counted twice a minute. */
const objectivesMax = 200;

export async function insertObjective(db: Kysely<Schema>, row: ObjectiveRow): Promise<void> {
  await refusingDuplicates(
    db.transaction().execute(async (trx) => {
      if ((await allObjectives(trx, row.tenant_id)).length >= objectivesMax) {
        throw new AppError('conflict', `A tenant has at most ${String(objectivesMax)} objectives.`);
      }
      await trx.insertInto('objectives').values(row).execute();
    }),
  );
}

/** Changes an objective to what `change` makes of it as it is. Null: there is none. */
export async function changeObjective(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  change: (before: ObjectiveRow) => ObjectiveRow,
): Promise<ObjectiveRow | null> {
  return refusingDuplicates(
    db.transaction().execute(async (trx) => {
      const before = await trx
        .selectFrom('objectives')
        .selectAll()
        .where('tenant_id', '=', tenantId)
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      if (before === undefined) return null;
      const after = change(before);
      await trx.updateTable('objectives').set(after).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
      return after;
    }),
  );
}

export async function deleteObjective(db: Queries, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('objectives')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Throws `not_found`. */
export async function getObjectiveRow(db: Queries, tenantId: string, id: string): Promise<ObjectiveRow> {
  const row = await db
    .selectFrom('objectives')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noObjective();
  return row;
}

/** All of a tenant's. */
export async function allObjectives(db: Queries, tenantId: string): Promise<ObjectiveRow[]> {
  return db.selectFrom('objectives').selectAll().where('tenant_id', '=', tenantId).orderBy('id').execute();
}

/** Newest first; `backwards` gives them oldest first, from before `after`. */
export async function listObjectiveRows(
  db: Queries,
  tenantId: string,
  {
    modelId,
    after,
    backwards,
    limit,
  }: { modelId?: string | undefined; after: string | null; backwards: boolean; limit: number },
): Promise<ObjectiveRow[]> {
  let query = db.selectFrom('objectives').selectAll().where('tenant_id', '=', tenantId);
  if (modelId !== undefined) query = query.where('model_id', '=', modelId);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  return query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

export function noObjective(): AppError {
  return new AppError('not_found', 'There is no such objective.');
}

async function refusingDuplicates<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (isUniqueViolation(error)) throw new AppError('conflict', 'An objective of that name exists.');
    throw error;
  }
}
