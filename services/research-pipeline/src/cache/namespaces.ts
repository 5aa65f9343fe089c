import type { CacheNamespace } from '@signalbox/redis';

/** What is kept here, and for how long: what a search found changes, the place of a text under a model does not. */
export const namespaces = {
  research_search: { schema: 1, ttlMs: 3_600_000 },
  entity_match: { schema: 1, ttlMs: 86_400_000 },
  research_embedding: { schema: 1, ttlMs: 30 * 86_400_000 },
} as const satisfies Record<string, CacheNamespace>;
export type Namespace = keyof typeof namespaces;
