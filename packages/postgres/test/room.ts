import { createLogger, createMetrics, type Logger, type Metrics } from '@signalbox/telemetry';
import { createTestDatabase, type TestDatabase } from '@signalbox/test-kit';
import { sql, type Kysely } from 'kysely';
import {
  createDeadLetterTable,
  createOutboxTables,
  openDatabase,
  type Database,
  type Migrations,
  type OutboxTables,
} from '../src/index.ts';

export interface Schema extends OutboxTables {
  effects: { key: string; times: number };
}

/** What a service's migrations look like. */
export const migrations: Migrations = {
  '0001-messages': {
    async up(db: Kysely<unknown>) {
      await createOutboxTables(db);
      await createDeadLetterTable(db);
    },
  },
  '0002-effects': {
    async up(db: Kysely<unknown>) {
      await sql`create table effects (key text primary key, times integer not null)`.execute(db);
    },
    async down(db: Kysely<unknown>) {
      await sql`drop table effects`.execute(db);
    },
  },
};

export interface Room extends AsyncDisposable {
  test: TestDatabase;
  database: Database<Schema>;
  logger: Logger;
  metrics: Metrics;
  lines: string[];
}

/** A database of its own with the migrations above, opened as the service's application opens it. */
export async function openRoom(): Promise<Room> {
  const test = await createTestDatabase({ service: 'room', migrations });
  const lines: string[] = [];
  const logger = createLogger({ service: 'room', level: 'debug', write: (line) => lines.push(line) });
  const metrics = createMetrics({ service: 'room' });
  const database = openDatabase<Schema>({ url: test.url, applicationName: 'room', logger, metrics });
  return {
    test,
    database,
    logger,
    metrics,
    lines,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await test[Symbol.asyncDispose]();
    },
  };
}

/** The value of one series in what Prometheus would read. */
export async function metricOf(metrics: Metrics, series: string): Promise<number> {
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1));
}
