import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@signalbox/errors';
import { isConnectionLost } from '@signalbox/postgres';
import type { Metrics } from '@signalbox/telemetry';

/** How long what Postgres said is believed when no message says that it changed. */
const freshMs = 10_000;
/** How much longer while Postgres is away: nobody can change anything there meanwhile. */
const staleMs = 60_000;
/** By then the pool has noticed which of its connections broke together with the one that was asked. */
const reconnectMs = 50;
/** After a failed look, what is remembered is given at once for this long instead of waiting for the next failure. */
const retryMs = 1_000;

export interface TenantViewOptions<Value> {
  /** The `cache` label of the metrics. */
  name: string;
  load: (tenantId: string) => Promise<Value>;
  metrics: Pick<Metrics, 'cacheHit' | 'cacheMiss'>;
  /** Called with what is no longer remembered. */
  onDrop?: (value: Value) => void;
  tenantsMax?: number;
  now?: () => number;
}

/** What Postgres says about tenants, in this process' memory. Looks at one tenant at the same time are one query. */
export interface TenantView<Value> {
  /** Throws `unavailable` when Postgres does not answer and nothing usable is remembered. */
  of(tenantId: string): Promise<Value>;
  /** The next look asks Postgres; one that is under way is not remembered. */
  forget(tenantId: string): void;
  forgetAll(): void;
}

export function createTenantView<Value extends object>({
  name,
  load,
  metrics,
  onDrop = () => undefined,
  tenantsMax = 10_000,
  now = Date.now,
}: TenantViewOptions<Value>): TenantView<Value> {
  const known = new Map<string, { value: Value; given: Promise<Value>; readAt: number }>();
  const loading = new Map<string, Promise<Value>>();
  let failedUntil = 0;

  function drop(tenantId: string): void {
    const entry = known.get(tenantId);
    known.delete(tenantId);
    if (entry !== undefined) onDrop(entry.value);
  }

  function loadOnce(tenantId: string): Promise<Value> {
    const running = loading.get(tenantId);
    if (running !== undefined) return running;
    // The answer is as old as the question.
    const readAt = now();
    const started = load(tenantId)
      .catch(async (error: unknown) => {
        if (!isConnectionLost(error)) throw error;
        await sleep(reconnectMs);
        return load(tenantId);
      })
      .then(
        (value) => {
          // Forgotten meanwhile: the answer may be from before the change.
          if (loading.get(tenantId) !== started) return value;
          loading.delete(tenantId);
          drop(tenantId);
          known.set(tenantId, { value, given: Promise.resolve(value), readAt });
          const [oldest] = known.keys();
          if (known.size > tenantsMax && oldest !== undefined) drop(oldest);
          return value;
        },
        (error: unknown) => {
          if (loading.get(tenantId) === started) loading.delete(tenantId);
          failedUntil = now() + retryMs;
          throw error;
        },
      );
    loading.set(tenantId, started);
    return started;
  }

  async function look(tenantId: string): Promise<Value> {
    metrics.cacheMiss(name);
    const usable = (): Value | null => {
      const entry = known.get(tenantId);
      return entry !== undefined && now() < entry.readAt + freshMs + staleMs ? entry.value : null;
    };
    const stale = now() < failedUntil ? usable() : null;
    if (stale !== null) return stale;
    try {
      return await loadOnce(tenantId);
    } catch (error) {
      const remembered = usable();
      if (remembered !== null) return remembered;
      throw new AppError('unavailable', 'What this tenant has set up cannot be looked up at the moment.', {
        cause: error,
        retryAfterMs: retryMs,
      });
    }
  }

  return {
    of(tenantId) {
      const entry = known.get(tenantId);
      if (entry === undefined || now() >= entry.readAt + freshMs) return look(tenantId);
      metrics.cacheHit(name);
      return entry.given;
    },
    forget(tenantId) {
      drop(tenantId);
      loading.delete(tenantId);
    },
    forgetAll() {
      for (const tenantId of [...known.keys()]) drop(tenantId);
      loading.clear();
    },
  };
}
