import type { SharedConnection } from '../connections/routes.ts';
import type { ListingProvider } from '../connections/open-connections.ts';
import type { Provider } from '../providers/provider.ts';
import type { ProviderSettings } from '../providers/provider-settings.ts';
import { vendorOf, type ModelRegistry } from '../registry/model-registry.ts';
import type { Connection } from '../routing/connection.ts';
import { configuredConnection } from '../routing/configured-connections.ts';

/** What every tenant has to a provider of this installation, and how it is shown to them. */
export interface Shared extends SharedConnection {
  connection: Connection;
}

const nobodys = { has_api_key: false, api_key_hint: null, version: null, created_at: null, updated_at: null } as const;

export function operatorConnection(
  provider: ListingProvider,
  settings: ProviderSettings,
  registry: ModelRegistry,
): Shared {
  const vendor = vendorOf(settings.kind, settings.base_url ?? null);
  const factsOf: Connection['factsOf'] = (model) => registry.factsOf(vendor, model, settings.model_facts?.[model]);
  return {
    connection: { ...configuredConnection(provider, settings), factsOf },
    provider,
    shown: {
      ...nobodys,
      id: `operator_${settings.name}`,
      name: settings.name,
      kind: settings.kind,
      source: 'operator',
      // Where the operator's servers stand, and how they are asked, is the operator's business.
      base_url: null,
      models: [...settings.models],
      options: {},
      configured: provider.missingSetting === null,
    },
  };
}

export function extractiveConnection(provider: Provider, registry: ModelRegistry): Shared {
  return {
    connection: {
      ...configuredConnection(provider, null),
      factsOf: (model) => registry.factsOf('signalbox', model),
    },
    provider: null,
    shown: {
      ...nobodys,
      id: `builtin_${provider.name}`,
      name: provider.name,
      kind: 'extractive',
      source: 'built_in',
      base_url: null,
      models: [...provider.models],
      options: {},
      configured: true,
    },
  };
}
