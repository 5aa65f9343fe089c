import type { Storage } from '@signalbox/storage';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { forgetSourcesOfJob } from '../retrieval/forgotten-source-store.ts';
import { reportFormats } from './keep-report.ts';
import { listDueReports, noteCleared, withSweepLock } from './report-store.ts';

export interface SweepReportsDeps {
  db: Kysely<Schema>;
  storage: Pick<Storage, 'delete'>;
  /** Forgets what else was kept for a job. */
  forget: (trx: Transaction<Schema>, tenantId: string, jobId: string) => Promise<void>;
}

/** Few at a time: the lock is a transaction, and a transaction must not idle for long. */
const batch = 20;

/**
 * Removes the files of reports that have expired, and of those whose job was deleted, and has what was read for them forgotten. Gives how many it cleared; 0 also where
 * another process is at it. A file that cannot be removed is tried again in the next round.
 */
export async function sweepReports({ db, storage, forget }: SweepReportsDeps): Promise<number> {
  let cleared = 0;
  await withSweepLock(db, async () => {
    for (const report of await listDueReports(db, batch)) {
      for (const format of reportFormats) await storage.delete(report.files[format].key);
      await storage.delete(report.evidence_key);
      await forgetSourcesOfJob(db, report.tenant_id, report.job_id);
      await db.transaction().execute(async (trx) => {
        if (await noteCleared(trx, report)) await forget(trx, report.tenant_id, report.job_id);
      });
      cleared += 1;
    }
  });
  return cleared;
}
