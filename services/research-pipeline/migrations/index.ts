import type { Migrations } from '@signalbox/postgres';
import * as outbox from './0001-outbox.ts';
import * as jobs from './0002-jobs.ts';
import * as documents from './0003-documents.ts';
import * as sources from './0004-sources.ts';
import * as reports from './0005-reports.ts';
import * as chunks from './0006-chunks.ts';

export const migrations: Migrations = {
  '0001-outbox': outbox,
  '0002-jobs': jobs,
  '0003-documents': documents,
  '0004-sources': sources,
  '0005-reports': reports,
  '0006-chunks': chunks,
};
