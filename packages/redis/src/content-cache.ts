import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger, Metrics } from '@signalbox/telemetry';
import type { Redis } from 'ioredis';
import { createCacheCounters, tenantTag, type CacheCounts } from './cache-counters.ts';
import { stepOutage, type Outage } from './outage.ts';
import { askRedis } from './redis-away.ts';

export interface CacheNamespace {
  /** Grows when what is kept changes its shape: everything kept before is then a miss. */
  schema: number;
  ttlMs: number;
}

/** What makes an answer the same answer. */
export interface CacheKey {
  tenantId: string;
  model: string;
  /** Of our own prompt, where one is put around the input; else empty. */
  promptVersion: string;
  /** Equal inputs must be equal texts: see `canonicalJson`. */
  input: string | Buffer;
}

export interface ContentCacheOptions<Name extends string> {
  /** A connection of use `request`. */
  redis: Redis;
  /** Stands before every key. */
  prefix: string;
  namespaces: Readonly<Record<Name, CacheNamespace>>;
  logger: Logger;
  metrics: Metrics;
  /** What is larger is not kept. Default 10 MiB. */
  bytesMax?: number;
  /** How long the maker of an entry may take before others stop waiting for it. Default 120,000. */
  makingMsMax?: number;
}

/** What somebody made: `keep` is null when it is nothing that others could use. */
export interface Made<Result> {
  result: Result;
  keep: Buffer | null;
}

export interface CacheStatistics extends CacheCounts {
  /** What is kept at the moment, and how many bytes it has. */
  entries: number;
  bytes: number;
}

export interface ContentCache<Name extends string> extends AsyncDisposable {
  /** Null: it is not there, it is damaged, or Redis is away. */
  get(namespace: Name, key: CacheKey): Promise<Buffer | null>;
  /** Keeps it for as long as the namespace says; does nothing when it is too large or Redis is away. */
  set(namespace: Name, key: CacheKey, bytes: Buffer): Promise<void>;
  /**
   * What is kept, or else what `make` makes, once for everybody who asks meanwhile, in all replicas: one makes it, the
   * others wait and get what it kept. Whoever waited for a maker that failed, or that kept nothing, makes it himself. When
   * `signal` fires, the caller waits no longer; a maker that was stopped by it is followed by the next in line.
   */
  getOrMake<Result>(
    namespace: Name,
    key: CacheKey,
    make: () => Promise<Made<Result>>,
    signal: AbortSignal,
  ): Promise<{ kept: Buffer } | { made: Result }>;
  /** By this an entry can be found again by whoever knows the tenant, and not the input. */
  referenceOf(key: CacheKey): string;
  /** What a tenant has under a reference. It counts neither as a hit nor as a miss. */
  getReferred(namespace: Name, tenantId: string, reference: string): Promise<Buffer | null>;
  /** Throws `RedisAway` while nobody can tell. */
  statistics(namespace: Name, tenantId: string): Promise<CacheStatistics>;
  /**
   * Forgets everything of a namespace, or what one tenant has there, and nothing else; tells how many entries there were.
   * What is being made meanwhile is kept all the same. Throws `RedisAway`.
   */
  clear(namespace: Name, tenantId?: string): Promise<number>;
}

/** What came of a making: what others may use, nothing that they may, or its maker left and somebody else has to. */
type Outcome = Buffer | 'nothing' | 'left';

const hashBytes = 32;
const [waitFirstMs, waitMsMax] = [10, 200];
const scanCount = 500;
const lockSuffix = ':making';

// Only its own lock: a maker that took too long must not take away the one of whoever came after it.
const unlockLua = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/**
 * A cache of answers by what they answer: `<prefix>:<namespace>:v<schema>:<tenant>:<sha256>`, the hash being of tenant, model,
 * version of the prompt and input. An entry carries the hash of its own bytes, so that a damaged one is a miss. With Redis away every
 * lookup is a miss and nothing waits for it.
 */
export function createContentCache<Name extends string>(options: ContentCacheOptions<Name>): ContentCache<Name> {
  const { redis, prefix, namespaces, logger, metrics, bytesMax = 10 * 1_048_576, makingMsMax = 120_000 } = options;
  const making = new Map<string, Promise<Outcome>>();
  const counters = createCacheCounters({ redis, prefix });
  let outage: Outage = { kind: 'closed' };

  function placeOf(namespace: Name, tenantId: string, reference: string): string {
    return `${prefix}:${namespace}:v${String(namespaces[namespace].schema)}:${tenantTag(tenantId)}:${reference}`;
  }

  function keyOf(namespace: Name, key: CacheKey): string {
    return placeOf(namespace, key.tenantId, hashOf(key));
  }

  function counted(namespace: Name, { tenantId }: CacheKey, what: 'hits' | 'misses'): void {
    if (what === 'hits') metrics.cacheHit(namespace);
    else metrics.cacheMiss(namespace);
    counters.add(tenantId, namespace, what);
  }

  /** The entries of a namespace, of one tenant or of all, some of them perhaps twice. */
  async function scan(
    namespace: Name,
    tenantId: string | undefined,
    take: (keys: string[]) => Promise<void>,
  ): Promise<void> {
    const tenant = tenantId === undefined ? '' : `*:${tenantTag(tenantId)}:`;
    const pattern = `${escapeGlob(`${prefix}:${namespace}:`)}v${tenant}*`;
    for (let cursor = '0', more = true; more; more = cursor !== '0') {
      const [next, found] = await askRedis(redis.scan(cursor, 'MATCH', pattern, 'COUNT', scanCount));
      const keys = found.filter((key) => !key.endsWith(lockSuffix));
      if (keys.length > 0) await take(keys);
      cursor = next;
    }
  }

  /** Redis' answer; `otherwise` while it is away, without waiting for it but for the one that learns whether it is back. */
  async function ask<Answer>(command: () => Promise<Answer>, otherwise: Answer): Promise<Answer> {
    if (outage.kind === 'half_open') return otherwise;
    if (outage.kind === 'open') {
      if (performance.now() < outage.probeAt) return otherwise;
      outage = stepOutage(outage, 'probed', performance.now());
    }
    try {
      const answer = await askRedis(command());
      if (outage.kind !== 'closed') {
        outage = stepOutage(outage, 'answered', performance.now());
        logger.info('cache.back', { prefix });
      }
      return answer;
    } catch (error) {
      if (outage.kind === 'closed') logger.warn('cache.passed_through', { prefix, error });
      outage = stepOutage(outage, 'failed', performance.now());
      return otherwise;
    }
  }

  async function read(storageKey: string): Promise<Buffer | null> {
    const entry = await ask<Buffer | null>(() => redis.getBuffer(storageKey), null);
    if (entry === null) return null;
    const bytes = entry.subarray(hashBytes);
    if (entry.length >= hashBytes && sha256(bytes).equals(entry.subarray(0, hashBytes))) return bytes;
    logger.warn('cache.entry_damaged', { key: storageKey });
    return null;
  }

  async function write(storageKey: string, bytes: Buffer, ttlMs: number): Promise<void> {
    if (bytes.length > bytesMax) return;
    const entry = Buffer.concat([sha256(bytes), bytes]);
    await ask<unknown>(() => redis.set(storageKey, entry, 'PX', ttlMs), null);
  }

  return {
    async get(namespace, key) {
      const bytes = await read(keyOf(namespace, key));
      counted(namespace, key, bytes === null ? 'misses' : 'hits');
      return bytes;
    },
    set(namespace, key, bytes) {
      return write(keyOf(namespace, key), bytes, namespaces[namespace].ttlMs);
    },
    async getOrMake(namespace, key, make, signal) {
      const storageKey = keyOf(namespace, key);
      const lockKey = `${storageKey}${lockSuffix}`;
      const token = randomUUID();
      const giveUpAt = performance.now() + makingMsMax;
      const hit = (kept: Buffer): { kept: Buffer } => {
        counted(namespace, key, 'hits');
        return { kept };
      };
      for (let waitMs = waitFirstMs; ; waitMs = Math.min(waitMsMax, waitMs * 2)) {
        const under = making.get(storageKey);
        if (under !== undefined) {
          const outcome = await settledOr(under, signal);
          if (Buffer.isBuffer(outcome)) return hit(outcome);
          if (outcome === 'left') continue;
          counted(namespace, key, 'misses');
          return { made: (await make()).result };
        }
        const [flight, land] = deferred<Outcome>();
        making.set(storageKey, flight);
        let outcome: Outcome = 'nothing';
        let isLocked = false;
        try {
          const bytes = await read(storageKey);
          if (bytes !== null) {
            outcome = bytes;
            return hit(bytes);
          }
          const lock = await ask<'OK' | 'unknown' | null>(
            () => redis.set(lockKey, token, 'PX', makingMsMax, 'NX'),
            'unknown',
          );
          isLocked = lock === 'OK';
          if (lock !== null || performance.now() >= giveUpAt) {
            signal.throwIfAborted();
            counted(namespace, key, 'misses');
            const { result, keep } = await make();
            if (keep !== null && keep.length <= bytesMax) {
              await write(storageKey, keep, namespaces[namespace].ttlMs);
              outcome = keep;
            }
            return { made: result };
          }
          // Another replica is making it: look again in a moment.
          outcome = 'left';
        } finally {
          if (signal.aborted) outcome = 'left';
          making.delete(storageKey);
          land(outcome);
          if (isLocked) void ask<unknown>(() => redis.eval(unlockLua, 1, lockKey, token), null);
        }
        await sleep(waitMs, undefined, { signal });
      }
    },
    referenceOf: hashOf,
    getReferred: (namespace, tenantId, reference) => read(placeOf(namespace, tenantId, reference)),
    async statistics(namespace, tenantId) {
      const seen = new Set<string>();
      let bytes = 0;
      await scan(namespace, tenantId, async (keys) => {
        const others = keys.filter((key) => !seen.has(key));
        for (const key of others) seen.add(key);
        const lengths = await askRedis(Promise.all(others.map((key) => redis.strlen(key))));
        for (const length of lengths) bytes += Math.max(0, length - hashBytes);
      });
      return { ...(await counters.read(tenantId, namespace)), entries: seen.size, bytes };
    },
    async clear(namespace, tenantId) {
      let cleared = 0;
      await scan(namespace, tenantId, async (keys) => {
        cleared += await askRedis(redis.unlink(...keys));
      });
      return cleared;
    },
    [Symbol.asyncDispose]: () => counters[Symbol.asyncDispose](),
  };
}

/** The same text for the same value, however its members are ordered. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

function hashOf({ tenantId, model, promptVersion, input }: CacheKey): string {
  return createHash('sha256')
    .update(JSON.stringify([tenantId, model, promptVersion]))
    .update('\n')
    .update(input)
    .digest('hex');
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function deferred<Value>(): [promise: Promise<Value>, resolve: (value: Value) => void] {
  let resolve: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((settle) => {
    resolve = settle;
  });
  return [promise, resolve];
}

/** Rejects with the signal's reason when that fires first. */
function settledOr<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    void promise.then((value) => {
      signal.removeEventListener('abort', leave);
      resolve(value);
    });
  });
}

function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}
