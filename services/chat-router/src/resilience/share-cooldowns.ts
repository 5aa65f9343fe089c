import { randomUUID } from 'node:crypto';
import { connectRedis, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { z } from 'zod';
import { Cooldowns, type Cooldown } from './cooldowns.ts';

const Told = z.object({ from: z.string().max(64), key: z.string().max(500), ms: z.number().positive() });

export interface SharedCooldowns extends AsyncDisposable {
  cooldowns: Cooldowns;
}

export interface ShareCooldownsOptions {
  redisUrl: string;
  /** A connection of use `request`, to publish on. */
  redis: OpenRedis['redis'];
  /** Stands before the channel's name, so that two installations' are two. */
  prefix: string;
  logger: Logger;
}

/**
 * What one replica is told by a provider, all of them know within milliseconds: each goes by its memory, and no request
 * waits for Redis. Who misses a word, because Redis is away or it has just begun, hears it from the provider.
 */
export function shareCooldowns({ redisUrl, redis, prefix, logger }: ShareCooldownsOptions): SharedCooldowns {
  const channel = `${prefix}:cooldowns`;
  const from = randomUUID();
  const cooldowns = new Cooldowns((cooldown: Cooldown) => {
    redis.publish(channel, JSON.stringify({ from, ...cooldown })).catch((error: unknown) => {
      logger.warn('cooldown.not_told', { error });
    });
  });
  // Redis allows a subscriber nothing else.
  const subscriber = connectRedis({ url: redisUrl, name: 'cooldowns', use: 'worker', logger });
  subscriber.on('ready', () => {
    subscriber.subscribe(channel).catch((error: unknown) => {
      logger.warn('cooldown.not_heard', { error });
    });
  });
  subscriber.on('message', (_channel: string, text: string) => {
    const told = readTold(text);
    // What comes back of one's own words comes late, and would put the end of a rest off.
    if (told !== null && told.from !== from) cooldowns.learn(told, performance.now());
  });
  return {
    cooldowns,
    [Symbol.asyncDispose]() {
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}

/** Null for what a newer replica says in another way. */
function readTold(text: string): z.infer<typeof Told> | null {
  try {
    return Told.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
