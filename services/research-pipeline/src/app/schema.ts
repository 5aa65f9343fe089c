import type { OutboxTables } from '@signalbox/postgres';

/** The tables of this service, as kysely sees them. */
export type Schema = OutboxTables;
