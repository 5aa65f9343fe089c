import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { findParty, lockParties, mergeParty } from './party-store.ts';
import { decideReviewRow, findReview, type StoredReview } from './review-store.ts';

export interface DecideDeps {
  db: Kysely<Schema>;
  tellAudit: TellAudit;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
}

/** Notes what a person decided, and makes one party of two that are the same. Throws `not_found` and `conflict`. */
export async function decideReview(
  { db, tellAudit, nudgeRelay }: DecideDeps,
  caller: CallerIdentity,
  { id, decision }: { id: string; decision: 'same' | 'different' },
): Promise<StoredReview> {
  const { tenantId, principalId } = caller.principal;
  const decided = await db.transaction().execute(async (trx) => {
    await lockParties(trx, tenantId);
    const review = await findReview(trx, tenantId, id);
    if (review === null) throw new AppError('not_found', 'There is no such review.');
    if (review.status === decision) return review;
    if (!(await decideReviewRow(trx, tenantId, id, { status: decision, decidedBy: principalId }))) {
      throw new AppError('conflict', `It has been decided that they are ${wordOf(review)} already.`);
    }
    if (decision === 'same') await merge(trx, tenantId, review);
    const details = { decision, party_id: review.partyId, candidate_id: review.candidateId };
    await tellAudit(trx, { action: 'party_review.decided', target: id, ...caller, details });
    return findReview(trx, tenantId, id);
  });
  nudgeRelay();
  if (decided === null) throw new AppError('not_found', 'There is no such review.');
  return decided;
}

/** Either may have become another party since the question was asked. */
async function merge(
  trx: Parameters<typeof mergeParty>[0],
  tenantId: string,
  { partyId, candidateId }: StoredReview,
): Promise<void> {
  const [party, candidate] = [
    (await findParty(trx, tenantId, partyId))?.mergedInto ?? partyId,
    (await findParty(trx, tenantId, candidateId))?.mergedInto ?? candidateId,
  ];
  if (party !== candidate) await mergeParty(trx, tenantId, party, candidate);
}

function wordOf({ status }: StoredReview): string {
  return status === 'same' ? 'the same' : 'different';
}
