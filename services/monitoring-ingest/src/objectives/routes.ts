import * as contracts from '@signalbox/contracts';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { countObjective } from './count-objective.ts';
import { changedObjective, newObjective, presentObjective, presentStatus } from './objective.ts';
import {
  changeObjective,
  deleteObjective,
  getObjectiveRow,
  insertObjective,
  listObjectiveRows,
  noObjective,
} from './objective-store.ts';

export interface ObjectiveRoutesDeps {
  db: Kysely<Schema>;
  /** Apart from what takes measurements in. */
  reading: Kysely<Schema>;
  now?: () => Date;
}

/** Mounts objectives. Another tenant's is as absent as one that never was. */
export function mountObjectiveRoutes(
  routes: Routes,
  { db, reading, now = () => new Date() }: ObjectiveRoutesDeps,
): void {
  mountRoute(routes, contracts.createObjective, async ({ principal, body }) => {
    const row = newObjective(principal.tenantId, body, now());
    await insertObjective(db, row);
    return reply(presentObjective(row), { headers: { Location: `/api/v1/objectives/${row.id}` } });
  });

  mountRoute(routes, contracts.listObjectives, async ({ principal, query }) => {
    const list = contracts.listObjectives.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const rows = await listObjectiveRows(db, principal.tenantId, {
      modelId: query.model_id,
      after: typeof after === 'string' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentObjective });
  });

  mountRoute(routes, contracts.getObjective, async ({ principal, params }) =>
    presentObjective(await getObjectiveRow(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, contracts.updateObjective, async ({ principal, params, body }) => {
    const row = await changeObjective(db, principal.tenantId, params.id, (before) =>
      changedObjective(before, body, now()),
    );
    if (row === null) throw noObjective();
    return presentObjective(row);
  });

  mountRoute(routes, contracts.deleteObjective, async ({ principal, params }) => {
    if (!(await deleteObjective(db, principal.tenantId, params.id))) throw noObjective();
    return null;
  });

  mountRoute(routes, contracts.getObjectiveStatus, async ({ principal, params }) => {
    const row = await getObjectiveRow(db, principal.tenantId, params.id);
    return presentStatus(row, await countObjective(reading, row, now().getTime()));
  });
}
