import type { Storage } from '@signalbox/storage';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { buildReport, type BuildReportInput } from './build-report.ts';
import { keepReport } from './keep-report.ts';
import { publishReport } from './report-store.ts';

export interface MakeReportInput extends BuildReportInput {
  tenantId: string;
  expiresAt: Date;
}

export interface MadeReport {
  /** Of the report as JSON. */
  sha256: string;
  /** Lets it be read; for the transaction that ends its job. */
  publish: (trx: Transaction<Schema>) => Promise<void>;
}

/** Builds, renders and keeps a report. Nobody can read it before `publish`, and making it again makes the same one. */
export async function makeReport(
  storage: Pick<Storage, 'put'>,
  { tenantId, expiresAt, ...input }: MakeReportInput,
  signal: AbortSignal,
): Promise<MadeReport> {
  const kept = await keepReport(storage, { report: buildReport(input), sources: input.sources, tenantId }, signal);
  return { sha256: kept.sha256, publish: (trx) => publishReport(trx, kept, expiresAt) };
}
