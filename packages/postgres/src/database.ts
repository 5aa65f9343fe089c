import type { Logger, Metrics } from '@signalbox/telemetry';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { fromDatabaseError, leavesConnectionDirty } from './database-error.ts';

export interface DatabaseOptions {
  url: string;
  /** Shown in `pg_stat_activity`. */
  applicationName: string;
  /** Connections at most; replicas × poolMax must stay below the server's `max_connections`. Default 10. */
  poolMax?: number;
  /** How long one statement may take; waiting for a connection or a lock has its own, shorter bound. Default 10 s. */
  statementTimeoutMs?: number;
  logger: Logger;
  metrics?: Metrics;
}

export interface Database<Schema> extends AsyncDisposable {
  /** Rejects with `AppError` `unavailable` or `timeout` where Postgres is the trouble and not the statement. */
  readonly db: Kysely<Schema>;
  /** The driver itself, for a hot statement that wants to be prepared; pass what it throws through `fromDatabaseError`. */
  readonly pool: pg.Pool;
  /** Resolves when Postgres answers; rejects with `unavailable`, or when `signal` aborts. */
  ping(signal?: AbortSignal): Promise<void>;
}

const connectTimeoutMs = 2_000;
const lockTimeoutMs = 3_000;

/**
 * Opens a pool in which nothing waits for ever: connecting (or a free connection) 2 s, a lock 3 s, a statement
 * `statementTimeoutMs`, an idle transaction 15 s. It connects on first use and reconnects by itself; a lost connection
 * never ends the process.
 */
export function openDatabase<Schema>(options: DatabaseOptions): Database<Schema> {
  const { url, applicationName, poolMax = 10, statementTimeoutMs = 10_000, logger, metrics } = options;
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    max: poolMax,
    connectionTimeoutMillis: connectTimeoutMs,
    idleTimeoutMillis: 30_000,
    statement_timeout: statementTimeoutMs,
    // Longer than the server's own: it is for a server that is frozen and will not say so.
    query_timeout: statementTimeoutMs + 2_000,
    lock_timeout: lockTimeoutMs,
    idle_in_transaction_session_timeout: 15_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  pool.on('error', (error) => {
    logger.warn('postgres.connection_lost', { error });
  });
  pool.on('connect', (client) => {
    // While it is lent the pool does not listen, and an unheard error ends the process. The next query says it again.
    client.on('error', () => undefined);
  });
  const observed = metrics === undefined ? null : observePool(pool, metrics);

  async function connect(): Promise<PostgresPoolClient> {
    const from = performance.now();
    try {
      return translating(await pool.connect());
    } catch (thrown) {
      throw fromDatabaseError(thrown);
    } finally {
      observed?.(performance.now() - from);
    }
  }

  const translatingPool: PostgresPool = { connect, end: () => Promise.resolve(), options: pool.options };
  const db = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: translatingPool, controlClient: pg.Client }) });

  return {
    db,
    pool,
    async ping(signal) {
      const answer = pool.query('select 1').then(
        () => undefined,
        (thrown: unknown) => {
          throw fromDatabaseError(thrown);
        },
      );
      await (signal === undefined ? answer : unlessAborted(answer, signal));
    },
    async [Symbol.asyncDispose]() {
      await db.destroy();
      await pool.end();
    },
  };
}

function translating(client: pg.PoolClient): PostgresPoolClient {
  let dirty = false;
  // kysely's type has a second form for cursors, which this dialect was given none of.
  const query = async (sql: string, parameters: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(sql, parameters as unknown[]);
    } catch (thrown) {
      dirty ||= leavesConnectionDirty(thrown);
      throw fromDatabaseError(thrown);
    }
  };
  return {
    query: query as PostgresPoolClient['query'],
    release: (destroy) => {
      client.release(destroy === true || dirty);
    },
  };
}

function observePool(pool: pg.Pool, metrics: Metrics): (waitedMs: number) => void {
  const waits = metrics.histogram({
    name: 'signalbox_db_pool_wait_seconds',
    help: 'How long a query waited for a connection of the pool.',
  });
  const connections = metrics.gauge({ name: 'signalbox_db_pool_connections', help: 'Open connections of the pool.' });
  const count = (): void => {
    connections.set({}, pool.totalCount);
  };
  pool.on('connect', count);
  pool.on('remove', count);
  return (waitedMs) => {
    waits.observe({}, waitedMs / 1000);
  };
}

async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => {
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
    // Whoever gave up waiting does not want to hear of it any more.
    work.catch(() => undefined);
  }
}
