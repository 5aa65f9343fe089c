import { sql, type Kysely, type Selectable, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { KeptReport } from './keep-report.ts';
import type { ReportTables } from './report-tables.ts';

export type ReportRow = Selectable<ReportTables['research_reports']>;

/** Makes a report readable, in the transaction that ends its job. One that was published for an earlier run gives way. */
export async function publishReport(
  trx: Transaction<Schema>,
  { jobId, tenantId, sha256, files, evidenceKey }: KeptReport,
  expiresAt: Date,
): Promise<void> {
  const values = {
    sha256,
    files: JSON.stringify(files),
    evidence_key: evidenceKey,
    expires_at: expiresAt,
    cleared_at: null,
  };
  await trx
    .insertInto('research_reports')
    .values({ job_id: jobId, tenant_id: tenantId, ...values })
    .onConflict((conflict) => conflict.column('job_id').doUpdateSet({ ...values, published_at: sql<Date>`now()` }))
    .execute();
}

/** Null: there is none, or its files are gone. */
export async function findReport(db: Kysely<Schema>, tenantId: string, jobId: string): Promise<ReportRow | null> {
  const row = await db
    .selectFrom('research_reports')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .where('cleared_at', 'is', null)
    .executeTakeFirst();
  return row ?? null;
}

/** By its job alone: for links, whose signature stands for the tenant. */
export async function findSharedReport(db: Kysely<Schema>, jobId: string): Promise<ReportRow | null> {
  const row = await db.selectFrom('research_reports').selectAll().where('job_id', '=', jobId).executeTakeFirst();
  return row ?? null;
}

/** Ends a report, in the transaction that deletes its job; the sweeper removes the files. */
export async function endReport(trx: Transaction<Schema>, tenantId: string, jobId: string): Promise<void> {
  await trx
    .updateTable('research_reports')
    .set({ expires_at: sql<Date>`least(expires_at, now())` })
    .where('tenant_id', '=', tenantId)
    .where('job_id', '=', jobId)
    .execute();
}

/** Reports that have expired and still have files, the oldest first. */
export async function listDueReports(db: Kysely<Schema>, limit: number): Promise<ReportRow[]> {
  return db
    .selectFrom('research_reports')
    .selectAll()
    .where('cleared_at', 'is', null)
    .where('expires_at', '<=', sql<Date>`now()`)
    .orderBy('expires_at')
    .orderBy('job_id')
    .limit(limit)
    .execute();
}

/** Notes that the files of a report are removed. False: it was published anew meanwhile, and stays as it is. */
export async function noteCleared(
  trx: Transaction<Schema>,
  { job_id: jobId, sha256 }: Pick<ReportRow, 'job_id' | 'sha256'>,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('research_reports')
    .set({ cleared_at: sql<Date>`now()` })
    .where('job_id', '=', jobId)
    .where('sha256', '=', sha256)
    .where('expires_at', '<=', sql<Date>`now()`)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Runs `work` in one process at a time, whichever comes first; the others do nothing. False: somebody else has it. */
export async function withSweepLock(db: Kysely<Schema>, work: () => Promise<void>): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { rows } = await sql<{ held: boolean }>`
      select pg_try_advisory_xact_lock(hashtext('research_reports.sweep')) as held`.execute(trx);
    if (rows[0]?.held !== true) return false;
    await work();
    return true;
  });
}
