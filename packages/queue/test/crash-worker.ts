/** A worker in a process of its own, to be killed: it notes each start, hangs in the first ones, and then does the job. */
import { openDatabase, openDeadLetters } from '@signalbox/postgres';
import { createLogger, createMetrics } from '@signalbox/telemetry';
import { sql } from 'kysely';
import { startWorker } from '../src/index.ts';
import { countJob, countUp, identityKeys, type Schema } from './mesh.ts';

const { DATABASE_URL = '', REDIS_URL = '', PREFIX = '', HANGING_STARTS = '0' } = process.env;
const logger = createLogger({ service: 'crash-worker', level: 'silent' });
const database = openDatabase<Schema>({ url: DATABASE_URL, applicationName: 'crash worker', logger });

startWorker({
  redisUrl: REDIS_URL,
  prefix: PREFIX,
  identityKeys,
  job: countJob,
  deadLetters: openDeadLetters(database),
  logger,
  metrics: createMetrics({ service: 'crash-worker' }),
  async handle({ payload, jobId }) {
    await sql`insert into starts values (${payload.key}, ${process.pid})`.execute(database.db);
    const { rows } = await sql<{ starts: number }>`
      select count(*)::int as starts from starts where key = ${payload.key}`.execute(database.db);
    if ((rows[0]?.starts ?? 0) <= Number(HANGING_STARTS)) await new Promise(() => undefined);
    await countUp(database, payload.key, jobId);
  },
});
