import { randomBytes } from 'node:crypto';
import { defineJob, type JobContract } from '@signalbox/contracts';
import { IdentityKeys, type CallerIdentity } from '@signalbox/identity';
import {
  createDeadLetterTable,
  createOutboxTables,
  emit,
  handleOnce,
  openDatabase,
  openDeadLetters,
  startOutboxRelay,
  type Database,
  type DeadLetterStore,
  type Migrations,
  type OutboxRelay,
  type OutboxTables,
} from '@signalbox/postgres';
import { createLogger, createMetrics, type Logger, type Metrics } from '@signalbox/telemetry';
import { createTestDatabase, waitFor, type TestDatabase } from '@signalbox/test-kit';
import { sql, type Kysely } from 'kysely';
import { z } from 'zod';
import {
  createEmitter,
  createQueues,
  startWorker,
  type Queues,
  type RunningWorker,
  type WorkerOptions,
} from '../src/index.ts';

export interface Schema extends OutboxTables {
  effects: { key: string; times: number };
}

export const migrations: Migrations = {
  '0001-queue-tests': {
    async up(db: Kysely<unknown>) {
      await createOutboxTables(db);
      await createDeadLetterTable(db);
      await sql`create table effects (key text primary key, times integer not null)`.execute(db);
      await sql`create table starts (key text not null, pid integer not null)`.execute(db);
    },
  },
};

export const Count = z.object({ key: z.string() });
export const countJob = defineJob({
  name: 'test.count',
  version: 1,
  worker: 'gateway',
  payload: Count,
  attempts: 3,
  backoffMs: 20,
});

export const identityKeys = IdentityKeys.parse(`gateway:k1:${Buffer.alloc(32, 7).toString('base64url')}`);
export const caller: CallerIdentity = {
  principal: { kind: 'api_key', principalId: 'key_1', tenantId: 'tenant_1', scopes: ['chat:write'] },
  requestId: 'req_test',
};

/** The effect whose number the tests count. */
export async function countUp(database: Database<Schema>, key: string, jobId: string): Promise<void> {
  await handleOnce(database.db, countJob.name, jobId, async (trx) => {
    await sql`insert into effects values (${key}, 1)
      on conflict (key) do update set times = effects.times + 1`.execute(trx);
  });
}

/** One service with its database, its queues under a prefix of its own, and as many workers as a test wants. */
export interface Mesh extends AsyncDisposable {
  test: TestDatabase;
  database: Database<Schema>;
  deadLetters: DeadLetterStore;
  queues: Queues;
  logger: Logger;
  metrics: Metrics;
  lines: Record<string, unknown>[];
  prefix: string;
  relay(): OutboxRelay;
  worker(options?: Partial<WorkerOptions<typeof Count>>): RunningWorker;
  /** Emits one job for each key, as a use case would. */
  accept(keys: readonly string[], job?: JobContract<typeof Count>): Promise<string[]>;
  effects(): Promise<Record<string, number>>;
  outboxRows(): Promise<number>;
}

export async function openMesh(redisUrl: string): Promise<Mesh> {
  const test = await createTestDatabase({ service: 'queue-tests', migrations });
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => {
    lines.push(JSON.parse(line) as Record<string, unknown>);
  };
  const logger = createLogger({ service: 'gateway', level: 'debug', write });
  const metrics = createMetrics({ service: 'gateway' });
  const prefix = `test-${randomBytes(4).toString('hex')}`;
  const database = openDatabase<Schema>({ url: test.url, applicationName: 'queue tests', logger });
  const queues = createQueues({ redisUrl, service: 'gateway', identityKeys, logger, metrics, prefix });
  const deadLetters = openDeadLetters(database);
  const emitter = createEmitter({ service: 'gateway', identityKeys });
  const opened: AsyncDisposable[] = [test, database, queues];
  await waitFor(() => queues.ping().then(() => true));

  return {
    test,
    database,
    deadLetters,
    queues,
    logger,
    metrics,
    lines,
    prefix,
    relay() {
      const relay = startOutboxRelay({
        database,
        publish: queues.publish,
        takeSettled: queues.takeSettled,
        logger,
        metrics,
      });
      opened.push(relay);
      return relay;
    },
    worker(options = {}) {
      const worker = startWorker({
        redisUrl,
        identityKeys,
        job: countJob,
        handle: ({ payload, jobId }) => countUp(database, payload.key, jobId),
        deadLetters,
        logger,
        metrics,
        prefix,
        graceMs: 1_000,
        ...options,
      });
      opened.push(worker);
      return worker;
    },
    async accept(keys, job = countJob) {
      const rows = keys.flatMap((key) => emitter.outboxRows(job, { key }, caller));
      await database.db.transaction().execute((trx) => emit(trx, rows));
      return rows.map(({ id }) => id);
    },
    async effects() {
      const rows = await database.db.selectFrom('effects').selectAll().execute();
      return Object.fromEntries(rows.map(({ key, times }) => [key, times]));
    },
    async outboxRows() {
      const { rows } = await sql<{ rows: number }>`select count(*)::int as rows from outbox`.execute(database.db);
      return rows[0]?.rows ?? -1;
    },
    async [Symbol.asyncDispose]() {
      for (const owner of opened.reverse()) await owner[Symbol.asyncDispose]();
    },
  };
}
