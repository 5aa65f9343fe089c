import { z } from 'zod';
import { defineRoute } from './define-route.ts';

const base = { service: 'research-pipeline', tag: 'Cache', scope: 'admin' } as const;

export const ResearchCacheName = z
  .enum(['research_search', 'research_embedding', 'entity_match'])
  .describe(
    '`research_search`: what search providers found. `research_embedding`: where an embedding model puts a passage. `entity_match`: which known party a name on a document means.',
  )
  .meta({ id: 'ResearchCacheName' });
export type ResearchCacheName = z.infer<typeof ResearchCacheName>;

/** CR-4, CR-14, B-43: what a tenant's research has in one namespace of the cache, and what that was good for. */
export const ResearchCacheState = z
  .object({
    namespace: ResearchCacheName,
    entries: z.int(),
    bytes: z.int().describe('Of what is kept.'),
    hits: z.int().describe('Lookups that it answered, in all replicas; up to a second late.'),
    misses: z.int(),
    hit_ratio: z.number().nullable().describe('Hits by lookups; null: nothing was looked up.'),
    counted_since: z.iso.datetime().nullable(),
    ttl_seconds: z.int().describe('How long an entry is kept.'),
  })
  .meta({ id: 'ResearchCacheState' });
export type ResearchCacheState = z.infer<typeof ResearchCacheState>;

export const getResearchCacheStatistics = defineRoute({
  ...base,
  operationId: 'getResearchCacheStatistics',
  method: 'get',
  path: '/api/v1/research-cache',
  summary: 'What the research of the tenant has in each namespace of the cache, and how often it was of use',
  description: '503 while the cache cannot be asked.',
  response: { status: 200, description: 'Every namespace', schema: z.object({ data: z.array(ResearchCacheState) }) },
});

export const clearResearchCache = defineRoute({
  ...base,
  operationId: 'clearResearchCache',
  method: 'delete',
  path: '/api/v1/research-cache/{namespace}',
  summary: 'Forget what the research of the tenant has in one namespace of the cache, in all replicas',
  description: 'The act stands in the audit log. 503 while it cannot be done.',
  params: z.strictObject({ namespace: ResearchCacheName }),
  response: {
    status: 200,
    description: 'How much was forgotten',
    schema: z.object({ namespace: ResearchCacheName, cleared: z.int().describe('Entries.') }),
  },
});

export const researchCacheRoutes = [getResearchCacheStatistics, clearResearchCache] as const;
