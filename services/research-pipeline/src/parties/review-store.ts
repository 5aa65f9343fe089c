import type { PartyReviewStatus } from '@signalbox/contracts';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Stretch } from './party-store.ts';

export interface StoredReview {
  id: string;
  partyId: string;
  candidateId: string;
  score: number;
  status: PartyReviewStatus;
  documentId: string | null;
  decidedBy: string | null;
  decidedAt: Date | null;
  createdAt: Date;
}

export async function insertReview(
  trx: Transaction<Schema>,
  tenantId: string,
  review: Pick<StoredReview, 'id' | 'partyId' | 'candidateId' | 'score' | 'documentId'>,
): Promise<void> {
  await trx
    .insertInto('party_reviews')
    .values({
      id: review.id,
      tenant_id: tenantId,
      party_id: review.partyId,
      candidate_id: review.candidateId,
      score: review.score,
      status: 'pending',
      document_id: review.documentId,
      decided_by: null,
      decided_at: null,
    })
    .execute();
}

export async function findReview(db: Kysely<Schema>, tenantId: string, id: string): Promise<StoredReview | null> {
  const row = await reviews(db, tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toReview(row);
}

/** The newest first. */
export async function listReviewRows(
  db: Kysely<Schema>,
  tenantId: string,
  status: PartyReviewStatus | null,
  { after, backwards, limit }: Stretch,
): Promise<StoredReview[]> {
  let query = reviews(db, tenantId);
  if (status !== null) query = query.where('status', '=', status);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(toReview);
}

/** False when it has been decided before. */
export async function decideReviewRow(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  { status, decidedBy }: { status: 'same' | 'different'; decidedBy: string },
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('party_reviews')
    .set({ status, decided_by: decidedBy, decided_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function reviews(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('party_reviews').selectAll().where('tenant_id', '=', tenantId);
}

type Row = Awaited<ReturnType<ReturnType<typeof reviews>['executeTakeFirstOrThrow']>>;

function toReview(row: Row): StoredReview {
  return {
    id: row.id,
    partyId: row.party_id,
    candidateId: row.candidate_id,
    score: row.score,
    status: row.status,
    documentId: row.document_id,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    createdAt: row.created_at,
  };
}
