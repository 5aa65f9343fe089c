import { AppError } from '@signalbox/errors';
import type { Storage } from '@signalbox/storage';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Source } from '../sources/source.ts';
import { findDocument } from './document-store.ts';
import { noDocument } from './document.ts';
import { readText } from './passage-store.ts';

/**
 * A document as a source that can be cited, with a snapshot of its file that outlives the document. Throws `not_found`, and
 * `conflict` for a document that has no text.
 */
export async function loadDocumentSource(
  { db, storage }: { db: Kysely<Schema>; storage: Storage },
  tenantId: string,
  documentId: string,
  signal?: AbortSignal,
): Promise<Omit<Source, 'n'>> {
  const document = await findDocument(db, tenantId, documentId);
  if (document === null) throw noDocument();
  if (document.status !== 'completed' || document.textSha256 === null || document.characters === 0) {
    throw new AppError('conflict', 'The document has no text that could be cited.');
  }
  const bytes = await storage.get(document.storageKey, signal);
  if (bytes === null) throw new AppError('unavailable', 'The file of the document cannot be read at the moment.');
  return {
    provider: 'documents',
    url: null,
    documentId,
    title: document.title ?? document.name,
    contentType: document.contentType,
    sha256: document.textSha256,
    snapshot: await storage.put({ tenantId, use: 'snapshots' }, bytes, signal),
    text: await readText(db, tenantId, documentId),
    pages: document.pages ?? [],
    language: document.language,
    publishedAt: document.publishedAt,
    fetchedAt: document.createdAt.toISOString(),
  };
}
