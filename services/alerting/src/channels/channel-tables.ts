import type { JSONColumnType } from 'kysely';

/** The table of channels, as kysely sees it. */
export interface ChannelTables {
  channels: {
    id: string;
    tenant_id: string;
    name: string;
    kind: string;
    is_enabled: boolean;
    /** Why it was switched off by itself; null: nobody did but people. */
    disabled_reason: string | null;
    sends_resolved: boolean;
    /** What of the settings may be seen. */
    shown: JSONColumnType<Record<string, unknown>>;
    /** All of the settings, sealed by the vault. */
    sealed: string;
    messages_max: number;
    window_seconds: number;
    heartbeat_seconds: number | null;
    heartbeat_at: Date | null;
    created_at: Date;
    updated_at: Date;
  };
}
