import { getModelHealth } from '@signalbox/contracts';
import { mountRoute, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { getHealthRow } from './health-store.ts';

/** Mounts how models are. Another tenant's model is as absent as one that never was. */
export function mountHealthRoutes(routes: Routes, { db }: { db: Kysely<Schema> }): void {
  mountRoute(routes, getModelHealth, async ({ principal, params }) => {
    const row = await getHealthRow(db, principal.tenantId, params.id);
    return {
      model_id: row.model_id,
      status: row.status,
      since: row.since.toISOString(),
      evaluated_at: row.evaluated_at.toISOString(),
      reasons: row.reasons,
    };
  });
}
