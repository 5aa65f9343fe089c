import { AppError } from '@signalbox/errors';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';

export interface ConfigurationRow {
  revision: number;
  sealed: string;
  updatedAt: Date;
  updatedBy: string;
}

/** 0 for a tenant that has written none. */
export async function findRevision(db: Kysely<Schema>, tenantId: string): Promise<number> {
  const row = await db
    .selectFrom('configurations')
    .select('revision')
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  return row?.revision ?? 0;
}

export async function findConfiguration(db: Kysely<Schema>, tenantId: string): Promise<ConfigurationRow | null> {
  const row = await db
    .selectFrom('configurations')
    .select(['revision', 'sealed', 'updated_at', 'updated_by'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (row === undefined) return null;
  return { revision: row.revision, sealed: row.sealed, updatedAt: row.updated_at, updatedBy: row.updated_by };
}

/** Replaces a tenant's configuration. Throws `conflict` if `expected` is not its revision. */
export async function replaceConfiguration(
  trx: Transaction<Schema>,
  { tenantId, principalId }: { tenantId: string; principalId: string },
  { sealed, expected, now }: { sealed: string; expected: number | null; now: Date },
): Promise<ConfigurationRow> {
  if (expected !== null && expected > 0) {
    const revision = await findRevision(trx, tenantId);
    if (revision === 0) throw changed(0);
  }
  const row = await trx
    .insertInto('configurations')
    .values({ tenant_id: tenantId, revision: 1, sealed, updated_at: now, updated_by: principalId })
    .onConflict((conflict) => {
      const update = conflict.column('tenant_id').doUpdateSet({
        revision: sql<number>`configurations.revision + 1`,
        sealed,
        updated_at: now,
        updated_by: principalId,
      });
      return expected === null ? update : update.where('configurations.revision', '=', expected);
    })
    .returning(['revision', 'sealed', 'updated_at', 'updated_by'])
    .executeTakeFirst();
  if (row === undefined) throw changed(await findRevision(trx, tenantId));
  return { revision: row.revision, sealed: row.sealed, updatedAt: row.updated_at, updatedBy: row.updated_by };
}

function changed(revision: number): AppError {
  return new AppError('conflict', 'The configuration has another revision by now.', { details: { revision } });
}
