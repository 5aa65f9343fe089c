import type { PartyReviewStatus } from '@signalbox/contracts';
import type { Generated } from 'kysely';

export interface PartyTables {
  parties: {
    id: string;
    tenant_id: string;
    name: string;
    name_key: string;
    tax_id: string | null;
    address: string | null;
    address_key: string | null;
    merged_into: string | null;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  party_reviews: {
    id: string;
    tenant_id: string;
    party_id: string;
    candidate_id: string;
    score: number;
    status: PartyReviewStatus;
    document_id: string | null;
    decided_by: string | null;
    decided_at: Date | null;
    created_at: Generated<Date>;
  };
}
