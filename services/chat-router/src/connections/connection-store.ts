import { AppError } from '@signalbox/errors';
import { isUniqueViolation } from '@signalbox/postgres';
import type { Kysely, Selectable, Transaction } from 'kysely';
import type { ProviderConnectionsTable, Schema } from '../app/schema.ts';
import type { ConnectionRecord } from './connection-record.ts';

type Queries = Kysely<Schema> | Transaction<Schema>;

export async function insertConnection(trx: Transaction<Schema>, record: ConnectionRecord): Promise<void> {
  await refusingDuplicates(
    trx
      .insertInto('provider_connections')
      .values({
        id: record.id,
        tenant_id: record.tenantId,
        kind: record.kind,
        created_at: record.createdAt,
        ...columnsOf(record),
      })
      .execute(),
  );
}

/** Writes what may change of a connection. To be called with the row locked. */
export async function updateConnection(trx: Transaction<Schema>, record: ConnectionRecord): Promise<void> {
  await refusingDuplicates(
    trx
      .updateTable('provider_connections')
      .set(columnsOf(record))
      .where('tenant_id', '=', record.tenantId)
      .where('id', '=', record.id)
      .execute(),
  );
}

export async function deleteConnection(trx: Transaction<Schema>, tenantId: string, id: string): Promise<boolean> {
  const result = await trx
    .deleteFrom('provider_connections')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return result.numDeletedRows > 0n;
}

export async function findConnection(
  db: Queries,
  tenantId: string,
  id: string,
  lock = false,
): Promise<ConnectionRecord | null> {
  const row = await db
    .selectFrom('provider_connections')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .$if(lock, (query) => query.forUpdate())
    .executeTakeFirst();
  return row === undefined ? null : toRecord(row);
}

/** The tenant of a connection, whichever it is; null: there is no such connection. */
export async function ownerOf(db: Queries, id: string): Promise<string | null> {
  const row = await db.selectFrom('provider_connections').select('tenant_id').where('id', '=', id).executeTakeFirst();
  return row?.tenant_id ?? null;
}

/** All of a tenant's, the newest first: they are few, see `connectionsMax`. */
export async function allConnections(db: Queries, tenantId: string): Promise<ConnectionRecord[]> {
  const rows = await db
    .selectFrom('provider_connections')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .orderBy('id', 'desc')
    .execute();
  return rows.map(toRecord);
}

/** Some connections of any tenant whose key lies in an envelope, in the order of their ids: for rotation. */
export async function sealedConnections(db: Queries, afterId: string, limit: number): Promise<ConnectionRecord[]> {
  const rows = await db
    .selectFrom('provider_connections')
    .selectAll()
    .where('sealed_key', 'is not', null)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(toRecord);
}

/** Puts another envelope in the place of one, unless that was replaced meanwhile. The key in it is the same: no new version. */
export async function replaceEnvelope(db: Queries, record: ConnectionRecord, sealedKey: string): Promise<boolean> {
  const result = await db
    .updateTable('provider_connections')
    .set({ sealed_key: sealedKey })
    .where('tenant_id', '=', record.tenantId)
    .where('id', '=', record.id)
    .where('sealed_key', '=', record.sealedKey)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}

function columnsOf(record: ConnectionRecord) {
  return {
    name: record.name,
    base_url: record.baseUrl,
    sealed_key: record.sealedKey,
    key_hint: record.keyHint,
    models: [...record.models],
    options: JSON.stringify(record.options),
    version: record.version,
    updated_at: record.updatedAt,
  };
}

function toRecord(row: Selectable<ProviderConnectionsTable>): ConnectionRecord {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    name: row.name,
    kind: row.kind,
    baseUrl: row.base_url,
    sealedKey: row.sealed_key,
    keyHint: row.key_hint,
    models: row.models ?? [],
    options: row.options,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

async function refusingDuplicates<Result>(query: Promise<Result>): Promise<Result> {
  try {
    return await query;
  } catch (thrown) {
    if (isUniqueViolation(thrown, 'provider_connections_name')) throw nameTaken();
    throw thrown;
  }
}

export function nameTaken(): AppError {
  return new AppError('conflict', 'There is a provider of that name.');
}
