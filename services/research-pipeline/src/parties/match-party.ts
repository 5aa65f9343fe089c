import type { PartyTier } from '@signalbox/contracts';
import type { PartyKeys } from './normalise-party.ts';
import { similarity } from './similarity.ts';

/** A party that the mention may mean. */
export interface PartyCandidate extends PartyKeys {
  id: string;
}

export interface Matched {
  kind: 'matched';
  partyId: string;
  tier: Exclude<PartyTier, 'new'>;
  confidence: number;
}

export type PartyMatch =
  | Matched
  /** `review`: somebody like it is there, and a person says whether it is the same. */
  | { kind: 'new'; tier: 'new'; confidence: number; review: { candidateId: string; score: number } | null };

/** From here on two names are written alike, and names with addresses are the same party. */
const fuzzyNameMin = 0.9;
const nameAndAddressMin = 0.8;
/** Below, two names have nothing to do with each other. */
const candidateMin = 0.3;
/** From here on a person is asked. */
const reviewMin = 0.5;
const [nameWeight, addressWeight] = [0.6, 0.4];
/** Of the name alone, however well the address fits: many are at one address. */
const nameMinWithAddress = 0.6;

/**
 * Whom a mention means, in five tiers: the same tax id (1.0); the same name (1.0); a name that is written alike (≥ .90); a name
 * and address that are alike (≥ .80); nobody yet. Two tax ids that differ are two parties, and a number that differs in two names
 * ("Plant 1", "Plant 2") is never a slip of the pen: such pairs are for a person. Of equals the one that was there first is taken.
 */
export function matchParty(mention: PartyKeys, candidates: readonly PartyCandidate[]): PartyMatch {
  const sameTaxId = oldest(candidates.filter(({ taxId }) => taxId !== null && taxId === mention.taxId));
  if (sameTaxId !== null) return { kind: 'matched', partyId: sameTaxId.id, tier: 'tax_id', confidence: 1 };
  const scored = candidates.map((candidate) => score(mention, candidate)).sort(byScore);
  const possible = scored.filter(({ isConflicting }) => !isConflicting);

  const [sameName] = possible.filter(({ name }) => name === 1);
  if (sameName !== undefined) return matched(sameName, 'name', 1);
  const [alike] = possible.filter(({ name, hasOtherNumbers }) => name >= fuzzyNameMin && !hasOtherNumbers);
  if (alike !== undefined) return matched(alike, 'fuzzy_name', round(alike.name));
  const [together] = possible
    .filter(({ name, combined, hasOtherNumbers }) => {
      return combined !== null && combined >= nameAndAddressMin && name >= nameMinWithAddress && !hasOtherNumbers;
    })
    .sort((a, b) => (b.combined ?? 0) - (a.combined ?? 0));
  if (together !== undefined) return matched(together, 'name_and_address', round(together.combined ?? 0));

  const [nearest] = scored;
  const review =
    nearest === undefined || likeness(nearest) < reviewMin
      ? null
      : { candidateId: nearest.id, score: round(likeness(nearest)) };
  return { kind: 'new', tier: 'new', confidence: 0, review };
}

interface Score {
  id: string;
  name: number;
  address: number | null;
  combined: number | null;
  isConflicting: boolean;
  hasOtherNumbers: boolean;
}

function score(mention: PartyKeys, candidate: PartyCandidate): Score {
  const name = similarity(mention.nameKey, candidate.nameKey);
  const address =
    mention.addressKey === null || candidate.addressKey === null
      ? null
      : similarity(mention.addressKey, candidate.addressKey);
  return {
    id: candidate.id,
    name,
    address,
    combined: address === null ? null : nameWeight * name + addressWeight * address,
    isConflicting: mention.taxId !== null && candidate.taxId !== null && mention.taxId !== candidate.taxId,
    hasOtherNumbers: numbersIn(mention.nameKey) !== numbersIn(candidate.nameKey),
  };
}

/** The best first; of equals the one whose address fits better, then the one that was there first. */
function byScore(a: Score, b: Score): number {
  return b.name - a.name || (b.address ?? 0) - (a.address ?? 0) || (a.id < b.id ? -1 : 1);
}

function likeness({ name, combined }: Score): number {
  // Neighbours are not alike for being neighbours.
  return name < candidateMin ? name : Math.max(name, combined ?? 0);
}

function matched({ id }: Score, tier: Exclude<PartyTier, 'new'>, confidence: number): PartyMatch {
  return { kind: 'matched', partyId: id, tier, confidence };
}

function oldest(candidates: readonly PartyCandidate[]): PartyCandidate | null {
  return candidates.reduce<PartyCandidate | null>(
    (first, candidate) => (first === null || candidate.id < first.id ? candidate : first),
    null,
  );
}

function numbersIn(nameKey: string): string {
  return (nameKey.match(/\d+/g) ?? []).join(' ');
}

function round(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
