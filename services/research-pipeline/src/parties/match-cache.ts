import { canonicalJson, type ContentCache } from '@signalbox/redis';
import { z } from 'zod';
import type { PartyKeys } from './normalise-party.ts';
import type { MatchCache } from './resolve-party.ts';

const Kept = z.strictObject({
  kind: z.literal('matched'),
  partyId: z.string(),
  tier: z.enum(['tax_id', 'name', 'fuzzy_name', 'name_and_address']),
  confidence: z.number(),
});

/** LA-4: kept for a day by how a mention is compared. Only who is there is kept: whoever is new is there the next time. */
export function createMatchCache(cache: Pick<ContentCache<'entity_match'>, 'get' | 'set'>): MatchCache {
  const keyOf = (tenantId: string, keys: PartyKeys) => ({
    ...{ tenantId, model: 'five-tiers/1', promptVersion: '' },
    input: canonicalJson(keys),
  });
  return {
    async get(tenantId, keys) {
      const kept = await cache.get('entity_match', keyOf(tenantId, keys));
      return kept === null ? null : (Kept.safeParse(JSON.parse(kept.toString())).data ?? null);
    },
    set: (tenantId, keys, match) =>
      cache.set('entity_match', keyOf(tenantId, keys), Buffer.from(JSON.stringify(match))),
  };
}
