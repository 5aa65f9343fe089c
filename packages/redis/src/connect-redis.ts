import type { Logger } from '@signalbox/telemetry';
import { Redis, type Command, type RedisOptions as ClientOptions } from 'ioredis';
import { askRedis } from './redis-away.ts';

/**
 * What a connection is for. `request`: somebody waits for each call, so it answers within 50 ms or fails. `queue`: a
 * producer, which fails fast as well but may take longer over an answer. `worker`: its commands block (20 s at most) and
 * wait for Redis to come back, however long that takes; subscriptions go here too.
 */
export type RedisUse = 'request' | 'queue' | 'worker';

export interface RedisOptions {
  url: string;
  /** Shows in `CLIENT LIST` and in log lines. */
  name: string;
  use: RedisUse;
  /** In place of the 50 ms of a `request`: for a Redis that is far away, or a machine with too much to do. */
  timeoutMs?: number;
  logger: Logger;
}

// `commandTimeout` is for a Redis that is frozen or slow, `enableOfflineQueue` for one that is gone: without either a call
// waits for seconds or for ever. `socketTimeout` is for one whose machine vanished without a word: TCP would go on
// waiting for a quarter of an hour.
const optionsOf = {
  request: {
    commandTimeout: 50,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    // A caller whose call was lost has been told so; sent again, its effect would come twice.
    autoResendUnfulfilledCommands: false,
    connectTimeout: 1_000,
    socketTimeout: 2_000,
  },
  queue: {
    commandTimeout: 5_000,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    socketTimeout: 10_000,
  },
  worker: { maxRetriesPerRequest: null, connectTimeout: 5_000, socketTimeout: 30_000 },
} as const satisfies Record<RedisUse, ClientOptions>;

/** A timeout is waited for in so many parts, and a part counts only when it ended on time. */
const partsOfTimeout = 5;
/** Even a starved process gives up after so many times the timeout. */
const patienceMax = 10;

/**
 * Time in which this process (or this machine) had no time says nothing about Redis: a timeout goes off after `ms` in which
 * the process was there to listen, and what has arrived meanwhile is read first. A frozen Redis still fails in 50 ms; a
 * busy moment no longer looks like one.
 */
class PatientRedis extends Redis {
  override sendCommand(command: Command, stream?: Parameters<Redis['sendCommand']>[1]): unknown {
    command.setTimeout = (ms) => {
      const partMs = ms / partsOfTimeout;
      const startedAt = performance.now();
      let partStartedAt = startedAt;
      let left = partsOfTimeout;
      let timer = setTimeout(endPart, partMs);

      function endPart(): void {
        const now = performance.now();
        if (now - partStartedAt < partMs * 1.5) left -= 1;
        if (left > 0 && now - startedAt < ms * patienceMax) {
          partStartedAt = now;
          timer = setTimeout(endPart, partMs);
          return;
        }
        // After the phase of the event loop in which sockets are read.
        setImmediate(() => {
          if (!command.isSettled) command.reject(new Error('Command timed out'));
        });
      }

      const answered = (): void => {
        clearTimeout(timer);
      };
      command.promise.then(answered, answered);
    };
    this.#gather();
    return super.sendCommand(command, stream);
  }

  /** What is asked in one turn of the event loop, by however many requests, goes out in one write. */
  #gather(): void {
    // Not there before the connection is, whatever its type says.
    const stream = this.stream as Redis['stream'] | undefined;
    if (stream === undefined || stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => {
      stream.uncork();
    });
  }
}

/** Opens a connection at once, in the background. It reconnects by itself for as long as it is not closed. */
export function connectRedis({ url, name, use, timeoutMs, logger }: RedisOptions): Redis {
  const redis = new PatientRedis(url, {
    ...optionsOf[use],
    ...(timeoutMs === undefined ? {} : patienceOf(use, timeoutMs)),
    connectionName: name,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(2_000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2),
    // After a failover the old primary still answers, as a replica: the name leads to the new one.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
  tellOfOutages(redis, name, logger);
  return redis;
}

/** A call that may take longer than a silent connection is believed in would be lost with that connection. */
function patienceOf(use: RedisUse, timeoutMs: number): { commandTimeout: number; socketTimeout: number } {
  return { commandTimeout: timeoutMs, socketTimeout: Math.max(optionsOf[use].socketTimeout, 2 * timeoutMs) };
}

/** A connection that whoever opened it closes, with `await using`. */
export interface OpenRedis extends AsyncDisposable {
  readonly redis: Redis;
  /** Resolves when Redis answers; rejects with `RedisAway`, or with the signal's reason when that comes first. */
  ping(signal?: AbortSignal): Promise<void>;
  /**
   * Resolves when the connection can be used, or when `ms` are over: whoever starts with Redis away starts all the same, and
   * whoever starts with it there need not take its first calls for an outage.
   */
  settled(ms: number): Promise<void>;
}

export function openRedis(options: RedisOptions): OpenRedis {
  const redis = connectRedis(options);
  return {
    redis,
    async ping(signal) {
      signal?.throwIfAborted();
      const answer = askRedis(redis.ping());
      await (signal === undefined ? answer : Promise.race([answer, aborted(signal)]));
    },
    settled: (ms) =>
      new Promise((resolve) => {
        if (redis.status === 'ready') {
          resolve();
          return;
        }
        const over = (): void => {
          clearTimeout(timer);
          redis.off('ready', over);
          resolve();
        };
        const timer = setTimeout(over, ms);
        redis.on('ready', over);
      }),
    [Symbol.asyncDispose]() {
      redis.disconnect();
      return Promise.resolve();
    },
  };
}

/** ioredis tells of every vain attempt to reconnect; a log wants to know when Redis went and when it came back. */
function tellOfOutages(redis: Redis, name: string, logger: Logger): void {
  let awaySince: number | null = null;
  redis.on('error', (error: unknown) => {
    if (awaySince !== null) return;
    awaySince = performance.now();
    logger.warn('redis.away', { connection: name, error });
  });
  redis.on('ready', () => {
    if (awaySince === null) return;
    logger.info('redis.back', { connection: name, away_ms: Math.round(performance.now() - awaySince) });
    awaySince = null;
  });
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}
