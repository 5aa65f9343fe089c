import type { RoutingProfile } from '@signalbox/contracts';

export interface RoutingProfiles {
  /** The profile that a tenant calls by this name: an alias of this installation, or a system; null: it has none. */
  find(tenantId: string, name: string): Promise<RoutingProfile | null> | RoutingProfile | null;
}
