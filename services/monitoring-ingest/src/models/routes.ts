import {
  deleteMonitoredModel,
  getMonitoredModel,
  listMonitoredModelRevisions,
  listModelsAsModels,
  listMonitoredModels,
  registerMonitoredModel,
  updateMonitoredModel,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import {
  changeModel,
  getModelRow,
  insertModel,
  listModelRows,
  listModelVersionRows,
  presentModel,
  presentRevision,
  removeModel,
} from './model-store.ts';

const listedModelsMax = 10_000;

export function mountModelRoutes(routes: Routes, db: Kysely<Schema>): void {
  mountRoute(routes, registerMonitoredModel, async ({ principal, body }) => {
    const row = await insertModel(db, principal.tenantId, principal.principalId, body);
    return reply(presentModel(row), { headers: { Location: `/api/v1/models/${encodeURIComponent(row.id)}` } });
  });

  mountRoute(routes, listMonitoredModels, async ({ principal, query }) => {
    const list = listMonitoredModels.operationId;
    const start = pageStart(list, query, ['string']);
    const [after] = start.after ?? [];
    const { model_type: modelType, environment, registered } = query;
    const filters = {
      modelType,
      environment,
      registered: registered === undefined ? undefined : registered === 'true',
    };
    const rows = await listModelRows(db, principal.tenantId, filters, {
      after: typeof after === 'string' ? after : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentModel });
  });

  mountRoute(routes, listModelsAsModels, async ({ principal }) => {
    const stretch = { after: null, backwards: false, limit: listedModelsMax };
    const rows = await listModelRows(db, principal.tenantId, { registered: true }, stretch);
    return { models: rows.map(presentModel) };
  });

  mountRoute(routes, getMonitoredModel, async ({ principal, params }) =>
    presentModel(await getModelRow(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, updateMonitoredModel, async ({ principal, params, body }) =>
    presentModel(await changeModel(db, principal, params.id, body)),
  );

  mountRoute(routes, deleteMonitoredModel, async ({ principal, params }) => {
    if (await removeModel(db, principal.tenantId, params.id)) return null;
    throw new AppError('not_found', 'There is no such model.');
  });

  mountRoute(routes, listMonitoredModelRevisions, async ({ principal, params, query }) => {
    await getModelRow(db, principal.tenantId, params.id);
    const list = listMonitoredModelRevisions.operationId;
    const start = pageStart(list, query, ['number']);
    const [after] = start.after ?? [];
    const rows = await listModelVersionRows(db, principal.tenantId, params.id, {
      after: typeof after === 'number' ? Math.trunc(after) : null,
      backwards: start.backwards,
      limit: start.fetch,
    });
    return keysetPage({ list, start, rows, keyOf: ({ revision }) => [revision], present: presentRevision });
  });
}
