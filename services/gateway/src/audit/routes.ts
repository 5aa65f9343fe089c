import * as contracts from '@signalbox/contracts';
import { keysetPage, mountRoute, pageStart, type Routes } from '@signalbox/http';
import type { Database } from '@signalbox/postgres';
import type { GatewaySchema } from '../app/schema.ts';
import { listAuditEvents } from './audit-store.ts';

export interface AuditRoutesDeps {
  database: Pick<Database<GatewaySchema>, 'db'>;
}

/** Mounts the tenant's view of the audit log. Events of no tenant (refused credentials that name none) are in nobody's. */
export function mountAuditRoutes(routes: Routes, { database: { db } }: AuditRoutesDeps): void {
  mountRoute(routes, contracts.listAuditEvents, async ({ principal, query }) => {
    const list = contracts.listAuditEvents.operationId;
    const start = pageStart(list, query, ['string']);
    const after = start.after?.[0];
    const rows = await listAuditEvents(db, principal.tenantId, query, {
      ...start,
      after: typeof after === 'string' ? after : null,
    });
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: (row) => row });
  });
}
