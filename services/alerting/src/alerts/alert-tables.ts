import type { AlertEventType, AlertState } from '@signalbox/contracts';
import type { Generated, JSONColumnType } from 'kysely';
import type { LabelSet } from '../labels/label-set.ts';

export type ResolvedReason = 'condition' | 'timeout' | 'manual' | 'no_data' | 'rule_deleted';

/** The tables of alerts, as kysely sees them. */
export interface AlertTables {
  /** One row for each identity: a tenant and a fingerprint. */
  alerts: {
    tenant_id: string;
    fingerprint: string;
    id: string;
    /** Null: it was posted. */
    rule_id: string | null;
    name: string;
    model_id: string | null;
    alert_type: string;
    severity: string;
    labels: JSONColumnType<LabelSet>;
    annotations: JSONColumnType<LabelSet>;
    generator_url: string;
    state: AlertState;
    /** How many times it has fired. */
    episode: number;
    count: number;
    value: number | null;
    /** Since when, and until when, it is taken to hold. `endless` while a rule has it fire. */
    starts_at: Date;
    ends_at: Date;
    /** Nobody said when it ends. */
    timeout: boolean;
    active_since: Date | null;
    fired_at: Date | null;
    /** Since when it fires only because it is kept firing. */
    keep_firing_since: Date | null;
    last_seen_at: Date | null;
    /** The moment of the last observation: none before it counts any more. */
    last_slot: Date | null;
    resolved_at: Date | null;
    resolved_reason: ResolvedReason | null;
    resolved_by: string | null;
    resolved_note: string | null;
    acknowledged_at: Date | null;
    acknowledged_by: string | null;
    acknowledged_note: string | null;
    acknowledged_until: Date | null;
    snoozed_until: Date | null;
    assignee: string | null;
    /** Resolved by hand: no new episode before this moment. */
    held_until: Date | null;
    /** Resolved by hand: no new episode before its condition has been seen to end. */
    held_until_clear: boolean;
    /** When it began and ended lately, oldest first. */
    transitions: Date[];
    flapping: boolean;
    no_data: boolean;
    updated_at: Date;
  };
  alert_events: {
    tenant_id: string;
    xid: Generated<string>;
    position: Generated<string>;
    alert_id: string;
    episode: number;
    type: AlertEventType;
    at: Date;
    by: string | null;
    details: JSONColumnType<Record<string, unknown>>;
  };
}
