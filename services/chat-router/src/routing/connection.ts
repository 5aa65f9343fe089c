import type { BreakerSettings } from '@signalbox/redis';
import type { Provider } from '../providers/provider.ts';
import type { ModelFacts } from './model-facts.ts';

/** One tenant's access to one provider: the account and address that are asked, that fail, and that rest together. */
export interface Connection {
  /** By this its breaker is known to all replicas: the same in each of them, and no other connection's. */
  readonly id: string;
  /** `provider.name` is the connection's name, unique among what a tenant may ask. */
  readonly provider: Provider;
  /** What differs from the breaker's usual settings. */
  readonly breaker: Partial<BreakerSettings>;
  factsOf(model: string): ModelFacts;
}

export interface Connections {
  /** What a tenant may ask, in the order in which it prefers it. From memory: it is asked for every request. */
  of(tenantId: string): Promise<readonly Connection[]> | readonly Connection[];
}
