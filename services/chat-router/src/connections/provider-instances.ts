import type { Provider } from '../providers/provider.ts';

/** What an instance is made for, and for nothing else. */
export interface InstanceKey {
  tenantId: string;
  id: string;
  version: number;
}

export interface ProviderInstancesOptions {
  /** How long a call of an instance may still be under way after nobody is given it any more. */
  graceMsOf: (provider: Provider) => number;
  now?: () => number;
  sweepMs?: number;
}

/**
 * The providers in use: one for each version of a connection, however many ask for it at once (OP-2). One that was replaced,
 * deleted, or not asked for in a while is closed when no call of it can be under way any more.
 */
export interface ProviderInstances extends AsyncDisposable {
  get(key: InstanceKey, construct: () => Provider): Provider;
  /** Says what a tenant has now: whatever else there is of it is on its way out. */
  keepOnly(tenantId: string, keys: readonly InstanceKey[]): void;
  readonly size: number;
}

interface Instance {
  key: InstanceKey;
  provider: Provider;
  usedAt: number;
  /** When nobody was given it any more; null: it is in use. */
  retiredAt: number | null;
}

export function openProviderInstances({
  graceMsOf,
  now = Date.now,
  sweepMs = 10_000,
}: ProviderInstancesOptions): ProviderInstances {
  const instances = new Map<string, Instance>();
  const closing = new Set<Promise<void>>();

  function close(name: string, { provider }: Instance): void {
    instances.delete(name);
    const closed = Promise.resolve(provider[Symbol.asyncDispose]())
      .catch(() => undefined)
      .finally(() => closing.delete(closed));
    closing.add(closed);
  }

  const timer = setInterval(() => {
    for (const [name, instance] of instances) {
      const graceMs = graceMsOf(instance.provider);
      if (now() - (instance.retiredAt ?? instance.usedAt) > graceMs) close(name, instance);
    }
  }, sweepMs);
  timer.unref();

  return {
    get(key, construct) {
      const name = nameOf(key);
      let instance = instances.get(name);
      if (instance === undefined) {
        instance = { key, provider: construct(), usedAt: now(), retiredAt: null };
        instances.set(name, instance);
      }
      instance.usedAt = now();
      instance.retiredAt = null;
      return instance.provider;
    },
    keepOnly(tenantId, keys) {
      const kept = new Set(keys.map(nameOf));
      for (const [name, instance] of instances) {
        if (instance.key.tenantId === tenantId && !kept.has(name)) instance.retiredAt ??= now();
      }
    },
    get size() {
      return instances.size;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const [name, instance] of instances) close(name, instance);
      await Promise.all(closing);
    },
  };
}

function nameOf({ tenantId, id, version }: InstanceKey): string {
  return `${tenantId}/${id}/${String(version)}`;
}
