import { connectRedis, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { z } from 'zod';

const channel = 'gateway:credential-changes';
const Change = z.object({ kind: z.enum(['api_key', 'session']), ids: z.array(z.string().max(64)).max(10_000) });

/** Which credentials are no longer what a replica may remember. */
export type CredentialChange = z.infer<typeof Change>;

export interface CredentialChanges extends AsyncDisposable {
  /**
   * Tells every replica, this one first. To be called after the commit. Never throws: with Redis away the others learn
   * of it when what they remember is ten seconds old.
   */
  publish(change: CredentialChange): Promise<void>;
}

export interface CredentialChangesOptions {
  redisUrl: string;
  /** A connection of use `request`, to publish on. */
  redis: OpenRedis['redis'];
  onChange: (change: CredentialChange) => void;
  /** Called whenever something may have been missed: after every (re)connection, and for a message that is not understood. */
  onGap: () => void;
  logger: Logger;
}

/** Listens on a connection of its own, for Redis allows a subscriber nothing else. */
export function openCredentialChanges(options: CredentialChangesOptions): CredentialChanges {
  const { redis, onChange, onGap, logger } = options;
  const subscriber = connectRedis({ url: options.redisUrl, name: 'credential-changes', use: 'worker', logger });
  const listen = (): void => {
    subscriber.subscribe(channel).then(onGap, (error: unknown) => {
      logger.warn('credential_changes.not_heard', { error });
    });
  };
  subscriber.on('ready', listen);
  subscriber.on('message', (_channel: string, text: string) => {
    const change = readChange(text);
    if (change !== null) {
      onChange(change);
      return;
    }
    // From a newer replica, perhaps: whatever it was about must not be believed any longer.
    logger.warn('credential_changes.not_understood');
    onGap();
  });

  return {
    async publish(change) {
      if (change.ids.length === 0) return;
      onChange(change);
      try {
        await redis.publish(channel, JSON.stringify(change));
      } catch (error) {
        logger.warn('credential_changes.not_told', { kind: change.kind, ids: change.ids, error });
      }
    },
    [Symbol.asyncDispose]: () => {
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}

function readChange(text: string): CredentialChange | null {
  try {
    return Change.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
