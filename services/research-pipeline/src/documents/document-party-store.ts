import type { DocumentParty } from '@signalbox/contracts';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Mention } from '../parties/normalise-party.ts';

export interface NamedParty {
  documentId: string;
  role: DocumentParty['role'];
  mention: Mention;
  partyId: string;
  tier: DocumentParty['tier'];
  confidence: number;
  matched: boolean;
}

export async function insertDocumentParty(
  trx: Transaction<Schema>,
  tenantId: string,
  { documentId, role, mention, partyId, tier, confidence, matched }: NamedParty,
): Promise<void> {
  await trx
    .insertInto('document_parties')
    .values({
      ...{ document_id: documentId, role, tenant_id: tenantId, party_id: partyId, tier, confidence, matched },
      mention: JSON.stringify(mention),
    })
    .execute();
}

/** Whom these documents name, by the document's id. */
export async function listDocumentParties(
  db: Kysely<Schema>,
  tenantId: string,
  documentIds: readonly string[],
): Promise<Map<string, DocumentParty[]>> {
  const found = new Map<string, DocumentParty[]>();
  if (documentIds.length === 0) return found;
  const rows = await db
    .selectFrom('document_parties')
    .innerJoin('parties', 'parties.id', 'document_parties.party_id')
    .select(['document_id', 'role', 'party_id', 'parties.name', 'tier', 'confidence', 'matched'])
    .where('document_parties.tenant_id', '=', tenantId)
    .where('document_id', 'in', [...documentIds])
    .orderBy('document_id')
    .orderBy('role', 'desc')
    .execute();
  for (const { document_id: id, ...party } of rows) found.set(id, [...(found.get(id) ?? []), party]);
  return found;
}
