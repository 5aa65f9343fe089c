import {
  acknowledgeAlert,
  assignAlert,
  commentOnAlert,
  getAlert,
  listAlertHistory,
  listAlerts,
  listAlertsAsArray,
  resolveAlert,
  resolveAlertById,
  snoozeAlert,
  streamAlertEvents as streamContract,
  unacknowledgeAlert,
  unsnoozeAlert,
  type Alert,
} from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRawRoute, mountRoute, pageStart, type PageStart, type Routes } from '@signalbox/http';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { AuditedAct, Doer, TellAudit } from '../audit/tell-audit.ts';
import type { TellAcknowledged } from '../notifications/tell-acknowledged.ts';
import { listAlertEventRows, presentEventPlace } from './alert-event-store.ts';
import { findAlert, listAlertRows, lockAlert, noAlert, saveAlerts } from './alert-store.ts';
import type { AlertRecord } from './alert.ts';
import { changeAlert, type AlertAct } from './change-alert.ts';
import { presentAlert, presentAlertEvent, presentLegacyAlert } from './present-alert.ts';
import { selectionOf } from './selection.ts';
import { readEventPlace, streamAlertEvents } from './stream-alert-events.ts';
import type { TellChanges } from './tell-changes.ts';

export interface AlertRouteDeps {
  db: Kysely<Schema>;
  tell: TellChanges;
  tellAudit: TellAudit;
  tellAcknowledged: TellAcknowledged;
  /** To be called after a commit. */
  nudge: () => void;
  /** How long what a rule looks at stays in its window; 0 for an alert that no rule made. */
  windowMsOf: (alert: AlertRecord) => Promise<number>;
  now?: () => Date;
}

export function mountAlertRoutes(routes: Routes, deps: AlertRouteDeps): void {
  mountReading(routes, deps);
  mountStream(routes, deps);
  mountChanging(routes, deps);
}

function mountReading(routes: Routes, { db, now = () => new Date() }: AlertRouteDeps): void {
  mountRoute(routes, listAlerts, async ({ principal, query }) => {
    const list = listAlerts.operationId;
    const start = pageStart(list, query, ['date', 'string']);
    const rows = await listAlertRows(db, principal.tenantId, selectionOf(query, now()), stretchOf(start));
    return keysetPage({ list, start, rows, keyOf: ({ starts_at, id }) => [starts_at, id], present: presentAlert });
  });

  mountRoute(routes, listAlertsAsArray, async ({ principal, query }) => {
    const { limit, ...filter } = query;
    const selection = selectionOf(filter, now());
    const rows = await listAlertRows(db, principal.tenantId, selection, { after: null, backwards: false, limit });
    return rows.map(presentLegacyAlert);
  });
}

function mountStream(routes: Routes, { db }: AlertRouteDeps): void {
  mountRawRoute(routes, streamContract, async ({ principal, query, request, response, signal, onDrain }) => {
    const last = query.after ?? request.headers['last-event-id'];
    const place = typeof last === 'string' ? readEventPlace(last) : await presentEventPlace(db);
    if (place === null) throw notValid('after', 'Expected the id of an event.');
    const draining = new AbortController();
    onDrain(() => {
      draining.abort();
    });
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    const ended = AbortSignal.any([signal, draining.signal]);
    await streamAlertEvents(db, principal.tenantId, place, response, ended);
  });
}

function mountChanging(routes: Routes, deps: AlertRouteDeps): void {
  const { db, windowMsOf } = deps;

  mountRoute(routes, resolveAlertById, async ({ principal, requestId, body }) => {
    const alert = await getOne(db, principal.tenantId, body.alert_id);
    if (alert.state !== 'resolved') {
      const act = { kind: 'resolve', note: null, hold: 'after_grace', graceMs: await windowMsOf(alert) } as const;
      await change(deps, { principal, requestId }, alert.id, act);
    }
    return { status: 'success' as const, message: `Alert ${alert.id} is resolved.` };
  });

  mountRoute(routes, getAlert, async ({ principal, params }) =>
    presentAlert(await getOne(db, principal.tenantId, params.id)),
  );

  mountRoute(routes, acknowledgeAlert, async ({ principal, requestId, params, body }) =>
    change(deps, { principal, requestId }, params.id, {
      kind: 'acknowledge',
      note: body?.note ?? null,
      until: body?.until === undefined ? null : new Date(body.until),
    }),
  );

  mountRoute(routes, unacknowledgeAlert, async ({ principal, requestId, params }) =>
    change(deps, { principal, requestId }, params.id, { kind: 'unacknowledge' }),
  );

  mountRoute(routes, resolveAlert, async ({ principal, requestId, params, body }) => {
    const alert = await getOne(db, principal.tenantId, params.id);
    const graceMs = body?.grace_seconds === undefined ? await windowMsOf(alert) : body.grace_seconds * 1_000;
    return change(deps, { principal, requestId }, params.id, {
      kind: 'resolve',
      note: body?.note ?? null,
      hold: body?.hold ?? 'after_grace',
      graceMs,
    });
  });

  mountRoute(routes, snoozeAlert, async ({ principal, requestId, params, body }) =>
    change(deps, { principal, requestId }, params.id, {
      kind: 'snooze',
      until: new Date(body.until),
      note: body.note ?? null,
    }),
  );

  mountRoute(routes, unsnoozeAlert, async ({ principal, requestId, params }) =>
    change(deps, { principal, requestId }, params.id, { kind: 'unsnooze' }),
  );

  mountRoute(routes, assignAlert, async ({ principal, requestId, params, body }) =>
    change(deps, { principal, requestId }, params.id, { kind: 'assign', assignee: body.assignee }),
  );

  mountRoute(routes, commentOnAlert, async ({ principal, requestId, params, body }) =>
    change(deps, { principal, requestId }, params.id, { kind: 'comment', text: body.text }),
  );

  mountRoute(routes, listAlertHistory, async ({ principal, params, query }) => {
    const { id } = await getOne(db, principal.tenantId, params.id);
    const list = listAlertHistory.operationId;
    const start = pageStart(list, query, ['string', 'string']);
    const [xid, position] = start.after ?? [];
    const after = typeof xid === 'string' && typeof position === 'string' ? readEventPlace(`${xid}-${position}`) : null;
    const stretch = { after, backwards: start.backwards, limit: start.fetch };
    const rows = await listAlertEventRows(db, { tenantId: principal.tenantId, alertId: id }, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.xid, row.position], present: presentAlertEvent });
  });
}

async function change(
  { db, tell, tellAudit, tellAcknowledged, nudge, now = () => new Date() }: AlertRouteDeps,
  { principal, requestId }: Doer,
  id: string,
  act: AlertAct,
): Promise<Alert> {
  const { tenantId, principalId } = principal;
  const changed = await db.transaction().execute(async (trx) => {
    const at = now();
    const alert = await lockAlert(trx, tenantId, id);
    const { next, changes } = changeAlert(alert, act, principalId, at);
    if (changes.length === 0) return alert;
    await saveAlerts(trx, [next]);
    await tell(trx, tenantId, [{ alert: next, changes }], at);
    if (act.kind === 'acknowledge') await tellAcknowledged(trx, tenantId, next.fingerprint, at);
    await tellAudit(trx, { ...auditedAs(act, next), target: id, principal, requestId });
    return next;
  });
  nudge();
  return presentAlert(changed);
}

/** What the audit log says of an act. The words of a comment stay with the alert. */
function auditedAs(act: AlertAct, { episode }: AlertRecord): Pick<AuditedAct, 'action' | 'details'> {
  if (act.kind === 'resolve') return { action: 'alert.resolved', details: { episode, note: act.note } };
  const details = { change: act.kind, episode, ...('until' in act ? { until: act.until?.toISOString() ?? null } : {}) };
  return { action: 'alert.changed', details };
}

async function getOne(db: Kysely<Schema>, tenantId: string, id: string): Promise<AlertRecord> {
  const alert = await findAlert(db, tenantId, id);
  if (alert === null) throw noAlert();
  return alert;
}

function stretchOf({ after, backwards, fetch }: PageStart) {
  const [startsAt, id] = after ?? [];
  const place = startsAt instanceof Date && typeof id === 'string' ? { startsAt, id } : null;
  return { after: place, backwards, limit: fetch };
}

function notValid(path: string, message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path, message }] });
}
