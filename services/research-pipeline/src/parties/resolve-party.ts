import type { PartyTier } from '@signalbox/contracts';
import { newId } from '@signalbox/ids';
import type { Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import { matchParty, type Matched, type PartyMatch } from './match-party.ts';
import { keysOf, type Mention, type PartyKeys } from './normalise-party.ts';
import { noParty, type StoredParty } from './party.ts';
import { enrichParty, findAlike, findEquals, findParty, insertParty, lockParties } from './party-store.ts';
import { insertReview } from './review-store.ts';

/** Remembers whom a mention meant that is written like the name of somebody. */
export interface MatchCache {
  get(tenantId: string, keys: PartyKeys): Promise<Matched | null>;
  set(tenantId: string, keys: PartyKeys, match: Matched): Promise<void>;
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
  const match = await findMatch(trx, cache, tenantId, keys);
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

async function findMatch(
  trx: Transaction<Schema>,
  cache: MatchCache,
  tenantId: string,
  keys: PartyKeys,
): Promise<PartyMatch> {
  const equals = await findEquals(trx, tenantId, keys);
  const equal = matchParty(keys, equals);
  if (equal.kind === 'matched') return equal;
  const kept = await cache.get(tenantId, keys);
  const known = kept === null ? null : await stillMeant(trx, tenantId, keys, kept);
  if (known !== null) return known;
  const match = matchParty(keys, [...equals, ...(await findAlike(trx, tenantId, keys))]);
  if (match.kind === 'matched') await cache.set(tenantId, keys, match);
  return match;
}

/** Whoever was meant may have become another party since, or turned out to have another tax id, or never have been kept. */
async function stillMeant(
  trx: Transaction<Schema>,
  tenantId: string,
  { taxId }: PartyKeys,
  match: Matched,
): Promise<Matched | null> {
  const party = await findParty(trx, tenantId, match.partyId);
  if (party === null || (taxId !== null && party.taxId !== null && taxId !== party.taxId)) return null;
  return { ...match, partyId: party.mergedInto ?? party.id };
}
