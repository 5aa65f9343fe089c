import { createHash } from 'node:crypto';
import type { DocumentExtraction, DocumentFacts, DocumentParty } from '@signalbox/contracts';
import type { CallerIdentity, Principal } from '@signalbox/identity';
import type { Storage } from '@signalbox/storage';
import type { Kysely, Transaction } from 'kysely';
import type { Schema } from '../app/schema.ts';
import type { Extraction } from '../extract/extraction.ts';
import type { Mention } from '../parties/normalise-party.ts';
import { resolveParty, type MatchCache } from '../parties/resolve-party.ts';
import { classifyDocument } from './classify-document.ts';
import { insertDocumentParty } from './document-party-store.ts';
import { beginDocument, completeDocument, failDocument } from './document-store.ts';
import type { ReadDocument, StoredDocument } from './document.ts';
import { extractFacts, type Asking } from './extract-facts.ts';
import { insertPassages } from './passage-store.ts';
import type { ImageReading } from './read-image.ts';
import { splitPassages } from './split-passages.ts';

export interface ProcessDeps {
  db: Kysely<Schema>;
  storage: Storage;
  extract: (
    bytes: Uint8Array,
    described: { contentType: string; name: string; url: null; signal: AbortSignal },
  ) => Promise<Extraction>;
  /** Whom to ask what stands on a document of business, in somebody's name. */
  askingOf: (principal: Principal) => Asking;
  readImage: (
    image: { bytes: Buffer; contentType: string; principal: Principal },
    signal: AbortSignal,
  ) => Promise<ImageReading>;
  matches: MatchCache;
  events: { documentProcessed: (event: DocumentProcessed) => void };
}

export interface DocumentProcessed {
  tenantId: string;
  documentId: string;
  contentType: string;
  outcome: 'completed' | 'failed' | 'dropped';
  /** How asking a model for what stands on it ended; null where nobody came so far. */
  extraction: DocumentExtraction['status'] | null;
}

type Ending = Pick<DocumentProcessed, 'outcome' | 'extraction'>;

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
  const ending = await workOff(deps, caller.principal, document, signal);
  deps.events.documentProcessed({ tenantId, documentId, contentType: document.contentType, ...ending });
}

async function workOff(
  deps: ProcessDeps,
  principal: Principal,
  document: StoredDocument,
  signal: AbortSignal,
): Promise<Ending> {
  const { db, storage } = deps;
  const { tenantId } = principal;
  const bytes = await storage.get(document.storageKey, signal);
  if (bytes === null) {
    const message = 'The file is not in the storage any more. Upload it again.';
    await failDocument(db, tenantId, document.id, { code: 'NOT_FOUND', message });
    return { outcome: 'failed', extraction: null };
  }
  const reading = await readDocument(deps, principal, document, bytes, signal);
  if (reading.kind === 'unreadable') {
    await failDocument(db, tenantId, document.id, { code: 'UNPROCESSABLE', message: reading.reason });
    return { outcome: 'failed', extraction: null };
  }
  const { read } = reading;
  const isWritten = await db.transaction().execute(async (trx) => {
    if (!(await completeDocument(trx, tenantId, document.id, read))) return false;
    const place = { tenantId, documentId: document.id, language: read.language };
    await insertPassages(trx, place, splitPassages(read.text));
    await nameParties(trx, deps.matches, { tenantId, documentId: document.id, facts: read.extraction.data });
    return true;
  });
  return { outcome: isWritten ? 'completed' : 'dropped', extraction: read.extraction.status };
}

async function readDocument(
  deps: ProcessDeps,
  principal: Principal,
  document: StoredDocument,
  bytes: Buffer,
  signal: AbortSignal,
): Promise<{ kind: 'read'; read: ReadDocument } | { kind: 'unreadable'; reason: string }> {
  const { name, contentType, sha256 } = document;
  const { tenantId } = principal;
  const asking = deps.askingOf(principal);
  if (contentType.startsWith('image/')) {
    const image = await readText(deps, asking, { bytes, contentType, principal }, signal);
    const blank = { title: name, language: null, publishedAt: null };
    if (image.kind === 'none')
      return { kind: 'read', read: asRead(name, { ...blank, text: '', pages: [] }, null, image.extraction) };
    const { type } = classifyDocument(name, image.text);
    const extraction = await extractFacts(asking, { text: image.text, type, sha256, tenantId }, signal);
    return { kind: 'read', read: asRead(name, { ...blank, ...image }, image.model, extraction) };
  }
  const extracted = await deps.extract(bytes, { contentType, name, url: null, signal });
  if (extracted.status === 'failed') return { kind: 'unreadable', reason: extracted.reason };
  const { type } = classifyDocument(name, extracted.text);
  const extraction = await extractFacts(asking, { text: extracted.text, type, sha256, tenantId }, signal);
  return { kind: 'read', read: asRead(name, extracted, null, extraction) };
}

/** There is no text on an image but for a model that sees. */
async function readText(
  deps: ProcessDeps,
  asking: Asking,
  image: { bytes: Buffer; contentType: string; principal: Principal },
  signal: AbortSignal,
): Promise<
  | { kind: 'text'; text: string; pages: ReadDocument['pages']; model: string }
  | { kind: 'none'; extraction: DocumentExtraction }
> {
  const none = { model: null, data: null, reason: null };
  if (asking.kind !== 'model') return { kind: 'none', extraction: { status: asking.kind, ...none } };
  const reading = await deps.readImage(image, signal);
  return reading.status === 'failed'
    ? { kind: 'none', extraction: { status: 'failed', ...none, reason: reading.reason } }
    : { kind: 'text', text: reading.text, pages: reading.pages, model: reading.model };
}

function asRead(
  name: string,
  {
    title,
    text,
    pages,
    language,
    publishedAt,
  }: Pick<ReadDocument, 'title' | 'text' | 'pages' | 'language' | 'publishedAt'>,
  textBy: string | null,
  extraction: DocumentExtraction,
): ReadDocument {
  return {
    title,
    text,
    textSha256: createHash('sha256').update(text, 'utf8').digest('hex'),
    textBy,
    pages,
    language,
    publishedAt,
    classification: classifyDocument(name, text),
    extraction,
  };
}

async function nameParties(
  trx: Transaction<Schema>,
  matches: MatchCache,
  { tenantId, documentId, facts }: { tenantId: string; documentId: string; facts: DocumentFacts | null },
): Promise<void> {
  const roles: readonly DocumentParty['role'][] = ['vendor', 'customer'];
  for (const role of roles) {
    const named = facts?.[role] ?? null;
    if (named === null) continue;
    const mention: Mention = { name: named.name, taxId: named.tax_id, address: named.address };
    const { party, tier, confidence, matched } = await resolveParty(trx, matches, tenantId, { mention, documentId });
    await insertDocumentParty(trx, tenantId, {
      documentId,
      role,
      mention,
      partyId: party.id,
      tier,
      confidence,
      matched,
    });
  }
}
