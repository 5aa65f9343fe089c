import { once } from 'node:events';
import { exportSamples } from '@signalbox/contracts';
import { mountRawRoute, type Routes } from '@signalbox/http';
import type { Logger } from '@signalbox/telemetry';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { refuse } from '../series/query-series.ts';
import { filterOf, spanOf } from '../series/query-span.ts';
import { exportRows } from './export-rows.ts';
import { exportFormats } from './row-writers.ts';

export interface ExportRoutesDeps {
  /** Apart from what takes measurements in. */
  db: Kysely<Schema>;
  logger: Logger;
  now?: () => Date;
}

const dayMs = 86_400_000;

/** Mounts exports: written as fast as they are read, however many rows there are. */
export function mountExportRoutes(routes: Routes, { db, logger, now = () => new Date() }: ExportRoutesDeps): void {
  mountRawRoute(routes, exportSamples, async ({ principal, query, request, response, signal }) => {
    const span = spanOf(query, now(), dayMs);
    if (span.from >= span.to) throw refuse('to', 'Expected a moment after `from`.');
    const { contentType, open } = exportFormats[query.format];
    const pages = exportRows(db, filterOf(principal.tenantId, query), span);
    // What fails before the first byte is an answer with a status of its own.
    let page = await pages.next();
    const name = `metrics_${new Date(span.from).toISOString().replaceAll(/[-:]|\.\d+Z/g, '')}.${query.format}`;
    response.writeHead(200, {
      'content-type': contentType,
      'content-disposition': `attachment; filename="${name}"`,
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    try {
      const writer = open();
      for (; page.done !== true; page = await pages.next()) {
        if (!response.write(writer.write(page.value))) await once(response, 'drain', { signal });
        signal.throwIfAborted();
      }
      response.end(writer.end());
    } catch (error) {
      // It is too late for another status: without its last chunk nobody takes it for whole.
      if (!signal.aborted) logger.warn('export.failed', { error });
      response.destroy();
    }
  });
}
