import { listDailyUsage, listUsage } from '@signalbox/contracts';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { Schema } from '../app/schema.ts';
import { listUsageByDay, listUsageRecords, toRecord } from './usage-store.ts';

export function mountUsageRoutes(routes: Routes, { db }: Database<Schema>): void {
  mountRoute(routes, listUsage, async ({ principal, query }) => {
    const list = listUsage.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listUsageRecords(
      db,
      principal.tenantId,
      { model: query.model, requestId: query.request_id },
      { after: textOf(start.after?.[0]), backwards: start.backwards, limit: start.fetch },
    );
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: toRecord });
  });

  mountRoute(routes, listDailyUsage, async ({ principal, query }) => {
    const list = listDailyUsage.operationId;
    const start = pageStart(list, query, ['string', 'string']);
    const [day, model] = [textOf(start.after?.[0]), textOf(start.after?.[1])];
    const rows = await listUsageByDay(db, principal.tenantId, {
      after: day === null || model === null ? null : { day, model },
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.day, row.model], present: (row) => row });
  });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
