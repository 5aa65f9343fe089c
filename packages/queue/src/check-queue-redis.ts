import { connectRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';

export interface CheckQueueRedisOptions {
  redisUrl: string;
  production: boolean;
  logger: Logger;
}

const patienceMs = 5_000;

/**
 * A Redis that may evict loses jobs: rejects in production, warns elsewhere. One that does not answer within 5 s cannot
 * be judged; that is a warning, for a service starts without Redis as well.
 */
export async function checkQueueRedis({ redisUrl, production, logger }: CheckQueueRedisOptions): Promise<void> {
  const redis = connectRedis({ url: redisUrl, name: 'queue check', use: 'worker', logger });
  let giveUp: NodeJS.Timeout | undefined;
  const patience = new Promise<never>((_, reject) => {
    giveUp = setTimeout(() => {
      reject(new Error('Redis did not answer'));
    }, patienceMs);
  });
  let policy: string;
  try {
    // INFO, for CONFIG is closed on many hosted servers.
    const info = await Promise.race([redis.info('memory'), patience]);
    policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? 'unknown';
  } catch (error) {
    logger.warn('queue.redis_unchecked', { error });
    return;
  } finally {
    clearTimeout(giveUp);
    redis.disconnect();
  }
  if (policy === 'noeviction') return;
  const problem = `The queues' Redis has maxmemory-policy ${policy}; it must be noeviction, or jobs vanish.`;
  if (production) throw new Error(problem);
  logger.warn('queue.redis_may_evict', { policy, problem });
}
