import { once } from 'node:events';
import { exportSamples } from '@signalbox/contracts';
import { mountRawRoute, type Routes } from '@signalbox/http';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { refuse } from '../series/query-series.ts';
import { filterOf, spanOf } from '../series/query-span.ts';
import { exportRows } from './export-rows.ts';
import { csvHeader, csvRow, jsonRow } from './sample-columns.ts';
import type { SampleRecord } from '../series/sample-row-store.ts';

export interface ExportRoutesDeps {
  /** Apart from what takes measurements in. */
  db: Kysely<Schema>;
  logger: Logger;
  now?: () => Date;
}

interface Writer {
  contentType: string;
  extension: string;
  head: string;
  row: (row: SampleRecord, first: boolean) => string;
  tail: string;
}

const writers: Readonly<Record<'csv' | 'json' | 'ndjson', Writer>> = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    extension: 'csv',
    head: csvHeader,
    row: csvRow,
    tail: '',
  },
  json: {
    contentType: 'application/json',
    extension: 'json',
    head: '{"items":[',
    row: (row, first) => `${first ? '' : ','}\n${jsonRow(row)}`,
    tail: '\n]}\n',
  },
  ndjson: {
    contentType: 'application/x-ndjson',
    extension: 'ndjson',
    head: '',
    row: (row) => `${jsonRow(row)}\n`,
    tail: '',
  },
};

const dayMs = 86_400_000;

/** Mounts exports: written as fast as they are read, however many rows there are. */
export function mountExportRoutes(routes: Routes, { db, logger, now = () => new Date() }: ExportRoutesDeps): void {
  mountRawRoute(routes, exportSamples, async ({ principal, query, request, response, signal }) => {
    const span = spanOf(query, now(), dayMs);
    if (span.from >= span.to) throw refuse('to', 'Expected a moment after `from`.');
    const writer = writers[query.format];
    const pages = exportRows(db, filterOf(principal.tenantId, query), span);
    // What fails before the first byte is an answer with a status of its own.
    let page = await pages.next();
    const name = `metrics_${new Date(span.from).toISOString().replaceAll(/[-:]|\.\d+Z/g, '')}.${writer.extension}`;
    response.writeHead(200, {
      'content-type': writer.contentType,
      'content-disposition': `attachment; filename="${name}"`,
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    let first = true;
    try {
      response.write(writer.head);
      for (; page.done !== true; page = await pages.next()) {
        let text = '';
        for (const row of page.value) {
          text += writer.row(row, first);
          first = false;
        }
        if (!response.write(text)) await once(response, 'drain', { signal });
        signal.throwIfAborted();
      }
      response.end(writer.tail);
    } catch (error) {
      // It is too late for another status: without its last chunk nobody takes it for whole.
      if (!signal.aborted) logger.warn('export.failed', { error });
      response.destroy();
    }
  });
}
