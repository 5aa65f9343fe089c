import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  findInstalledRedis,
  startChroma,
  startPostgres,
  startRedis,
  type RedisBinary,
  type StoreServer,
} from '@signalbox/local';

/** A store for one test alone: it may be killed, frozen, flushed and started again. Disposing removes its data too. */
export type PrivateStore = StoreServer;

export interface PrivateStoreOptions {
  /** Over the defaults of the embedded stack. */
  config?: Readonly<Record<string, string>>;
}

export async function startRedisServer({ config = {} }: PrivateStoreOptions = {}): Promise<PrivateStore> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-test-redis-'));
  return startRedis({ binary: redisOfThisRun(), folder, logFile: join(folder, 'redis.log'), keepData: false, config });
}

/** Its url is the superuser's, in the database `postgres`; every local connection is trusted. */
export async function startPostgresServer({ config = {} }: PrivateStoreOptions = {}): Promise<PrivateStore> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-test-postgres-'));
  return startPostgres({ folder, logFile: join(folder, 'postgres.log'), durable: false, keepData: false, config });
}

/** It takes no configuration. */
export async function startChromaServer(): Promise<PrivateStore> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-test-chroma-'));
  return startChroma({ folder, logFile: join(folder, 'chroma.log'), keepData: false });
}

function redisOfThisRun(): RedisBinary {
  const found = findInstalledRedis(process.env);
  if (found === null) {
    throw new Error('SIGNALBOX_REDIS_SERVER is not set: run tests with `npm test -- <jest arguments>`.');
  }
  return found;
}
