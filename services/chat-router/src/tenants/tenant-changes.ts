import { connectRedis, type OpenRedis } from '@signalbox/redis';
import type { Logger } from '@signalbox/telemetry';
import { z } from 'zod';
import type { TenantView } from './tenant-view.ts';

const defaultChannel = 'chat-router:tenant-changes';
const Change = z.object({ view: z.string().max(64), tenant_id: z.string().max(64) });

export interface TenantChanges extends AsyncDisposable {
  /**
   * Tells every replica, this one first, that a tenant's part of a view is no longer what it was. To be called after the
   * commit. Never throws: with Redis away the others see it when what they remember is ten seconds old.
   */
  publish(view: string, tenantId: string): Promise<void>;
}

export interface TenantChangesOptions {
  redisUrl: string;
  /** A connection of use `request`, to publish on. */
  redis: OpenRedis['redis'];
  /** By their names in messages. */
  views: Readonly<Record<string, Pick<TenantView<object>, 'forget' | 'forgetAll'>>>;
  logger: Logger;
  channel?: string;
}

/** Listens on a connection of its own, for Redis allows a subscriber nothing else. */
export function openTenantChanges(options: TenantChangesOptions): TenantChanges {
  const { redis, views, logger, channel = defaultChannel } = options;
  const subscriber = connectRedis({ url: options.redisUrl, name: 'tenant-changes', use: 'worker', logger });
  const forgetAll = (): void => {
    for (const view of Object.values(views)) view.forgetAll();
  };
  subscriber.on('ready', () => {
    // Whatever was told while nobody listened was missed.
    subscriber.subscribe(channel).then(forgetAll, (error: unknown) => {
      logger.warn('tenant_changes.not_heard', { error });
    });
  });
  subscriber.on('message', (_channel: string, text: string) => {
    const change = readChange(text);
    // From a newer replica, perhaps: whatever it was about must not be believed any longer.
    if (change === null) forgetAll();
    else views[change.view]?.forget(change.tenant_id);
  });

  return {
    async publish(view, tenantId) {
      views[view]?.forget(tenantId);
      try {
        await redis.publish(channel, JSON.stringify({ view, tenant_id: tenantId }));
      } catch (error) {
        logger.warn('tenant_changes.not_told', { view, tenant_id: tenantId, error });
      }
    },
    [Symbol.asyncDispose]() {
      subscriber.disconnect();
      return Promise.resolve();
    },
  };
}

function readChange(text: string): z.infer<typeof Change> | null {
  try {
    return Change.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
