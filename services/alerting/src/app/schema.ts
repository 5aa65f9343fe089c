import type { OutboxTables } from '@signalbox/postgres';
import type { AlertTables } from '../alerts/alert-tables.ts';
import type { ChannelTables } from '../channels/channel-tables.ts';
import type { ConfigurationTables } from '../configuration/configuration-tables.ts';
import type { DeliveryTables } from '../deliveries/delivery-tables.ts';
import type { EscalationTables } from '../escalation/escalation-tables.ts';
import type { NotificationTables } from '../notifications/notification-tables.ts';
import type { RuleTables } from '../rules/rule-tables.ts';
import type { SignalTables } from '../signals/signal-tables.ts';
import type { SilenceTables } from '../silences/silence-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema
  extends
    OutboxTables,
    AlertTables,
    RuleTables,
    SignalTables,
    SilenceTables,
    ConfigurationTables,
    NotificationTables,
    ChannelTables,
    DeliveryTables,
    EscalationTables {}
