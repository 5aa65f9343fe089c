import { AppError } from '@signalbox/errors';
import type { Metrics } from '@signalbox/telemetry';
import { LruMap } from './lru-map.ts';

/** How long an answer of Postgres is believed: the longest a revoked credential is honoured when no message says so. */
export const freshMs = 10_000;

/**
 * How much longer it is believed while Postgres is away. Nobody can revoke anything meanwhile (a revocation is a write
 * to Postgres), so this is only wrong for a replica that alone is cut off from Postgres and from Redis' messages.
 */
export const staleMs = 60_000;

/** After a failed lookup, stale answers are given at once for this long instead of waiting for the next failure. */
const retryMs = 1_000;
const loadTimeoutMs = 1_000;

export interface CredentialCacheOptions<Value> {
  /** The `cache` label of the metrics. */
  name: string;
  load: (id: string) => Promise<Value | null>;
  metrics: Pick<Metrics, 'cacheHit' | 'cacheMiss'>;
  /** About half a kilobyte each. */
  entriesMax?: number;
  now?: () => number;
}

/**
 * What Postgres says about credentials, kept for ten seconds in this process. Absence is remembered as well, in a
 * separate and smaller room, so that guessing evicts nobody. Lookups of one id at the same time are one query.
 */
export interface CredentialCache<Value> {
  /** Throws `unavailable` when Postgres does not answer and nothing usable is remembered. */
  get(id: string): Promise<Value | null>;
  /** The next `get` asks Postgres; a lookup that is under way is not remembered. */
  forget(id: string): void;
  forgetAll(): void;
}

interface Entry<Value> {
  value: Value;
  readAt: number;
}

export function createCredentialCache<Value extends object>({
  name,
  load,
  metrics,
  entriesMax = 50_000,
  now = Date.now,
}: CredentialCacheOptions<Value>): CredentialCache<Value> {
  const present = new LruMap<Entry<Value>>(entriesMax);
  const absent = new LruMap<number>(10_000);
  const loading = new Map<string, Promise<Value | null>>();
  let failedUntil = 0;

  function loadOnce(id: string): Promise<Value | null> {
    const running = loading.get(id);
    if (running !== undefined) return running;
    // The answer is as old as the question.
    const readAt = now();
    const started = withTimeout(load(id)).then(
      (value) => {
        // Forgotten meanwhile: the answer may be from before the change.
        if (loading.get(id) !== started) return value;
        loading.delete(id);
        if (value === null) {
          present.delete(id);
          absent.set(id, readAt);
        } else {
          absent.delete(id);
          present.set(id, { value, readAt });
        }
        return value;
      },
      (error: unknown) => {
        if (loading.get(id) === started) loading.delete(id);
        failedUntil = now() + retryMs;
        throw error;
      },
    );
    loading.set(id, started);
    return started;
  }

  function usableWhileAway(id: string): Value | null {
    const entry = present.get(id);
    return entry !== undefined && now() < entry.readAt + freshMs + staleMs ? entry.value : null;
  }

  return {
    async get(id) {
      const time = now();
      const entry = present.get(id);
      const absentSince = entry === undefined ? absent.get(id) : undefined;
      const readAt = entry?.readAt ?? absentSince;
      if (readAt !== undefined && time < readAt + freshMs) {
        metrics.cacheHit(name);
        return entry?.value ?? null;
      }
      metrics.cacheMiss(name);
      if (time < failedUntil) {
        const stale = usableWhileAway(id);
        if (stale !== null) return stale;
      }
      try {
        return await loadOnce(id);
      } catch (error) {
        const stale = usableWhileAway(id);
        if (stale !== null) return stale;
        throw new AppError('unavailable', 'Credentials cannot be checked at the moment.', {
          cause: error,
          retryAfterMs: retryMs,
        });
      }
    },
    forget(id) {
      present.delete(id);
      absent.delete(id);
      loading.delete(id);
    },
    forgetAll() {
      present.clear();
      absent.clear();
      loading.clear();
    },
  };
}

async function withTimeout<Value>(work: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${loadTimeoutMs} ms`));
    }, loadTimeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
