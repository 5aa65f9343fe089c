import { createHash } from 'node:crypto';
import type { CallerIdentity } from '@signalbox/identity';
import type { Storage } from '@signalbox/storage';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Extraction } from '../extract/extraction.ts';
import { classifyDocument } from './classify-document.ts';
import { beginDocument, completeDocument, failDocument } from './document-store.ts';
import type { ReadDocument, StoredDocument } from './document.ts';
import { insertPassages } from './passage-store.ts';
import { splitPassages } from './split-passages.ts';

export interface ProcessDeps {
  db: Kysely<Schema>;
  storage: Storage;
  extract: (
    bytes: Uint8Array,
    described: { contentType: string; name: string; url: null; signal: AbortSignal },
  ) => Promise<Extraction>;
  events: { documentProcessed: (event: DocumentProcessed) => void };
}

export interface DocumentProcessed {
  tenantId: string;
  documentId: string;
  contentType: string;
  outcome: 'completed' | 'failed' | 'dropped';
}

/**
 * Reads a document, and writes what was read all at once: until then nothing of it is there. One that is done, or deleted, is
 * left alone. What cannot be read fails with its reason; what is only away throws, for another try.
 */
export async function processDocument(
  deps: ProcessDeps,
  { documentId, caller }: { documentId: string; caller: CallerIdentity },
  signal: AbortSignal,
): Promise<void> {
  const { tenantId } = caller.principal;
  const document = await beginDocument(deps.db, tenantId, documentId);
  if (document === null) return;
  const outcome = await workOff(deps, tenantId, document, signal);
  deps.events.documentProcessed({ tenantId, documentId, contentType: document.contentType, outcome });
}

async function workOff(
  deps: ProcessDeps,
  tenantId: string,
  document: StoredDocument,
  signal: AbortSignal,
): Promise<DocumentProcessed['outcome']> {
  const { db, storage } = deps;
  const bytes = await storage.get(document.storageKey, signal);
  if (bytes === null) {
    const message = 'The file is not in the storage any more. Upload it again.';
    await failDocument(db, tenantId, document.id, { code: 'NOT_FOUND', message });
    return 'failed';
  }
  const reading = await readDocument(deps, document, bytes, signal);
  if (reading.kind === 'unreadable') {
    await failDocument(db, tenantId, document.id, { code: 'UNPROCESSABLE', message: reading.reason });
    return 'failed';
  }
  const { read } = reading;
  const isWritten = await db.transaction().execute(async (trx) => {
    if (!(await completeDocument(trx, tenantId, document.id, read))) return false;
    const place = { tenantId, documentId: document.id, language: read.language };
    await insertPassages(trx, place, splitPassages(read.text));
    return true;
  });
  return isWritten ? 'completed' : 'dropped';
}

async function readDocument(
  { extract }: ProcessDeps,
  { name, contentType }: StoredDocument,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<{ kind: 'read'; read: ReadDocument } | { kind: 'unreadable'; reason: string }> {
  if (contentType.startsWith('image/')) {
    // There is no text without a model that sees; its name still says something.
    return { kind: 'read', read: asRead(name, { title: '', text: '', pages: [], language: null, publishedAt: null }) };
  }
  const extraction = await extract(bytes, { contentType, name, url: null, signal });
  return extraction.status === 'failed'
    ? { kind: 'unreadable', reason: extraction.reason }
    : { kind: 'read', read: asRead(name, extraction) };
}

function asRead(name: string, extracted: Omit<ReadDocument, 'textSha256' | 'classification'>): ReadDocument {
  const { title, text, pages, language, publishedAt } = extracted;
  return {
    title: title === '' ? name : title,
    text,
    textSha256: createHash('sha256').update(text, 'utf8').digest('hex'),
    pages,
    language,
    publishedAt,
    classification: classifyDocument(name, text),
  };
}
