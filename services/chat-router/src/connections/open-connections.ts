import type { Logger, Metrics } from '@signalbox/telemetry';
import { VaultError, type Vault } from '@signalbox/vault';
import type { Provider } from '../providers/provider.ts';
import { ProviderSettings } from '../providers/provider-settings.ts';
import { vendorOf, type ModelRegistry } from '../registry/model-registry.ts';
import type { Connection, Connections } from '../routing/connection.ts';
import { createTenantView, type TenantView } from '../tenants/tenant-view.ts';
import { needsKey, sealContext, type ConnectionRecord } from './connection-record.ts';
import { openProviderInstances } from './provider-instances.ts';

/** Makes a provider of settings and a key; null: there is none. What it connects to has passed the guard. */
export type ConstructProvider = (settings: ProviderSettings, apiKey: string | null) => ListingProvider;

export interface ListingProvider extends Provider {
  /** The names of the models that the provider says it has. It costs nothing. */
  listModels(signal: AbortSignal): Promise<readonly string[]>;
}

export interface TenantConnectionsOptions {
  load: (tenantId: string) => Promise<readonly ConnectionRecord[]>;
  /** Those of this installation, for all tenants. */
  shared: readonly Connection[];
  construct: ConstructProvider;
  /** Null: this installation keeps no keys. */
  vault: Vault | null;
  registry: ModelRegistry;
  logger: Logger;
  metrics: Pick<Metrics, 'cacheHit' | 'cacheMiss'>;
}

export interface TenantConnections extends Connections, AsyncDisposable {
  /** A tenant's own first, then those of the installation. Of two that bear one name the tenant's own counts. */
  of(tenantId: string): Promise<readonly Connection[]>;
  /** The provider of one record, made for this once: to try it out. */
  construct(record: ConnectionRecord): ListingProvider;
  readonly view: Pick<TenantView<object>, 'forget' | 'forgetAll'>;
}

/** How much longer than its longest stream an instance outlives its last use. */
const graceBeyondMs = 10_000;

export function openTenantConnections(options: TenantConnectionsOptions): TenantConnections {
  const { load, shared, construct, vault, registry, logger, metrics } = options;
  const graceMs = new WeakMap<Provider, number>();
  const instances = openProviderInstances({ graceMsOf: (provider) => graceMs.get(provider) ?? 0 });

  function constructFor(record: ConnectionRecord): ListingProvider {
    const settings = settingsOf(record);
    const provider = construct(settings, openKey(record));
    graceMs.set(provider, settings.timeouts.stream_ms + graceBeyondMs);
    return provider;
  }

  /** Null where there is none, or where it cannot be opened: the connection is not configured then, and says so. */
  function openKey(record: ConnectionRecord): string | null {
    if (record.sealedKey === null) return null;
    try {
      return vault?.open(record.sealedKey, sealContext(record)).toString('utf8') ?? null;
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      logger.error('connection.key_not_opened', { connection_id: record.id, reason: error.reason });
      return null;
    }
  }

  function connectionOf(record: ConnectionRecord): Connection {
    const { failures_max: failuresMax, window_ms: windowMs, open_ms: openMs } = record.options.breaker ?? {};
    const vendor = vendorOf(record.kind, record.baseUrl);
    return {
      id: record.id,
      provider: instances.get(record, () => constructFor(record)),
      breaker: {
        ...(failuresMax === undefined ? {} : { failuresMax }),
        ...(windowMs === undefined ? {} : { windowMs }),
        ...(openMs === undefined ? {} : { openMs }),
      },
      factsOf: (model) => registry.factsOf(vendor, model, record.options.model_facts?.[model]),
    };
  }

  const view = createTenantView<{ connections: readonly Connection[] }>({
    name: 'provider_connections',
    metrics,
    async load(tenantId) {
      const records = await load(tenantId);
      const own = records.map(connectionOf);
      instances.keepOnly(tenantId, records);
      const names = new Set(records.map(({ name }) => name));
      return { connections: [...own, ...shared.filter(({ provider }) => !names.has(provider.name))] };
    },
  });

  return {
    of: async (tenantId) => (await view.of(tenantId)).connections,
    construct: constructFor,
    view,
    [Symbol.asyncDispose]: () => instances[Symbol.asyncDispose](),
  };
}

/** The settings of a provider as the file of providers would have them. */
function settingsOf(record: ConnectionRecord): ProviderSettings {
  const { timeouts, breaker, quirks, image_addresses: imageAddresses } = record.options;
  return {
    name: record.name,
    kind: record.kind,
    ...(record.baseUrl === null ? {} : { base_url: record.baseUrl }),
    // Says that it has a key, and by its absence that the provider is not configured. No variable bears this name.
    ...(needsKey(record) || record.sealedKey !== null ? { api_key_env: 'CONNECTION_API_KEY' } : {}),
    models: [...record.models],
    timeouts: ProviderSettings.shape.timeouts.parse(timeouts ?? {}),
    ...(breaker === undefined ? {} : { breaker }),
    ...(imageAddresses === undefined ? {} : { image_addresses: imageAddresses }),
    quirks: ProviderSettings.shape.quirks.parse(quirks ?? {}),
  };
}
