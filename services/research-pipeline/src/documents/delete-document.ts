import { forgetDocumentFile } from '@signalbox/contracts';
import type { CallerIdentity } from '@signalbox/identity';
import { emit } from '@signalbox/postgres';
import type { Emitter } from '@signalbox/queue';
import type { Storage } from '@signalbox/storage';
import type { Kysely } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { TellAudit } from '../audit/tell-audit.ts';
import { forgetSources } from '../retrieval/forgotten-source-store.ts';
import { deleteDocumentRow, lockFile, usesFile } from './document-store.ts';
import { noDocument } from './document.ts';

export interface DeleteDeps {
  db: Kysely<Schema>;
  emitter: Emitter;
  tellAudit: TellAudit;
  /** To be called after a commit that emitted something. */
  nudgeRelay: () => void;
}

/** How long a transaction waits for the storage. */
const storageTimeoutMs = 10_000;

/** Deletes a document with everything that was read from it; its file follows as soon as the storage can be reached. */
export async function deleteDocument(deps: DeleteDeps, caller: CallerIdentity, id: string): Promise<void> {
  await deps.db.transaction().execute(async (trx) => {
    const deleted = await deleteDocumentRow(trx, caller.principal.tenantId, id);
    if (deleted === null) throw noDocument();
    await emit(trx, deps.emitter.outboxRows(forgetDocumentFile, { storage_key: deleted.storageKey }, caller));
    if (deleted.textSha256 !== null) await forgetSources(trx, caller.principal.tenantId, [deleted.textSha256]);
    await deps.tellAudit(trx, {
      action: 'document.deleted',
      target: id,
      ...caller,
      details: { sha256: deleted.sha256 },
    });
  });
  deps.nudgeRelay();
}

/** Removes a file unless a document uses it. */
export async function forgetFile(
  { db, storage }: { db: Kysely<Schema>; storage: Storage },
  storageKey: string,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    // Whoever uploads the same content at this moment waits, and then keeps the file anew.
    await lockFile(trx, storageKey);
    if (!(await usesFile(trx, storageKey))) await storage.delete(storageKey, AbortSignal.timeout(storageTimeoutMs));
  });
}
