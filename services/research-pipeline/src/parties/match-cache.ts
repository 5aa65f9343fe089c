import { canonicalJson, type ContentCache } from '@signalbox/redis';
import { z } from 'zod';
import type { MatchCache } from './resolve-party.ts';

const Kept = z.strictObject({
  kind: z.literal('matched'),
  partyId: z.string(),
  tier: z.enum(['tax_id', 'name', 'fuzzy_name', 'name_and_address']),
  confidence: z.number(),
});

/**
 * LA-4: whom a mention meant, by how it is compared. Only who is there is kept: whoever is new is there the next time. What was
 * kept under other parties of the tenant is never an answer.
 */
export function createMatchCache(cache: Pick<ContentCache<'entity_match'>, 'get' | 'set'>): MatchCache {
  return {
    async matchOf(tenantId, { generation, keys }, make) {
      const input = canonicalJson({ generation, keys });
      const key = { tenantId, model: 'five-tiers/1', promptVersion: '', input };
      const kept = await cache.get('entity_match', key);
      if (kept !== null) {
        const read = Kept.safeParse(JSON.parse(kept.toString()));
        if (read.success) return read.data;
      }
      const match = await make();
      if (match.kind === 'matched') await cache.set('entity_match', key, Buffer.from(JSON.stringify(match)));
      return match;
    },
  };
}
