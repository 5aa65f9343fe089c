import type { Generated, JSONColumnType } from 'kysely';
import type { DeliveryState, RuleLimit } from './delivery.ts';
import type { SentMessage } from './destination.ts';

/** The tables of messages on their way, as kysely sees them. */
export interface DeliveryTables {
  destinations: {
    tenant_id: string;
    destination: string;
    /** When there is something to be done for it; null: nothing is on its way. */
    next_at: Date | null;
    /** Until then nothing is sent there: it rests after failures, or asked for it. */
    blocked_until: Date | null;
    failures: Generated<number>;
    failing_since: Date | null;
    told_failing_at: Date | null;
    sent_recently: JSONColumnType<SentMessage[]>;
    lease_until: Date | null;
    lease_token: string | null;
  };
  deliveries: {
    id: string;
    tenant_id: string;
    notification_id: string;
    destination: string;
    kind: string;
    channel_id: string | null;
    receiver: string;
    integration: string;
    recipient: string | null;
    sends_resolved: boolean;
    severity: number;
    rule_limit: JSONColumnType<RuleLimit> | null;
    state: DeliveryState;
    attempts: number;
    next_at: Date | null;
    /** Since when it waits because too much is sent there. */
    held_at: Date | null;
    /** The digest that tells of it. */
    merged_into: string | null;
    last_status: number | null;
    last_error: string | null;
    created_at: Date;
    attempted_at: Date | null;
    sent_at: Date | null;
  };
}
