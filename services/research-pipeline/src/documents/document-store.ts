import type { DocumentStatus, DocumentType } from '@signalbox/contracts';
import { sql, type Kysely, type Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { DocumentError, ReadDocument, StoredDocument } from './document.ts';

export interface NewDocument {
  id: string;
  tenantId: string;
  sha256: string;
  name: string;
  contentType: string;
  bytes: number;
  storageKey: string;
  createdBy: string;
}

/** Part of a list that is sorted by id, newest first. */
export interface Stretch {
  after: string | null;
  backwards: boolean;
  limit: number;
}

export interface DocumentFilter {
  status: DocumentStatus | null;
  type: DocumentType | null;
  partyId: string | null;
}

/** Holds back, until the transaction ends, everybody else who would keep or forget the file under this key. */
export async function lockFile(trx: Transaction<Schema>, storageKey: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${storageKey}, 0))`.execute(trx);
}

/** Null when the tenant has a document of that content already. */
export async function insertDocument(trx: Transaction<Schema>, document: NewDocument): Promise<StoredDocument | null> {
  const row = await trx
    .insertInto('documents')
    .values({
      id: document.id,
      tenant_id: document.tenantId,
      sha256: document.sha256,
      name: document.name,
      content_type: document.contentType,
      bytes: document.bytes,
      storage_key: document.storageKey,
      status: 'pending',
      created_by: document.createdBy,
    })
    .onConflict((conflict) => conflict.columns(['tenant_id', 'sha256']).doNothing())
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toDocument(row);
}

/** Puts a failed document back to where it waits; null when it did not fail. */
export async function reopenDocument(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
): Promise<StoredDocument | null> {
  const row = await trx
    .updateTable('documents')
    .set({ status: 'pending', error: null, touched_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', '=', 'failed')
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toDocument(row);
}

export async function findDocument(db: Kysely<Schema>, tenantId: string, id: string): Promise<StoredDocument | null> {
  return toOne(await documents(db, tenantId).where('id', '=', id).executeTakeFirst());
}

export async function findDocumentByHash(
  db: Kysely<Schema>,
  tenantId: string,
  sha256: string,
): Promise<StoredDocument | null> {
  return toOne(await documents(db, tenantId).where('sha256', '=', sha256).executeTakeFirst());
}

/** The newest first. */
export async function listDocumentRows(
  db: Kysely<Schema>,
  tenantId: string,
  { status, type, partyId }: DocumentFilter,
  { after, backwards, limit }: Stretch,
): Promise<StoredDocument[]> {
  let query = documents(db, tenantId);
  if (status !== null) query = query.where('status', '=', status);
  if (type !== null) query = query.where('document_type', '=', type);
  if (partyId !== null) {
    query = query.where('id', 'in', (inner) =>
      inner
        .selectFrom('document_parties')
        .select('document_id')
        .where('tenant_id', '=', tenantId)
        .where('party_id', '=', partyId),
    );
  }
  if (after !== null) query = query.where('id', backwards ? '>' : '<', after);
  const rows = await query
    .orderBy('id', backwards ? 'asc' : 'desc')
    .limit(limit)
    .execute();
  return rows.map(toDocument);
}

/** Takes up a document that is not done; null when there is nothing to be done. */
export async function beginDocument(db: Kysely<Schema>, tenantId: string, id: string): Promise<StoredDocument | null> {
  const row = await db
    .updateTable('documents')
    .set({ status: 'processing', touched_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'processing'])
    .returningAll()
    .executeTakeFirst();
  return row === undefined ? null : toDocument(row);
}

/** False when somebody else has finished it meanwhile, or it was deleted: then nothing may be written for it. */
export async function completeDocument(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
  read: ReadDocument,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('documents')
    .set({
      status: 'completed',
      error: null,
      title: read.title,
      language: read.language,
      published_at: read.publishedAt,
      text_sha256: read.textSha256,
      text_by: read.textBy,
      characters: read.text.length,
      pages: JSON.stringify(read.pages),
      document_type: read.classification.type,
      classification: JSON.stringify(read.classification),
      extraction: JSON.stringify(read.extraction),
      processed_at: sql<Date>`now()`,
      touched_at: sql<Date>`now()`,
    })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', '=', 'processing')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function failDocument(
  db: Kysely<Schema>,
  tenantId: string,
  id: string,
  error: DocumentError,
): Promise<void> {
  await db
    .updateTable('documents')
    .set({ status: 'failed', error: JSON.stringify(error), processed_at: sql<Date>`now()` })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('status', 'in', ['pending', 'processing'])
    .execute();
}

/** Fails what nobody has touched for so long that nobody will: its message lies among the dead letters. */
export async function failLostDocuments(db: Kysely<Schema>, untouchedMsMax: number): Promise<void> {
  const error: DocumentError = { code: 'INTERNAL', message: 'Reading the document broke off. Upload it again.' };
  await db
    .updateTable('documents')
    .set({ status: 'failed', error: JSON.stringify(error), processed_at: sql<Date>`now()` })
    .where('status', 'in', ['pending', 'processing'])
    .where('touched_at', '<', sql<Date>`now() - make_interval(secs => ${untouchedMsMax / 1_000})`)
    .execute();
}

/** The key of its file; null where there was no such document. */
export async function deleteDocumentRow(
  trx: Transaction<Schema>,
  tenantId: string,
  id: string,
): Promise<{ storageKey: string; sha256: string; textSha256: string | null } | null> {
  const row = await trx
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning(['storage_key', 'sha256', 'text_sha256'])
    .executeTakeFirst();
  return row === undefined ? null : { storageKey: row.storage_key, sha256: row.sha256, textSha256: row.text_sha256 };
}

export async function usesFile(db: Kysely<Schema>, storageKey: string): Promise<boolean> {
  const row = await db.selectFrom('documents').select('id').where('storage_key', '=', storageKey).executeTakeFirst();
  return row !== undefined;
}

/** How many of these documents (null: of all) wait to be read or are being read. */
export async function countUnread(
  db: Kysely<Schema>,
  tenantId: string,
  documentIds: readonly string[] | null,
): Promise<number> {
  let query = db
    .selectFrom('documents')
    .select((count) => count.fn.countAll<string>().as('unread'))
    .where('tenant_id', '=', tenantId)
    .where('status', 'in', ['pending', 'processing']);
  if (documentIds !== null) query = query.where('id', 'in', [...documentIds]);
  const { unread } = await query.executeTakeFirstOrThrow();
  return Number(unread);
}

function documents(db: Kysely<Schema>, tenantId: string) {
  return db.selectFrom('documents').selectAll().where('tenant_id', '=', tenantId);
}

type Row = Awaited<ReturnType<ReturnType<typeof documents>['executeTakeFirstOrThrow']>>;

function toOne(row: Row | undefined): StoredDocument | null {
  return row === undefined ? null : toDocument(row);
}

function toDocument(row: Row): StoredDocument {
  return {
    id: row.id,
    name: row.name,
    contentType: row.content_type,
    bytes: Number(row.bytes),
    sha256: row.sha256,
    storageKey: row.storage_key,
    status: row.status,
    error: row.error,
    title: row.title,
    language: row.language,
    publishedAt: row.published_at,
    textSha256: row.text_sha256,
    textBy: row.text_by,
    characters: row.characters,
    pages: row.pages,
    classification: row.classification,
    extraction: row.extraction,
    createdBy: row.created_by,
    createdAt: row.created_at,
    processedAt: row.processed_at,
  };
}
