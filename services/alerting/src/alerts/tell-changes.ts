import { alertFired, alertResolved } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import { emit, type OutboxRow } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { insertAlertEvents } from './alert-event-store.ts';
import type { AlertChange, AlertRecord } from './alert.ts';
import type { EnrolAlerts } from '../notifications/enrol-alerts.ts';
import { messageOf } from './present-alert.ts';
import { reportOf } from './report-alert.ts';

/** An alert as it is now, with what has just happened to it. */
export interface ToldAlert {
  alert: AlertRecord;
  changes: readonly AlertChange[];
}

/** Tells of alerts in the transaction that changed them: their history, their groups, and the other services. */
export type TellChanges = (
  trx: Transaction<Schema>,
  tenantId: string,
  told: readonly ToldAlert[],
  now: Date,
) => Promise<void>;

/** After these there is something else to tell of an alert that a rule made. */
const notable: ReadonlySet<string> = new Set(['fired', 'resolved', 'severity_changed', 'unsnoozed']);

export function createTeller({ emitter, enrolAlerts }: { emitter: Emitter; enrolAlerts: EnrolAlerts }): TellChanges {
  return async (trx, tenantId, told, now) => {
    const changed = told.filter(({ changes }) => changes.length > 0);
    if (changed.length > 0) await insertAlertEvents(trx, tenantId, changed, now);
    const enrolled = told
      .filter((one) => belongsInGroups(one, now))
      .map(({ alert }) => ({ ...reportOf(alert), fingerprint: alert.fingerprint }));
    await enrolAlerts(trx, tenantId, enrolled, now);
    await emit(
      trx,
      changed.flatMap((one) => messagesOf(emitter, tenantId, one, now)),
    );
  };
}

function belongsInGroups({ alert, changes }: ToldAlert, now: Date): boolean {
  if (alert.rule_id !== null) return changes.some(({ type }) => notable.has(type));
  // Its groups know when it ends, and have perhaps told of it and let go of it: it must not come back to them.
  const ranOut =
    alert.last_seen_at !== null &&
    alert.last_seen_at < now &&
    changes.every(({ type, by }) => type === 'resolved' && by === null);
  // Each report moves the end of what was posted.
  return alert.state !== 'inactive' && !(ranOut && changes.length > 0);
}

function messagesOf(emitter: Emitter, tenantId: string, { alert, changes }: ToldAlert, now: Date): OutboxRow[] {
  const principal = { kind: 'service', principalId: 'alerting', tenantId, scopes: [] } as const;
  const payload = {
    alert_id: alert.id,
    fingerprint: alert.fingerprint,
    episode: alert.episode,
    name: alert.name,
    model_id: alert.model_id,
    alert_type: alert.alert_type,
    severity: alert.severity,
    message: messageOf(alert),
    labels: alert.labels,
    at: now.toISOString(),
  };
  return changes.flatMap(({ type, details }) => {
    const caller = { principal, requestId: newId('req') };
    const id = `${alert.id}.${String(alert.episode)}.${type}`;
    if (type === 'fired') return emitter.outboxRows(alertFired, payload, caller, { id });
    if (type !== 'resolved') return [];
    return emitter.outboxRows(alertResolved, { ...payload, reason: String(details['reason']) }, caller, { id });
  });
}
