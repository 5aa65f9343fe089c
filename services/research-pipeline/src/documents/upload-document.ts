import { createHash } from 'node:crypto';
import { documentBytesMax, forgetDocumentFile, processDocument } from '@signalbox/contracts';
import { AppError } from '@signalbox/errors';
import type { CallerIdentity } from '@signalbox/identity';
import { newId } from '@signalbox/ids';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import { keyOf, type Storage } from '@signalbox/storage';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { findDocumentByHash, insertDocument, lockFile, reopenDocument } from './document-store.ts';
import type { StoredDocument } from './document.ts';
import { sniffDocument } from './sniff-document.ts';

export interface UploadDeps {
  db: Kysely<Schema>;
  storage: Storage;
  emitter: Emitter;
  tellAudit: TellAudit;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
}

/** A file that no document came to use is forgotten after this long: longer than any upload takes. */
const forgottenAfterMs = 3_600_000;
/** How long a transaction waits for the storage. */
const storageTimeoutMs = 10_000;

/**
 * Keeps a file and makes a document of it, which is processed later. The same content is the same document: nothing is done
 * again, unless it had failed. Throws `validation_failed` and `unsupported_media_type` for what is no document.
 */
export async function uploadDocument(
  deps: UploadDeps,
  caller: CallerIdentity,
  { name, bytes }: { name: string; bytes: Buffer },
  signal: AbortSignal,
): Promise<{ document: StoredDocument; isNew: boolean }> {
  const { db, storage, emitter } = deps;
  const { tenantId, principalId } = caller.principal;
  const contentType = assertDocument(name, bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const before = await findDocumentByHash(db, tenantId, sha256);
  if (before !== null && before.status !== 'failed') return { document: before, isNew: false };

  // First the promise to forget the file, then the file: whatever breaks off from here on leaves nothing behind.
  const owner = { tenantId, use: 'documents' } as const;
  const storageKey = keyOf(owner, bytes);
  const forget = emitter.outboxRows(forgetDocumentFile, { storage_key: storageKey }, caller);
  await db.transaction().execute((trx) => emit(trx, forget, { availableAt: new Date(Date.now() + forgottenAfterMs) }));
  await storage.put(owner, bytes, signal);

  const document = await db.transaction().execute(async (trx) => {
    await lockFile(trx, storageKey);
    // Somebody may have deleted the last document of this content since.
    const inTime = AbortSignal.any([signal, AbortSignal.timeout(storageTimeoutMs)]);
    if (!(await storage.has(storageKey, inTime))) await storage.put(owner, bytes, inTime);
    const id = newId('doc');
    const inserted =
      (await insertDocument(trx, {
        ...{ id, tenantId, sha256, name, contentType, bytes: bytes.length, storageKey, createdBy: principalId },
      })) ?? (before === null ? null : await reopenDocument(trx, tenantId, before.id));
    if (inserted !== null) await announce(deps, trx, caller, inserted);
    return inserted;
  });
  if (document !== null) {
    deps.nudgeRelay();
    return { document, isNew: true };
  }
  const twin = await findDocumentByHash(db, tenantId, sha256);
  if (twin === null) throw new AppError('conflict', 'The document of this content has just been deleted.');
  return { document: twin, isNew: false };
}

async function announce(
  { emitter, tellAudit }: UploadDeps,
  trx: Transaction<Schema>,
  caller: CallerIdentity,
  { id, sha256, bytes, contentType }: StoredDocument,
): Promise<void> {
  await emit(trx, emitter.outboxRows(processDocument, { document_id: id }, caller));
  const details = { sha256, bytes, content_type: contentType };
  await tellAudit(trx, { action: 'document.uploaded', target: id, ...caller, details });
}

function assertDocument(name: string, bytes: Buffer): string {
  if (bytes.length === 0) throw notValid('Expected a file that is not empty.');
  if (bytes.length > documentBytesMax) {
    throw new AppError('payload_too_large', `A document may have ${String(documentBytesMax)} bytes at most.`, {
      details: { bytes_max: documentBytesMax },
    });
  }
  const contentType = sniffDocument(bytes, name);
  if (contentType !== null) return contentType;
  const expected = 'Expected a PDF, an HTML page, Markdown, plain text, or a PNG, JPEG, WebP, GIF or TIFF image.';
  throw new AppError('unsupported_media_type', expected, { fields: [{ path: 'file', message: expected }] });
}

function notValid(message: string): AppError {
  return new AppError('validation_failed', undefined, { fields: [{ path: 'file', message }] });
}
