import { connectRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';

type Redis = ReturnType<typeof connectRedis>;

export interface WorkerConnections {
  readonly main: Redis;
  readonly isReady: () => boolean;
  /** Closes each, whatever state it is in, and so ends every command that still waits. */
  end(): void;
}

/** A worker's connection, and the copy of it that BullMQ makes to block on: each heard when it fails, each closed for sure. */
export function connectWorker(url: string, name: string, logger: Logger): WorkerConnections {
  const main = connectRedis({ url, name: `${name} worker`, use: 'worker', logger });
  const all = [main];
  const duplicate = main.duplicate.bind(main);
  main.duplicate = (override) => {
    const copy = duplicate(override);
    // The first connection has the same trouble and tells of it.
    copy.on('error', () => undefined);
    all.push(copy);
    return copy;
  };
  return {
    main,
    isReady: () => main.status === 'ready',
    end() {
      for (const connection of all) endConnection(connection);
    },
  };
}

function endConnection(connection: Redis): void {
  // Once more on a closed one would keep the process for two seconds.
  if (connection.status === 'end') return;
  const waiting = connection.status === 'reconnecting';
  connection.disconnect();
  if (!waiting) return;
  // Between two attempts ioredis only forgets to try again: it neither ends nor gives up the commands in its queue, and
  // BullMQ waits for both for ever. An attempt that is broken off at once does.
  connection.connect().catch(() => undefined);
  connection.disconnect();
}
