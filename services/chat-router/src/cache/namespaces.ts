import type { CacheNamespace } from '@signalbox/redis';

/** How long an answer that was made once will do for the same request. */
export const answersKeptMs = 300_000;
const visionKeptMs = 30 * 86_400_000;
/** As long as a client may come back to what it was told, without saying it again. */
const itemsKeptMs = 3_600_000;

/** What is kept here, and for how long. */
export const namespaces = {
  api_response: { schema: 1, ttlMs: answersKeptMs },
  vision_result: { schema: 1, ttlMs: visionKeptMs },
  response_item: { schema: 1, ttlMs: itemsKeptMs },
} as const satisfies Record<string, CacheNamespace>;
export type Namespace = keyof typeof namespaces;
