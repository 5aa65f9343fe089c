import * as contracts from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import { keysetPage, mountRoute, pageStart, reply, type Routes } from '@signalbox/http';
import { newId } from '@signalbox/ids';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { MatcherError } from '../matchers/matcher-error.ts';
import { formatMatcher, type MatcherSpec } from '../matchers/matcher.ts';
import { readMatcher } from '../matchers/read-matchers.ts';
import { isTimeZone } from '../time-intervals/time-interval.ts';
import { policiesMax } from './escalate-alerts.ts';
import type { EscalationPolicy } from './escalation-policy.ts';
import { addPolicy, listPolicies, removePolicy } from './escalation-store.ts';
import { windowsMax } from './find-silencer.ts';
import { addWindow, listWindows, removeWindow } from './maintenance-store.ts';
import { formatMinute, isOpen, minuteOf, type MaintenanceWindow } from './maintenance-window.ts';

export interface EscalationRouteDeps {
  readonly db: Kysely<Schema>;
  readonly tellAudit: TellAudit;
  readonly nudge: () => void;
}

export function mountEscalationRoutes(routes: Routes, { db, tellAudit, nudge }: EscalationRouteDeps): void {
  mountRoute(routes, contracts.createEscalationPolicy, async ({ principal, requestId, body }) => {
    const now = new Date();
    const policy: EscalationPolicy = {
      id: newId('escalation', now.getTime()),
      tenantId: principal.tenantId,
      name: body.name,
      matchers: readAll(body.matchers),
      steps: body.steps.map(({ after_seconds, channels }) => ({ afterSeconds: after_seconds, channels })),
      createdAt: now,
    };
    await db.transaction().execute(async (trx) => {
      const all = await listPolicies(trx, principal.tenantId, { after: null, backwards: false, limit: policiesMax });
      if (all.length >= policiesMax) throw new AppError('conflict', `There are ${policiesMax} policies already.`);
      await addPolicy(trx, policy);
      const details = { change: 'created', name: policy.name };
      await tellAudit(trx, { action: 'escalation_policy.changed', target: policy.id, principal, requestId, details });
    });
    nudge();
    return reply(presentPolicy(policy), { headers: { Location: `/api/v1/escalation-policies/${policy.id}` } });
  });

  mountRoute(routes, contracts.listEscalationPolicies, async ({ principal, query }) => {
    const list = contracts.listEscalationPolicies.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listPolicies(db, principal.tenantId, stretch);
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: presentPolicy });
  });

  mountRoute(routes, contracts.deleteEscalationPolicy, async ({ principal, requestId, params }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await removePolicy(trx, principal.tenantId, params.id)))
        throw new AppError('not_found', 'There is no such escalation policy.');
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'escalation_policy.changed', target: params.id, principal, requestId, details });
    });
    nudge();
    return null;
  });

  mountRoute(routes, contracts.createMaintenanceWindow, async ({ principal, requestId, body }) => {
    if (!isTimeZone(body.time_zone))
      throw new AppError('validation_failed', undefined, {
        fields: [{ path: 'time_zone', message: 'Expected an IANA time zone, such as Europe/Berlin.' }],
      });
    const now = new Date();
    const window: MaintenanceWindow = {
      id: newId('maintenance', now.getTime()),
      tenantId: principal.tenantId,
      name: body.name,
      matchers: readAll(body.matchers),
      weekdays: [...new Set(body.weekdays)].sort(),
      startMinute: minuteOf(body.start),
      endMinute: minuteOf(body.end),
      timeZone: body.time_zone,
      createdAt: now,
    };
    await db.transaction().execute(async (trx) => {
      const all = await listWindows(trx, principal.tenantId, { after: null, backwards: false, limit: windowsMax });
      if (all.length >= windowsMax) throw new AppError('conflict', `There are ${windowsMax} windows already.`);
      await addWindow(trx, window);
      const details = { change: 'created', name: window.name };
      await tellAudit(trx, { action: 'maintenance_window.changed', target: window.id, principal, requestId, details });
    });
    nudge();
    return reply(presentWindow(window, now), { headers: { Location: `/api/v1/maintenance-windows/${window.id}` } });
  });

  mountRoute(routes, contracts.listMaintenanceWindows, async ({ principal, query }) => {
    const list = contracts.listMaintenanceWindows.operationId;
    const start = pageStart(list, query, ['string']);
    const [id] = start.after ?? [];
    const stretch = { after: typeof id === 'string' ? id : null, backwards: start.backwards, limit: start.fetch };
    const rows = await listWindows(db, principal.tenantId, stretch);
    const now = new Date();
    return keysetPage({ list, start, rows, keyOf: (row) => [row.id], present: (row) => presentWindow(row, now) });
  });

  mountRoute(routes, contracts.deleteMaintenanceWindow, async ({ principal, requestId, params }) => {
    await db.transaction().execute(async (trx) => {
      if (!(await removeWindow(trx, principal.tenantId, params.id)))
        throw new AppError('not_found', 'There is no such maintenance window.');
      const details = { change: 'deleted' };
      await tellAudit(trx, { action: 'maintenance_window.changed', target: params.id, principal, requestId, details });
    });
    nudge();
    return null;
  });
}

function readAll(matchers: readonly string[]): MatcherSpec[] {
  return matchers.map((text, index) => {
    try {
      const { name, op, value } = readMatcher(text);
      return { name, op, value };
    } catch (thrown) {
      if (!(thrown instanceof MatcherError)) throw thrown;
      throw new AppError('validation_failed', undefined, {
        fields: [{ path: `matchers.${index}`, message: thrown.message }],
      });
    }
  });
}

function presentPolicy({ id, name, matchers, steps, createdAt }: EscalationPolicy): contracts.EscalationPolicy {
  return {
    id,
    name,
    matchers: matchers.map(formatMatcher),
    steps: steps.map(({ afterSeconds, channels }) => ({ after_seconds: afterSeconds, channels: [...channels] })),
    created_at: createdAt.toISOString(),
  };
}

function presentWindow(window: MaintenanceWindow, now: Date): contracts.MaintenanceWindow {
  return {
    id: window.id,
    name: window.name,
    matchers: window.matchers.map(formatMatcher),
    weekdays: [...window.weekdays],
    start: formatMinute(window.startMinute),
    end: formatMinute(window.endMinute),
    time_zone: window.timeZone,
    is_open: isOpen(window, now),
    created_at: window.createdAt.toISOString(),
  };
}
