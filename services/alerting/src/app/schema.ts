import type { OutboxTables } from '@signalbox/postgres';
import type { ConfigurationTables } from '../configuration/configuration-tables.ts';
import type { SilenceTables } from '../silences/silence-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema extends OutboxTables, SilenceTables, ConfigurationTables {}
