import { once } from 'node:events';
import { exportAlerts } from '@signalbox/contracts';
import { mountRawRoute, type Routes } from '@signalbox/http';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../../app/schema.ts';
import { alertCsvHeader, alertCsvLine } from '../alert-csv.ts';
import { listAlertRows, type AlertPlace, type AlertSelection } from '../alert-store.ts';
import type { AlertRecord } from '../alert.ts';
import { presentAlert } from '../present-alert.ts';
import { selectionOf } from '../selection.ts';

const pageRows = 1_000;

const writers = {
  csv: {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: alertCsvHeader,
    row: (alert: AlertRecord) => alertCsvLine(alert),
    tail: '',
  },
  json: {
    contentType: 'application/json',
    head: '{"items":[',
    row: (alert: AlertRecord, isFirst: boolean) => `${isFirst ? '' : ','}\n${JSON.stringify(presentAlert(alert))}`,
    tail: '\n]}\n',
  },
} as const;

/** Mounts the export: pages of rows, written as fast as they are read, with nothing held in the database between two. */
export function mountAlertExport(
  routes: Routes,
  { db, logger, now = () => new Date() }: { db: Kysely<Schema>; logger: Logger; now?: () => Date },
): void {
  mountRawRoute(routes, exportAlerts, async ({ principal, query, request, response, signal }) => {
    const at = now();
    const { format, ...filter } = query;
    const writer = writers[format];
    const pages = pagesOf(db, principal.tenantId, selectionOf(filter, at));
    // What fails before the first byte is an answer with a status of its own.
    let page = await pages.next();
    const name = `alerts_${at
      .toISOString()
      .replaceAll(/[-:]|\.\d+Z/g, '')
      .replace('T', '_')}.${format}`;
    response.writeHead(200, {
      'content-type': writer.contentType,
      'content-disposition': `attachment; filename="${name}"`,
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    let isFirst = true;
    try {
      response.write(writer.head);
      for (; page.done !== true; page = await pages.next()) {
        let text = '';
        for (const alert of page.value) {
          text += writer.row(alert, isFirst);
          isFirst = false;
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

async function* pagesOf(
  db: Kysely<Schema>,
  tenantId: string,
  selection: AlertSelection,
): AsyncGenerator<readonly AlertRecord[]> {
  let after: AlertPlace | null = null;
  for (;;) {
    const rows: AlertRecord[] = await listAlertRows(db, tenantId, selection, {
      after,
      backwards: false,
      limit: pageRows,
    });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    if (rows.length < pageRows) return;
    after = { startsAt: last.starts_at, id: last.id };
  }
}
