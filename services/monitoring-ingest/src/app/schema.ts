import type { OutboxTables } from '@signalbox/postgres';
import type { ModelTables } from '../models/model-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema extends OutboxTables, ModelTables {}
