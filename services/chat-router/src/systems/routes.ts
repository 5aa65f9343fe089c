import {
  cancelTask,
  createSystem,
  createTask,
  deleteSystem,
  getSystem,
  getTask,
  listSystems,
  listSystemVersions,
  listTasks,
  streamTaskEvents,
  updateSystem,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import {
  idempotencyKeyOf,
  keysetPage,
  mountRawRoute,
  mountRoute,
  pageStart,
  reply,
  type Routes,
} from '@signalbox/http';
import { newId } from '@signalbox/ids';
import { createResponseSink } from '../completions/response-sink.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { keepSystemBudget } from './keep-system-budget.ts';
import { presentSystem, presentTask, toSpec } from './present.ts';
import { streamTask } from './stream-task.ts';
import { submitTask, type SubmitTaskDeps } from './submit-task.ts';
import {
  changeSystem,
  findSystem,
  insertSystem,
  listSystemRows,
  listVersionRows,
  markSystemDeleted,
  noSystem,
} from './system-store.ts';
import { isOver } from './task.ts';
import { cancelTaskRow, getTaskRow, listTaskEvents, listTaskRows } from './task-store.ts';

const eventsPerLook = 100;

export interface SystemRouteDeps extends SubmitTaskDeps {
  tellAudit: TellAudit;
  /** To be called after a commit that changed a tenant's budgets. */
  budgetsChanged: (tenantId: string) => Promise<void>;
}

export function mountSystemRoutes(
  routes: Routes,
  deps: SystemRouteDeps,
  { stalledMsMax }: { stalledMsMax: number },
): void {
  mountSystems(routes, deps);
  mountTasks(routes, deps, stalledMsMax);
}

function mountSystems(routes: Routes, { db, tellAudit, budgetsChanged, nudgeRelay }: SystemRouteDeps): void {
  const action = 'system.changed';

  mountRoute(routes, createSystem, async ({ principal, requestId, body }) => {
    const { tenantId } = principal;
    const spec = toSpec(body);
    const target = body.id ?? newId('system');
    const stored = await insertSystem(
      db,
      tenantId,
      { id: target, spec, createdBy: principal.principalId },
      async (trx) => {
        if (spec.budget !== null) await keepSystemBudget(trx, tenantId, target, spec.budget);
        await tellAudit(trx, {
          action,
          target,
          principal,
          requestId,
          details: { change: 'created', tools: spec.tools },
        });
      },
    );
    nudgeRelay();
    if (spec.budget !== null) await budgetsChanged(tenantId);
    return reply(presentSystem(stored), { headers: { Location: `/api/v1/systems/${stored.id}` } });
  });

  mountRoute(routes, listSystems, async ({ principal, query }) => {
    const list = listSystems.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listSystemRows(db, principal.tenantId, stretchOf(start, textOf(start.after?.[0])));
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentSystem });
  });

  mountRoute(routes, getSystem, async ({ principal, params }) => {
    const system = await findSystem(db, principal.tenantId, params.id);
    if (system === null) throw noSystem();
    return presentSystem(system);
  });

  mountRoute(routes, updateSystem, async ({ principal, requestId, params, body }) => {
    const { tenantId, principalId } = principal;
    const { expected_version: expectedVersion, ...change } = body;
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
    if (Object.keys(given).length === 0) {
      throw new AppError('validation_failed', undefined, { fields: [{ path: '', message: 'Expected a change.' }] });
    }
    const system = { id: params.id, expectedVersion: expectedVersion ?? null, changedBy: principalId };
    const changed = await changeSystem(
      db,
      tenantId,
      system,
      (spec) => ({ ...spec, ...given }),
      async (trx, { now }) => {
        if ('budget' in given) await keepSystemBudget(trx, tenantId, params.id, now.budget);
        const details = { change: 'updated', members: Object.keys(given), tools: now.tools };
        await tellAudit(trx, { action, target: params.id, principal, requestId, details });
      },
    );
    nudgeRelay();
    if ('budget' in given) await budgetsChanged(tenantId);
    return presentSystem(changed);
  });

  mountRoute(routes, deleteSystem, async ({ principal, requestId, params }) => {
    const { tenantId } = principal;
    const isDeleted = await markSystemDeleted(db, tenantId, params.id, async (trx) => {
      await keepSystemBudget(trx, tenantId, params.id, null);
      const details = { change: 'deleted' };
      await tellAudit(trx, { action, target: params.id, principal, requestId, details });
    });
    if (!isDeleted) throw noSystem();
    nudgeRelay();
    await budgetsChanged(tenantId);
    return null;
  });

  mountRoute(routes, listSystemVersions, async ({ principal: { tenantId }, params, query }) => {
    const list = listSystemVersions.operationId;
    const start = pageStart(list, query, ['number']);
    if ((await findSystem(db, tenantId, params.id)) === null) throw noSystem();
    const rows = await listVersionRows(db, tenantId, params.id, stretchOf(start, numberOf(start.after?.[0])));
    return keysetPage({
      list,
      start,
      rows,
      keyOf: ({ version }) => [version],
      present: ({ spec, created_at, ...row }) => ({ ...spec, ...row, created_at: created_at.toISOString() }),
    });
  });
}

function mountTasks(routes: Routes, deps: SubmitTaskDeps, stalledMsMax: number): void {
  const { db } = deps;

  mountRoute(routes, createTask, async ({ principal, requestId, params, body, request }) => {
    const { task, isNew } = await submitTask(
      deps,
      { principal, requestId },
      { systemId: params.id, input: body, idempotencyKey: idempotencyKeyOf(request.headers['idempotency-key']) },
    );
    return reply(presentTask(task), {
      headers: {
        Location: `/api/v1/systems/${task.system_id}/tasks/${task.id}`,
        ...(isNew ? {} : { 'Idempotent-Replayed': 'true' }),
      },
    });
  });

  mountRoute(routes, listTasks, async ({ principal: { tenantId }, params, query }) => {
    const list = listTasks.operationId;
    const start = pageStart(list, query, ['string']);
    const filter = { systemId: params.id, status: query.status ?? null };
    const rows = await listTaskRows(db, tenantId, filter, stretchOf(start, textOf(start.after?.[0])));
    // A deleted system's tasks stay; of a system that never was there are none.
    if (rows.length === 0 && (await findSystem(db, tenantId, params.id)) === null) throw noSystem();
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentTask });
  });

  mountRoute(routes, getTask, async ({ principal, params }) =>
    presentTask(await getTaskRow(db, principal.tenantId, { systemId: params.id, taskId: params.task })),
  );

  mountRoute(routes, cancelTask, async ({ principal: { tenantId }, params }) => {
    const place = { systemId: params.id, taskId: params.task };
    const { status } = await getTaskRow(db, tenantId, place);
    if (!isOver(status)) await cancelTaskRow(db, tenantId, params.task);
    const now = await getTaskRow(db, tenantId, place);
    if (now.status !== 'cancelled') {
      throw new AppError('conflict', `The task has ${now.status} already.`, { details: { status: now.status } });
    }
    return presentTask(now);
  });

  mountRawRoute(routes, streamTaskEvents, async ({ principal, params, request, response, signal, onDrain }) => {
    const after = positionOf(request.headers['last-event-id']);
    const { id } = await getTaskRow(db, principal.tenantId, { systemId: params.id, taskId: params.task });
    const draining = new AbortController();
    onDrain(() => {
      draining.abort();
    });
    const sink = createResponseSink(response, stalledMsMax);
    sink.begin({});
    // So that the head is there before the first event is.
    response.flushHeaders();
    await streamTask(after, {
      eventsAfter: (position) => listTaskEvents(db, id, position, eventsPerLook),
      sink,
      signal: AbortSignal.any([signal, draining.signal]),
    });
  });
}

function positionOf(header: string | string[] | undefined): number {
  if (header === undefined || header === '') return 0;
  const position = Number(header);
  if (Number.isInteger(position) && position >= 0 && position < 2 ** 31) return position;
  throw new AppError('validation_failed', undefined, {
    fields: [{ path: 'Last-Event-ID', message: 'Expected the id of an event of this stream.' }],
  });
}

function stretchOf<Key>({ backwards, fetch: limit }: { backwards: boolean; fetch: number }, after: Key | null) {
  return { after, backwards, limit };
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
