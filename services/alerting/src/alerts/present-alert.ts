import type { Alert, AlertEvent, LegacyAlert } from '@signalbox/contracts';
import { endless, type AlertRecord } from './alert.ts';
import type { AlertEventRow } from './alert-event-store.ts';

export function presentAlert(alert: AlertRecord): Alert {
  return {
    id: alert.id,
    fingerprint: alert.fingerprint,
    name: alert.name,
    source: alert.rule_id === null ? 'posted' : 'rule',
    rule_id: alert.rule_id,
    model_id: alert.model_id,
    alert_type: alert.alert_type,
    severity: alert.severity,
    message: messageOf(alert),
    state: alert.state,
    resolved: alert.state === 'resolved',
    episode: alert.episode,
    count: alert.count,
    value: alert.value,
    labels: alert.labels,
    annotations: alert.annotations,
    generator_url: alert.generator_url,
    timestamp: alert.starts_at.toISOString(),
    active_since: textOf(alert.active_since),
    fired_at: textOf(alert.fired_at),
    last_seen_at: textOf(alert.last_seen_at),
    ends_at: alert.ends_at < endless ? alert.ends_at.toISOString() : null,
    resolved_at: textOf(alert.resolved_at),
    resolution:
      alert.resolved_reason === null
        ? null
        : { reason: alert.resolved_reason, by: alert.resolved_by, note: alert.resolved_note },
    acknowledgement: acknowledgementOf(alert),
    snoozed_until: textOf(alert.snoozed_until),
    assignee: alert.assignee,
    flapping: alert.flapping,
    no_data: alert.no_data,
    updated_at: alert.updated_at.toISOString(),
  };
}

/** As MonitorX's clients read it. */
export function presentLegacyAlert(alert: AlertRecord): LegacyAlert {
  return {
    id: alert.id,
    model_id: alert.model_id ?? '',
    alert_type: alert.alert_type,
    severity: alert.severity,
    message: messageOf(alert),
    timestamp: alert.starts_at.toISOString(),
    resolved: alert.state === 'resolved',
    resolved_at: textOf(alert.resolved_at),
  };
}

/** What it says in one line: its summary, else its description, else its name. */
export function messageOf({ annotations, name }: Pick<AlertRecord, 'annotations' | 'name'>): string {
  return annotations['summary'] ?? annotations['description'] ?? name;
}

export function presentAlertEvent(row: AlertEventRow): AlertEvent {
  return {
    id: `${row.xid}-${row.position}`,
    alert_id: row.alert_id,
    episode: row.episode,
    type: row.type,
    at: row.at.toISOString(),
    by: row.by,
    details: row.details,
  };
}

function acknowledgementOf(alert: AlertRecord): Alert['acknowledgement'] {
  if (alert.acknowledged_at === null || alert.acknowledged_by === null) return null;
  return {
    at: alert.acknowledged_at.toISOString(),
    by: alert.acknowledged_by,
    note: alert.acknowledged_note,
    until: textOf(alert.acknowledged_until),
  };
}

function textOf(at: Date | null): string | null {
  return at === null ? null : at.toISOString();
}
