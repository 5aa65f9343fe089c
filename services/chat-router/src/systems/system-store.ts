import type { SystemSpec } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Stretch } from '../usage/usage-store.ts';

/** A system as it is now. */
export interface StoredSystem {
  id: string;
  version: number;
  spec: SystemSpec;
  created_at: Date;
  updated_at: Date;
}

export interface StoredVersion {
  version: number;
  spec: SystemSpec;
  created_at: Date;
  created_by: string;
}

/** What else belongs to a change and is done in its transaction. */
export type Alongside = (trx: Transaction<Schema>) => Promise<void>;

/** Throws `conflict` when a system has, or had, that id. */
export async function insertSystem(
  db: Kysely<Schema>,
  tenantId: string,
  { id, spec, createdBy }: { id: string; spec: SystemSpec; createdBy: string },
  alongside: Alongside,
): Promise<StoredSystem> {
  return db.transaction().execute(async (trx) => {
    const row = await trx
      .insertInto('systems')
      .values({ tenant_id: tenantId, id, version: 1, deleted_at: null })
      .onConflict((conflict) => conflict.doNothing())
      .returning(['created_at', 'updated_at'])
      .executeTakeFirst();
    if (row === undefined)
      throw new AppError('conflict', 'A system of this id exists, or existed.', { details: { id } });
    await insertVersion(trx, tenantId, { id, version: 1, spec, createdBy });
    await alongside(trx);
    return { id, version: 1, spec, ...row };
  });
}

/** Null where there is none, or none any more. */
export async function findSystem(db: Kysely<Schema>, tenantId: string, id: string): Promise<StoredSystem | null> {
  const row = await systems(db, tenantId).where('systems.id', '=', id).executeTakeFirst();
  return row ?? null;
}

export async function listSystemRows(
  db: Kysely<Schema>,
  tenantId: string,
  { after, backwards, limit }: Stretch<string>,
): Promise<StoredSystem[]> {
  return systems(db, tenantId)
    .$if(after !== null, (query) => query.where('systems.id', backwards ? '<' : '>', after ?? ''))
    .orderBy('systems.id', backwards ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

/** The newest first. */
export async function listVersionRows(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  { after, backwards, limit }: Stretch<number>,
): Promise<StoredVersion[]> {
  return db
    .selectFrom('system_versions')
    .select(['version', 'spec', 'created_at', 'created_by'])
    .where('tenant_id', '=', tenantId)
    .where('system_id', '=', id)
    .$if(after !== null, (query) => query.where('version', backwards ? '>' : '<', after ?? 0))
    .orderBy('version', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
}

/** A system as it was at a version, also of one that is deleted by now. */
export async function getVersion(
  db: Kysely<Schema>,
  tenantId: string,
  { id, version }: { id: string; version: number },
): Promise<SystemSpec> {
  const { spec } = await db
    .selectFrom('system_versions')
    .select('spec')
    .where('tenant_id', '=', tenantId)
    .where('system_id', '=', id)
    .where('version', '=', version)
    .executeTakeFirstOrThrow();
  return spec;
}

/**
 * Makes the next version of what `change` makes of the present one. Throws `not_found`, and `conflict` where another version
 * is there than was expected.
 */
export async function changeSystem(
  db: Kysely<Schema>,
  tenantId: string,
  { id, expectedVersion, changedBy }: { id: string; expectedVersion: number | null; changedBy: string },
  change: (spec: SystemSpec) => SystemSpec,
  alongside: (trx: Transaction<Schema>, changed: { now: SystemSpec }) => Promise<void>,
): Promise<StoredSystem> {
  return db.transaction().execute(async (trx) => {
    // Locked first and read afterwards: a statement that waits for its row does not see the version that it waited for.
    await trx
      .selectFrom('systems')
      .select('version')
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .forUpdate()
      .execute();
    const before = await systems(trx, tenantId).where('systems.id', '=', id).executeTakeFirst();
    if (before === undefined) throw noSystem();
    if (expectedVersion !== null && before.version !== expectedVersion) {
      throw new AppError('conflict', 'The system has been changed meanwhile.', {
        details: { version: before.version },
      });
    }
    const version = before.version + 1;
    const spec = change(before.spec);
    await insertVersion(trx, tenantId, { id, version, spec, createdBy: changedBy });
    const { updated_at } = await trx
      .updateTable('systems')
      .set({ version, updated_at: sql<Date>`now()` })
      .where('tenant_id', '=', tenantId)
      .where('id', '=', id)
      .returning('updated_at')
      .executeTakeFirstOrThrow();
    await alongside(trx, { now: spec });
    return { ...before, version, spec, updated_at };
  });
}

/** False where there was none. */
export async function markSystemDeleted(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  alongside: Alongside,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const isDeleted = await markDeleted(trx, tenantId, id);
    if (isDeleted) await alongside(trx);
    return isDeleted;
  });
}

async function markDeleted(trx: Transaction<Schema>, tenantId: string, id: string): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('systems')
    .set({ deleted_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Another tenant's system is as absent as one that never was. */
export function noSystem(): AppError {
  return new AppError('not_found', 'There is no such system.');
}

function systems(db: Kysely<Schema>, tenantId: string) {
  return db
    .selectFrom('systems')
    .innerJoin('system_versions', (join) =>
      join
        .onRef('system_versions.tenant_id', '=', 'systems.tenant_id')
        .onRef('system_versions.system_id', '=', 'systems.id')
        .onRef('system_versions.version', '=', 'systems.version'),
    )
    .select(['systems.id', 'systems.version', 'spec', 'systems.created_at', 'systems.updated_at'])
    .where('systems.tenant_id', '=', tenantId)
    .where('deleted_at', 'is', null);
}

async function insertVersion(
  trx: Transaction<Schema>,
  tenantId: string,
  { id, version, spec, createdBy }: { id: string; version: number; spec: SystemSpec; createdBy: string },
): Promise<void> {
  await trx
    .insertInto('system_versions')
    .values({ tenant_id: tenantId, system_id: id, version, spec: JSON.stringify(spec), created_by: createdBy })
    .execute();
}
