import type { Document, DocumentParty } from '@signalbox/contracts';
import type { StoredDocument } from './document.ts';

export function presentDocument(document: StoredDocument, parties: readonly DocumentParty[]): Document {
  return {
    id: document.id,
    name: document.name,
    content_type: document.contentType,
    bytes: document.bytes,
    sha256: document.sha256,
    status: document.status,
    error: document.error,
    title: document.title,
    language: document.language,
    characters: document.characters,
    pages: document.pages === null || document.pages.length === 0 ? null : document.pages.length,
    text_by: document.textBy,
    classification: document.classification,
    extraction: document.extraction,
    parties: [...parties],
    created_at: document.createdAt.toISOString(),
    created_by: document.createdBy,
    processed_at: document.processedAt?.toISOString() ?? null,
  };
}
