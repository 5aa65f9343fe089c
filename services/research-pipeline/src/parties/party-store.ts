import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { PartyCandidate } from './match-party.ts';
import type { Mention, PartyKeys } from './normalise-party.ts';
import type { StoredParty } from './party.ts';

/** Part of a list that is sorted by id, newest first. */
export interface Stretch {
  after: string | null;
  backwards: boolean;
  limit: number;
}

const candidatesMax = 50;

/** One at a time for each tenant, until the transaction ends: of two that name the same newcomer, the second finds the first. */
export async function lockParties(trx: Transaction<Schema>, tenantId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`parties of ${tenantId}`}, 0))`.execute(trx);
}

interface CandidateRow {
  id: string;
  name_key: string;
  tax_id: string | null;
  address_key: string | null;
}

/** Those of a mention's tax id or name. What was merged is another name of what it became. */
export async function findEquals(
  db: Kysely<Schema>,
  tenantId: string,
  { nameKey, taxId }: PartyKeys,
): Promise<PartyCandidate[]> {
  const { rows } = await sql<CandidateRow>`
    select coalesce(merged_into, id) as id, name_key, tax_id, address_key from parties
    where tenant_id = ${tenantId} and (tax_id = ${taxId} or name_key = ${nameKey})`.execute(db);
  return rows.map(toCandidate);
}

/** The fifty whose names have most of a mention's sequences of three letters, with 0.30 of them at least. */
export async function findAlike(
  db: Kysely<Schema>,
  tenantId: string,
  { nameKey }: PartyKeys,
): Promise<PartyCandidate[]> {
  const { rows } = await sql<CandidateRow>`
    select coalesce(merged_into, id) as id, name_key, tax_id, address_key from parties
    where tenant_id = ${tenantId} and name_key % ${nameKey}
    order by similarity(name_key, ${nameKey}) desc, id limit ${candidatesMax}`.execute(db);
  return rows.map(toCandidate);
}

export async function insertParty(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  mention: Mention,
  keys: PartyKeys,
): Promise<StoredParty> {
  const row = await trx
    .insertInto('parties')
    .values({
      id,
      tenant_id: tenantId,
      name: mention.name,
      name_key: keys.nameKey,
      tax_id: keys.taxId,
      address: mention.address,
      address_key: keys.addressKey,
      merged_into: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toParty(row);
}

/** Adds what was not known of a party; what is known stays as it is. */
export async function enrichParty(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  { address }: Mention,
  { taxId, addressKey }: PartyKeys,
): Promise<void> {
  await trx
    .updateTable('parties')
    .set({
      tax_id: sql<string | null>`coalesce(tax_id, ${taxId})`,
      address: sql<string | null>`coalesce(address, ${address})`,
      address_key: sql<string | null>`coalesce(address_key, ${addressKey})`,
      updated_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where((where) =>
      where.or([
        where.and([where('tax_id', 'is', null), where(sql`${taxId}::text`, 'is not', null)]),
        where.and([where('address_key', 'is', null), where(sql`${addressKey}::text`, 'is not', null)]),
      ]),
    )
    .execute();
}

export async function findParty(db: Kysely<Schema>, tenantId: string, id: string): Promise<StoredParty | null> {
  const row = await parties(db, tenantId).where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : toParty(row);
}

/** The newest first. */
export async function listPartyRows(
  db: Kysely<Schema>,
  tenantId: string,
  nameKey: string | null,
  { after, backwards, limit }: Stretch,
): Promise<StoredParty[]> {
  let query = parties(db, tenantId).where('merged_into', 'is', null);
  if (nameKey !== null) query = query.where('name_key', '=', nameKey);
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(toParty);
}

/** Makes one party of two: what named the first names the second from now on. */
export async function mergeParty(trx: Transaction<Schema>, tenantId: string, id: string, into: string): Promise<void> {
  const { tax_id: taxId, ...known } = await parties(trx, tenantId).where('id', '=', id).executeTakeFirstOrThrow();
  await trx
    .updateTable('parties')
    .set({ merged_into: into, updated_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where((where) => where.or([where('id', '=', id), where('merged_into', '=', id)]))
    .execute();
  await trx
    .updateTable('document_parties')
    .set({ party_id: into })
    .where('tenant_id', '=', tenantId)
    .where('party_id', '=', id)
    .execute();
  const mention = { name: known.name, taxId, address: known.address };
  await enrichParty(trx, tenantId, into, mention, { nameKey: known.name_key, taxId, addressKey: known.address_key });
}

function parties(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('parties').selectAll().where('tenant_id', '=', tenantId);
}

type Row = Awaited<ReturnType<ReturnType<typeof parties>['executeTakeFirstOrThrow']>>;

function toParty(row: Row): StoredParty {
  return {
    id: row.id,
    name: row.name,
    taxId: row.tax_id,
    address: row.address,
    mergedInto: row.merged_into,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toCandidate(row: CandidateRow): PartyCandidate {
  return { id: row.id, nameKey: row.name_key, taxId: row.tax_id, addressKey: row.address_key };
}
