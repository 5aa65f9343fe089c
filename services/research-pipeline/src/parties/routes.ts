import {
  decidePartyReview,
  getParty,
  listParties,
  listPartyReviews,
  resolveParty as resolveContract,
  type Party,
  type PartyReview,
} from '@signalbox/contracts';
import { keysetPage, mountRoute, pageStart, reply, type PageStart, type Routes } from '@signalbox/http';
import { decideReview, type DecideDeps } from './decide-review.ts';
import { keysOf } from './normalise-party.ts';
import { noParty, type StoredParty } from './party.ts';
import { findParty, listPartyRows, type Stretch } from './party-store.ts';
import { resolveParty, type MatchCache } from './resolve-party.ts';
import { listReviewRows, type StoredReview } from './review-store.ts';

export interface PartyRouteDeps extends DecideDeps {
  matches: MatchCache;
}

export function mountPartyRoutes(routes: Routes, deps: PartyRouteDeps): void {
  const { db, matches } = deps;
  const get = async (tenantId: string, id: string): Promise<StoredParty> => {
    const party = await findParty(db, tenantId, id);
    if (party === null) throw noParty();
    return party;
  };
  const present = async (tenantId: string, review: StoredReview): Promise<PartyReview> =>
    presentReview(review, await get(tenantId, review.partyId), await get(tenantId, review.candidateId));

  mountRoute(routes, resolveContract, async ({ principal: { tenantId }, body }) => {
    const mention = { name: body.name, taxId: body.tax_id ?? null, address: body.address ?? null };
    const { party, matched, tier, confidence, reviewId } = await db
      .transaction()
      .execute((trx) => resolveParty(trx, matches, tenantId, { mention, documentId: null }));
    return reply(
      { party: presentParty(party), matched, tier, confidence, review_id: reviewId },
      { status: matched ? 200 : 201 },
    );
  });

  mountRoute(routes, listParties, async ({ principal: { tenantId }, query }) => {
    const list = listParties.operationId;
    const start = pageStart(list, query, ['string']);
    const nameKey = query.name === undefined ? null : keysOf({ name: query.name, taxId: null, address: null }).nameKey;
    const rows = await listPartyRows(db, tenantId, nameKey, stretchOf(start));
    return keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: presentParty });
  });

  mountRoute(routes, getParty, async ({ principal, params }) => presentParty(await get(principal.tenantId, params.id)));

  mountRoute(routes, listPartyReviews, async ({ principal: { tenantId }, query }) => {
    const list = listPartyReviews.operationId;
    const start = pageStart(list, query, ['string']);
    const rows = await listReviewRows(db, tenantId, query.status ?? null, stretchOf(start));
    const page = keysetPage({ list, start, rows, keyOf: ({ id }) => [id], present: (review) => review });
    return { ...page, data: await Promise.all(page.data.map((review) => present(tenantId, review))) };
  });

  mountRoute(routes, decidePartyReview, async ({ principal, requestId, params, body }) => {
    const command = { id: params.id, decision: body.decision };
    return present(principal.tenantId, await decideReview(deps, { principal, requestId }, command));
  });
}

function stretchOf({ after, backwards, fetch: limit }: PageStart): Stretch {
  const [id] = after ?? [];
  return { after: typeof id === 'string' ? id : null, backwards, limit };
}

function presentParty(party: StoredParty): Party {
  return {
    id: party.id,
    name: party.name,
    tax_id: party.taxId,
    address: party.address,
    merged_into: party.mergedInto,
    created_at: party.createdAt.toISOString(),
    updated_at: party.updatedAt.toISOString(),
  };
}

function presentReview(review: StoredReview, party: StoredParty, candidate: StoredParty): PartyReview {
  return {
    id: review.id,
    status: review.status,
    party: presentParty(party),
    candidate: presentParty(candidate),
    score: review.score,
    document_id: review.documentId,
    decided_by: review.decidedBy,
    decided_at: review.decidedAt?.toISOString() ?? null,
    created_at: review.createdAt.toISOString(),
  };
}
