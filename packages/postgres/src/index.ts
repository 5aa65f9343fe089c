export { openDatabase, type Database, type DatabaseOptions } from './database.ts';
export { fromDatabaseError, isConnectionLost, isUniqueViolation } from './database-error.ts';
export {
  createDeadLetterTable,
  dropDeadLetterTable,
  openDeadLetters,
  type DeadLetter,
  type DeadLetterStore,
} from './dead-letters.ts';
export { dumpSchema } from './dump-schema.ts';
export { handleOnce } from './handle-once.ts';
export {
  assertMigrated,
  migrateDown,
  migrateToLatest,
  migrationStatus,
  type MigrateOptions,
  type Migrations,
  type MigrationState,
} from './migrate.ts';
export { createOutboxTables, dropOutboxTables, emit, type OutboxRow, type OutboxTables } from './outbox.ts';
export { tendDeadLetters } from './tend-dead-letters.ts';
export { startOutboxRelay, type OutboxRelay, type OutboxRelayOptions } from './outbox-relay.ts';
