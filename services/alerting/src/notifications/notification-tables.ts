import type { Generated, JSONColumnType } from 'kysely';
import type { LabelSet } from '../labels/label-set.ts';
import type { NotifiedAlert, NotificationKind, SuppressedEntry } from './notification.ts';

/** The tables of groups and of what was decided for them, as kysely sees them. */
export interface NotificationTables {
  alert_groups: {
    tenant_id: string;
    group_hash: string;
    route_id: string;
    group_key: string;
    group_labels: JSONColumnType<LabelSet>;
    next_flush_at: Date;
    has_flushed: boolean;
    empty_since: Date | null;
  };
  alert_group_members: {
    tenant_id: string;
    group_hash: string;
    fingerprint: string;
    labels: JSONColumnType<LabelSet>;
    annotations: JSONColumnType<LabelSet>;
    generator_url: string;
    starts_at: Date;
    ends_at: Date;
    updated_at: Date;
  };
  last_sent: {
    tenant_id: string;
    group_key_hash: string;
    addressee: string;
    firing: string[];
    resolved: string[];
    sent_at: Date;
    expires_at: Date;
  };
  notifications: {
    id: string;
    tenant_id: string;
    kind: NotificationKind;
    reason: string;
    status: 'firing' | 'resolved';
    receiver: string;
    group_key: string;
    group_labels: JSONColumnType<LabelSet>;
    alerts: JSONColumnType<NotifiedAlert[]>;
    severity: number;
    held_back: number;
    decided_at: Date;
  };
  flushes: {
    id: Generated<string>;
    tenant_id: string;
    group_hash: string;
    group_key: string;
    receiver: string;
    reason: string;
    notification_id: string | null;
    fingerprints: string[];
    suppressed: JSONColumnType<SuppressedEntry[]>;
    muted_by: JSONColumnType<string[]>;
    times: number;
    first_at: Date;
    last_at: Date;
  };
}
