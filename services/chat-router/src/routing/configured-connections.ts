import type { Provider } from '../providers/provider.ts';
import type { ProviderSettings } from '../providers/provider-settings.ts';
import type { Connection } from './connection.ts';
import { unknownFacts } from './model-facts.ts';

/** The connection that every tenant has to a provider of this installation. */
export function configuredConnection(provider: Provider, settings: ProviderSettings | null): Connection {
  const { failures_max: failuresMax, window_ms: windowMs, open_ms: openMs } = settings?.breaker ?? {};
  return {
    id: `provider_${provider.name}`,
    provider,
    breaker: {
      ...(failuresMax === undefined ? {} : { failuresMax }),
      ...(windowMs === undefined ? {} : { windowMs }),
      ...(openMs === undefined ? {} : { openMs }),
    },
    factsOf: () => unknownFacts,
  };
}
