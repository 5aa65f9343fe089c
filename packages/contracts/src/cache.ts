import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const tag = 'Cache';

export const CacheName = z
  .enum(['api_response', 'vision_result', 'response_item', 'semantic'])
  .describe(
    '`api_response`: answers to requests that are the same to the letter. `vision_result`: what was read from documents. ' +
      '`response_item`: parts of responses that later ones may refer to. `semantic`: the index of questions by what they mean; the answers themselves are in `api_response`.',
  )
  .meta({ id: 'CacheName' });
export type CacheName = z.infer<typeof CacheName>;

/** CR-4, CR-14, B-43: what a tenant has in one namespace of the cache, and what that was good for. */
export const CacheNamespaceState = z
  .object({
    namespace: CacheName,
    state: z
      .enum(['ready', 'degraded', 'not_configured'])
      .describe('`degraded`: it does not answer at the moment, and requests are answered without it.'),
    entries: z.int().nullable().describe('Null: nobody can tell at the moment.'),
    bytes: z.int().nullable().describe('Of what is kept; null where it is not counted.'),
    hits: z.int().describe('Lookups that it answered, in all replicas; up to a second late.'),
    misses: z.int(),
    hit_ratio: z.number().nullable().describe('Hits by lookups; null: nothing was looked up.'),
    counted_since: z.iso.datetime().nullable(),
    ttl_seconds: z.int().nullable().describe('How long an entry is kept; null: nothing is.'),
  })
  .meta({ id: 'CacheNamespaceState' });
export type CacheNamespaceState = z.infer<typeof CacheNamespaceState>;

export const getCacheStatistics = defineRoute({
  operationId: 'getCacheStatistics',
  service: 'chat-router',
  method: 'get',
  path: '/api/v1/cache',
  tag,
  summary: 'What the tenant has in each namespace of the cache, and how often it was of use',
  description: '503 while the cache cannot be asked.',
  scope: 'admin',
  response: { status: 200, description: 'Every namespace', schema: z.object({ data: z.array(CacheNamespaceState) }) },
});

export const clearCache = defineRoute({
  operationId: 'clearCache',
  service: 'chat-router',
  method: 'delete',
  path: '/api/v1/cache/{namespace}',
  tag,
  summary: 'Forget what the tenant has in one namespace of the cache, in all replicas',
  description:
    'The act stands in the audit log. What is being answered meanwhile is kept all the same. 503 while it cannot be done.',
  scope: 'admin',
  params: z.strictObject({ namespace: CacheName }),
  response: {
    status: 200,
    description: 'How much was forgotten',
    schema: z.object({ namespace: CacheName, cleared: z.int().describe('Entries.') }),
  },
});

export const cacheRoutes = [getCacheStatistics, clearCache] as const;
