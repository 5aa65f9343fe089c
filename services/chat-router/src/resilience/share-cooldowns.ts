import { connectRedis, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { z } from 'zod';
import { Cooldowns, type Cooldown } from './cooldowns.ts';

const Told = z.object({ key: z.string().max(500), ms: z.number().positive() });

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
  const cooldowns = new Cooldowns((cooldown: Cooldown) => {
    redis.publish(channel, JSON.stringify(cooldown)).catch((error: unknown) => {
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
    const cooldown = readCooldown(text);
    if (cooldown !== null) cooldowns.learn(cooldown, performance.now());
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
function readCooldown(text: string): Cooldown | null {
  try {
    return Told.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
