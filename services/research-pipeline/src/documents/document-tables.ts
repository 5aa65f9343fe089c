import type {
  DocumentClassification,
  DocumentExtraction,
  DocumentParty,
  DocumentStatus,
  DocumentType,
  PartyTier,
} from '@signalbox/contracts';
import type { ColumnType, Generated, GeneratedAlways, JSONColumnType } from 'kysely';
import type { Mention } from '../parties/normalise-party.ts';
import type { PageSpan } from '../sources/source.ts';
import type { DocumentError } from './document.ts';

type Json<Value extends object> = JSONColumnType<Value>;
type NullableJson<Value extends object> = ColumnType<Value | null, string | null, string | null>;

export interface DocumentTables {
  documents: {
    id: string;
    tenant_id: string;
    sha256: string;
    name: string;
    content_type: string;
    /** A bigint: the driver gives text. */
    bytes: ColumnType<string, number, never>;
    storage_key: string;
    status: DocumentStatus;
    error: NullableJson<DocumentError>;
    title: string | null;
    language: string | null;
    published_at: string | null;
    text_sha256: string | null;
    text_by: string | null;
    characters: number | null;
    pages: NullableJson<PageSpan[]>;
    document_type: DocumentType | null;
    classification: NullableJson<DocumentClassification>;
    extraction: NullableJson<DocumentExtraction>;
    created_by: string;
    created_at: Generated<Date>;
    touched_at: Generated<Date>;
    processed_at: Date | null;
  };
  document_passages: {
    document_id: string;
    n: number;
    tenant_id: string;
    config: string;
    text: string;
    words: GeneratedAlways<string>;
  };
  document_parties: {
    document_id: string;
    role: DocumentParty['role'];
    tenant_id: string;
    party_id: string;
    mention: Json<Mention>;
    tier: PartyTier;
    confidence: number;
    matched: boolean;
  };
}
