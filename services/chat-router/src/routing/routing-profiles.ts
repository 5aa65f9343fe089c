import type { RoutingProfile } from '@signalbox/contracts';

/** What stands behind a name: who may answer, what is said before every question, and the tools that are executed here. */
export type NamedProfile = RoutingProfile & { readonly instructions?: string; readonly tools?: readonly string[] };

export interface RoutingProfiles {
  /** The profile that a tenant calls by this name: an alias of this installation, or a system; null: it has none. */
  find(tenantId: string, name: string): Promise<NamedProfile | null> | NamedProfile | null;
}
