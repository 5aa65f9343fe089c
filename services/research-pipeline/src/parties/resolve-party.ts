import type { PartyTier } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { matchParty, type PartyMatch } from './match-party.ts';
import { keysOf, type Mention, type PartyKeys } from './normalise-party.ts';
import { noParty, type StoredParty } from './party.ts';
import { enrichParty, findCandidates, findParty, insertParty, lockParties, readGeneration } from './party-store.ts';
import { insertReview } from './review-store.ts';

/** Remembers whom the same mention meant while the tenant's parties were the same. */
export interface MatchCache {
  matchOf(
    tenantId: string,
    input: { generation: string; keys: PartyKeys },
    make: () => Promise<PartyMatch>,
  ): Promise<PartyMatch>;
}

export interface Resolution {
  party: StoredParty;
  matched: boolean;
  tier: PartyTier;
  confidence: number;
  reviewId: string | null;
}

/**
 * Says whom a mention means, in the transaction of what named it. Somebody new is taken in; when somebody like it is there, a
 * person is asked whether they are the same, and until then they are two.
 */
export async function resolveParty(
  trx: Transaction<Schema>,
  cache: MatchCache,
  tenantId: string,
  { mention, documentId }: { mention: Mention; documentId: string | null },
): Promise<Resolution> {
  const keys = keysOf(mention);
  await lockParties(trx, tenantId);
  const generation = await readGeneration(trx, tenantId);
  const look = async (): Promise<PartyMatch> => matchParty(keys, await findCandidates(trx, tenantId, keys));
  let match = await cache.matchOf(tenantId, { generation, keys }, look);
  // What a transaction remembered that was taken back is not there.
  if (match.kind === 'matched' && (await findParty(trx, tenantId, match.partyId)) === null) match = await look();
  if (match.kind === 'matched') {
    await enrichParty(trx, tenantId, match.partyId, mention, keys);
    const party = await findParty(trx, tenantId, match.partyId);
    if (party === null) throw noParty();
    return { party, matched: true, tier: match.tier, confidence: match.confidence, reviewId: null };
  }
  const party = await insertParty(trx, tenantId, newId('party'), mention, keys);
  let reviewId: string | null = null;
  if (match.review !== null) {
    reviewId = newId('review');
    const { candidateId, score } = match.review;
    await insertReview(trx, tenantId, { id: reviewId, partyId: party.id, candidateId, score, documentId });
  }
  return { party, matched: false, tier: 'new', confidence: match.confidence, reviewId };
}
