import type { DriftReference, DriftPolicy } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import type { DriftTables } from '../drift-tables.ts';
import { valuesIn, type Column, type Columns } from '../verdicts/column.ts';
import { restoreColumn, storeColumn } from './stored-column.ts';

export type ReferenceRow = Selectable<DriftTables['drift_references']>;

export interface NewReference {
  id: string;
  tenantId: string;
  modelId: string;
  source: DriftReference['source'];
  window: { from: Date; to: Date } | null;
  rows: number;
  rowsTotal: number;
  windowMinutes: number;
  isScheduled: boolean;
  positiveLabel: string | null;
  policy: DriftPolicy;
  nextRunAt: Date;
  createdBy: string;
  columns: Columns;
}

/** Stores the model's next version and puts it in force; the one before stays as it is and is superseded. */
export async function insertReference(db: Kysely<Schema>, reference: NewReference): Promise<ReferenceRow> {
  const { tenantId, modelId } = reference;
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`reference ${tenantId} ${modelId}`}, 0))`.execute(trx);
    await trx
      .updateTable('drift_references')
      .set({ status: 'superseded' })
      .where('tenant_id', '=', tenantId)
      .where('model_id', '=', modelId)
      .where('status', '=', 'active')
      .execute();
    const { version } = await trx
      .selectFrom('drift_references')
      .select(sql<number>`coalesce(max(version), 0) + 1`.as('version'))
      .where('tenant_id', '=', tenantId)
      .where('model_id', '=', modelId)
      .executeTakeFirstOrThrow();
    const row = await trx
      .insertInto('drift_references')
      .values({
        id: reference.id,
        tenant_id: tenantId,
        model_id: modelId,
        version,
        status: 'active',
        source: reference.source,
        window_from: reference.window?.from ?? null,
        window_to: reference.window?.to ?? null,
        row_count: reference.rows,
        rows_total: reference.rowsTotal,
        window_minutes: reference.windowMinutes,
        is_scheduled: reference.isScheduled,
        positive_label: reference.positiveLabel,
        policy: JSON.stringify(reference.policy),
        columns: JSON.stringify(describe(reference.columns)),
        next_run_at: reference.nextRunAt,
        created_by: reference.createdBy,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
    await insertColumns(trx, row.id, reference.columns);
    return row;
  });
}

async function insertColumns(trx: Transaction<Schema>, id: string, columns: Columns): Promise<void> {
  let position = 0;
  for (const [name, column] of columns) {
    const { labels, ...stored } = storeColumn(column);
    await trx
      .insertInto('drift_reference_columns')
      .values({
        reference_id: id,
        position,
        name,
        ...stored,
        labels: labels === null ? null : JSON.stringify(labels),
      })
      .execute();
    position += 1;
  }
}

function describe(columns: Columns): DriftReference['columns'] {
  return [...columns].map(([column, { kind, missing, ...values }]) => ({
    column,
    kind,
    values: valuesIn({ kind, missing, ...values } as Column),
    missing,
  }));
}

/** Throws `not_found`: another tenant's reference is as absent as one that never was. */
export async function getReferenceRow(db: Kysely<Schema>, tenantId: string, id: string): Promise<ReferenceRow> {
  const row = await db
    .selectFrom('drift_references')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw noReference();
  return row;
}

/** The one in force. Throws `not_found`. */
export async function getActiveReference(db: Kysely<Schema>, tenantId: string, modelId: string): Promise<ReferenceRow> {
  const row = await db
    .selectFrom('drift_references')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('model_id', '=', modelId)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (row === undefined) throw new AppError('not_found', 'No reference of such a model is in force.');
  return row;
}

/** What a reference of this tenant keeps, column by column. */
export async function readReferenceColumns(db: Kysely<Schema>, { id, tenant_id }: ReferenceRow): Promise<Columns> {
  const rows = await db
    .selectFrom('drift_reference_columns')
    .innerJoin('drift_references', 'drift_references.id', 'drift_reference_columns.reference_id')
    .select(['name', 'kind', 'missing', 'numbers', 'dimensions', 'labels'])
    .where('drift_references.tenant_id', '=', tenant_id)
    .where('reference_id', '=', id)
    .orderBy('position')
    .execute();
  return new Map(rows.map(({ name, ...stored }) => [name, restoreColumn(stored)]));
}

/** The newest first. */
export async function listReferenceRows(
  db: Kysely<Schema>,
  tenantId: string,
  modelId: string | null,
  { after, backwards, limit }: { after: string | null; backwards: boolean; limit: number },
): Promise<ReferenceRow[]> {
  return db
    .selectFrom('drift_references')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(modelId !== null, (query) => query.where('model_id', '=', modelId ?? ''))
    .$if(after !== null, (query) => query.where('id', backwards ? '>' : '<', after ?? ''))
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

/** False where there is none, or none any more. */
export async function retireReference(db: Kysely<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('drift_references')
    .set({ status: 'retired' })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', '!=', 'retired')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** References whose window is over, kept from other processes until the transaction ends. */
export async function takeDueReferences(
  trx: Transaction<Schema>,
  now: Date,
  limit: number,
): Promise<Pick<ReferenceRow, 'id' | 'tenant_id' | 'model_id' | 'window_minutes' | 'next_run_at'>[]> {
  return trx
    .selectFrom('drift_references')
    .select(['id', 'tenant_id', 'model_id', 'window_minutes', 'next_run_at'])
    .where('status', '=', 'active')
    .where('is_scheduled', '=', true)
    .where('next_run_at', '<=', now)
    .orderBy('next_run_at')
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export async function setNextRun(
  trx: Transaction<Schema>,
  { id, tenant_id }: Pick<ReferenceRow, 'id' | 'tenant_id'>,
  nextRunAt: Date,
): Promise<void> {
  await trx
    .updateTable('drift_references')
    .set({ next_run_at: nextRunAt })
    .where('tenant_id', '=', tenant_id)
    .where('id', '=', id)
    .execute();
}

export function noReference(): AppError {
  return new AppError('not_found', 'There is no such reference.');
}
