import type { OutboxTables } from '@signalbox/postgres';
import type { HealthTables } from '../health/health-tables.ts';
import type { DriftTables } from '../drift/drift-tables.ts';
import type { ModelTables } from '../models/model-tables.ts';
import type { ObjectiveTables } from '../objectives/objective-tables.ts';

/** The tables of this service, as kysely sees them. */
export interface Schema extends OutboxTables, ModelTables, DriftTables, ObjectiveTables, HealthTables {}
