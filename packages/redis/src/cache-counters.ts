import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { askRedis } from './redis-away.ts';

export interface CacheCounts {
  hits: number;
  misses: number;
  /** When counting began; null: nothing was counted yet. */
  since: Date | null;
}

/** Counts lookups by tenant and namespace, for all replicas together. */
export interface CacheCounters extends AsyncDisposable {
  add(tenantId: string, namespace: string, what: 'hits' | 'misses'): void;
  /** With what this process has counted; that of the others follows within a second. Rejects while Redis is away. */
  read(tenantId: string, namespace: string): Promise<CacheCounts>;
}

const flushEveryMs = 1_000;
/** A tenant that looked nothing up for so long is forgotten. */
const keptMs = 90 * 86_400_000;
/** What is counted while Redis is away lies in memory, but not without end. */
const unsentMax = 10_000;

/**
 * Nobody waits for counting: what was looked up is summed here and goes to Redis once a second. `<prefix>:counts:<tenant>` is
 * a hash of sums.
 */
export function createCacheCounters({ redis, prefix }: { redis: Redis; prefix: string }): CacheCounters {
  let unsent = new Map<string, number>();
  let timer: NodeJS.Timeout | null = null;
  let sending: Promise<void> = Promise.resolve();

  function plan(): void {
    timer ??= setTimeout(() => {
      timer = null;
      void flush();
    }, flushEveryMs).unref();
  }

  function flush(): Promise<void> {
    sending = sending.then(async () => {
      const sent = unsent;
      unsent = new Map();
      if (sent.size === 0) return;
      try {
        await askRedis(send(sent));
      } catch {
        // Counted again later, or not at all: an outage is told of by whoever looks something up.
        for (const [name, times] of sent) if (unsent.size < unsentMax) bump(name, times);
        plan();
      }
    });
    return sending;
  }

  async function send(sums: ReadonlyMap<string, number>): Promise<void> {
    const now = String(Date.now());
    const transaction = redis.multi();
    for (const [name, times] of sums) {
      const [key = '', field = ''] = name.split(' ');
      transaction.hincrby(key, field, times).hsetnx(key, 'since', now).pexpire(key, keptMs);
    }
    await transaction.exec();
  }

  function bump(name: string, times: number): void {
    unsent.set(name, (unsent.get(name) ?? 0) + times);
  }

  const keyOf = (tenantId: string) => `${prefix}:counts:${tenantTag(tenantId)}`;

  return {
    add(tenantId, namespace, what) {
      bump(`${keyOf(tenantId)} ${namespace}:${what}`, 1);
      plan();
    },
    async read(tenantId, namespace) {
      await flush();
      const fields = [`${namespace}:hits`, `${namespace}:misses`, 'since'];
      const [hits = null, misses = null, since = null] = await askRedis(redis.hmget(keyOf(tenantId), ...fields));
      return {
        hits: Number(hits ?? 0),
        misses: Number(misses ?? 0),
        since: since === null ? null : new Date(Number(since)),
      };
    },
    async [Symbol.asyncDispose]() {
      if (timer !== null) clearTimeout(timer);
      await flush();
      if (timer !== null) clearTimeout(timer);
    },
  };
}

/** A tenant within a key: of one length, and without what a pattern or a separator could be made of. */
export function tenantTag(tenantId: string): string {
  return createHash('sha256').update(tenantId).digest('hex').slice(0, 16);
}
