import type { Generated, JSONColumnType } from 'kysely';
import type { KeptFiles } from './keep-report.ts';

/** The table of reports, as kysely sees it. */
export interface ReportTables {
  research_reports: {
    job_id: string;
    tenant_id: string;
    /** Of the report as JSON. */
    sha256: string;
    files: JSONColumnType<KeptFiles>;
    /** Under which the texts of its sources lie. */
    evidence_key: string;
    published_at: Generated<Date>;
    expires_at: Date;
    /** When its files were removed. */
    cleared_at: Date | null;
  };
}
