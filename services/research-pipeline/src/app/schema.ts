import type { OutboxTables } from '@signalbox/postgres';
import type { DocumentTables } from '../documents/document-tables.ts';
import type { FetchTables } from '../fetch/fetch-tables.ts';
import type { JobTables } from '../jobs/job-tables.ts';
import type { PartyTables } from '../parties/party-tables.ts';
import type { ReportTables } from '../reports/report-tables.ts';
import type { RetrievalTables } from '../retrieval/retrieval-tables.ts';
import type { SearchTables } from '../search/search-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema
  extends
    OutboxTables,
    JobTables,
    DocumentTables,
    PartyTables,
    RetrievalTables,
    ReportTables,
    FetchTables,
    SearchTables {}
