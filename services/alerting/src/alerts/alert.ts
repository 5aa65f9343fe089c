import type { AlertEventType } from '@signalbox/contracts';
import type { Selectable } from 'kysely';
import type { AlertTables } from './alert-tables.ts';

/** An alert as it is kept: its identity, its present state, and what people have said of it. */
export type AlertRecord = Selectable<AlertTables['alerts']>;

/** Until when an alert holds of which a rule has not seen the end. */
export const endless = new Date('9999-12-31T00:00:00.000Z');

/** Something that happened to an alert, for its history. */
export interface AlertChange {
  type: AlertEventType;
  /** Null: nobody but its condition. */
  by: string | null;
  details: Readonly<Record<string, unknown>>;
}

/** What a decision makes of an alert. */
export interface Stepped {
  next: AlertRecord;
  changes: readonly AlertChange[];
}

type Identity = Pick<
  AlertRecord,
  'tenant_id' | 'fingerprint' | 'id' | 'rule_id' | 'name' | 'model_id' | 'alert_type' | 'severity' | 'labels'
>;

/** An alert of which nothing is known yet. */
export function newAlert(identity: Identity, now: Date): AlertRecord {
  return {
    ...identity,
    annotations: {},
    generator_url: '',
    state: 'inactive',
    episode: 0,
    count: 0,
    value: null,
    starts_at: now,
    ends_at: now,
    timeout: false,
    active_since: null,
    fired_at: null,
    keep_firing_since: null,
    last_seen_at: null,
    last_slot: null,
    resolved_at: null,
    resolved_reason: null,
    resolved_by: null,
    resolved_note: null,
    acknowledged_at: null,
    acknowledged_by: null,
    acknowledged_note: null,
    acknowledged_until: null,
    snoozed_until: null,
    assignee: null,
    held_until: null,
    held_until_clear: false,
    transitions: [],
    flapping: false,
    no_data: false,
    updated_at: now,
  };
}

const unresolved = { resolved_at: null, resolved_reason: null, resolved_by: null, resolved_note: null } as const;
const unacknowledged = {
  acknowledged_at: null,
  acknowledged_by: null,
  acknowledged_note: null,
  acknowledged_until: null,
} as const;

/** Begins the next episode: whatever was said of the last one is over. */
export function fire(alert: AlertRecord, at: Date): Stepped {
  const next: AlertRecord = {
    ...alert,
    ...unresolved,
    ...unacknowledged,
    state: 'firing',
    episode: alert.episode + 1,
    fired_at: at,
    starts_at: at,
    ends_at: endless,
    keep_firing_since: null,
    held_until: null,
    held_until_clear: false,
    transitions: [...alert.transitions, at],
  };
  return { next, changes: [{ type: 'fired', by: null, details: { value: next.value, severity: next.severity } }] };
}

export interface Resolution {
  reason: NonNullable<AlertRecord['resolved_reason']>;
  at: Date;
  by?: string;
  note?: string;
}

/** Ends the present episode. An acknowledgement stays to be read, until the next one begins. */
export function resolve(alert: AlertRecord, { reason, at, by, note }: Resolution): Stepped {
  const next: AlertRecord = {
    ...alert,
    state: 'resolved',
    ends_at: at,
    timeout: false,
    active_since: null,
    keep_firing_since: null,
    resolved_at: at,
    resolved_reason: reason,
    resolved_by: by ?? null,
    resolved_note: note ?? null,
    transitions: [...alert.transitions, at],
  };
  const details = { reason, value: alert.value, ...(note === undefined ? {} : { note }) };
  return { next, changes: [{ type: 'resolved', by: by ?? null, details }] };
}

/** Takes an acknowledgement back. */
export function unacknowledge(alert: AlertRecord, by: string | null, why: string): Stepped {
  return {
    next: { ...alert, ...unacknowledged },
    changes: [{ type: 'unacknowledged', by, details: { reason: why } }],
  };
}
