import { createDeadLetterTable, createOutboxTables, dropDeadLetterTable, dropOutboxTables } from '@signalbox/postgres';
import type { Kysely } from 'kysely';

/** What every service keeps to be told of, and to tell, what happens. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await createOutboxTables(db);
  await createDeadLetterTable(db);
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await dropDeadLetterTable(db);
  await dropOutboxTables(db);
}
